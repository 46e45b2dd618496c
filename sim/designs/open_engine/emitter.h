// The program of the open engine: one persistent core program, rings of buffers whose descriptors never change, shim
// tasks that one serial controller starts. The array has that controller, four columns of four cores, and a memory tile
// per column.
#pragma once
#include <optional>

#include "sim/arch/array_spec.h"
#include "sim/designs/open_engine/kernel_time.h"
#include "sim/program/program.h"

namespace tessera::designs::open_engine {

struct EmitOptions {
  Variant variant;
  bool computes = true;  // false: every weight packet says: do nothing
};

struct EngineProgram {
  program::Program program;
  std::vector<Millicycles> durations;  // of its calls
  int tasks = 0, tokens = 0;
  Bytes instruction_bytes = 0;  // of the controller's stream
  Bytes moved = 0;              // from and to DDR
};

// What the array lacks of that; nothing: it fits.
std::optional<Problem> unfit(const arch::ArraySpec& array);

EngineProgram emit(const EngineNetwork& engine, const arch::ArraySpec& array, const KernelTimes& times,
                   const EmitOptions& options);

}  // namespace tessera::designs::open_engine
