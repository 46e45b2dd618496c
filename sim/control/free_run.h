// When everything of a program would happen if transfers were started for free: the order in which a controller had
// best start them. Streams, locks, waits and kernel calls as the program says; channels move at their own rate and
// share nothing, so the times are an order and no prediction.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::control {

struct FreeRun {
  // Of an engine: its instructions in the order of execution, loops unrolled, as indices into its list.
  std::vector<std::vector<std::int32_t>> order;
  // In cycles, by engine: of channels for each transfer, of cores for each kernel call.
  std::vector<std::vector<double>> start, end;
};

// Fails with deadlock when engines wait for what never comes.
Expected<FreeRun> free_run(const program::Program& program, const arch::ArraySpec& array,
                           const std::vector<Millicycles>& durations);

}  // namespace tessera::control
