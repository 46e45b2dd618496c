// What stands in the program memories of the cores, and what their calls take as data.
#pragma once
#include <optional>

#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"

namespace tessera::run {

// Nothing where the program states no code.
std::optional<result::ProgramMemory> program_memory(const program::Program& program, const arch::ArraySpec& array);

}  // namespace tessera::run
