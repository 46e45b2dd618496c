// What stands in the program memories of the cores, and what their calls take as data.
#pragma once
#include <optional>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/cost/latency_model.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"

namespace tessera::run {

// lower::place_code with the code that the latency model states.
Expected<program::Program> place_code(program::Program program, const arch::ArraySpec& array,
                                      const cost::LatencyModel& latency_model);

// Nothing where the program states no code.
std::optional<result::ProgramMemory> program_memory(const program::Program& program, const arch::ArraySpec& array);

}  // namespace tessera::run
