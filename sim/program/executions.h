// How often each instruction of an engine is carried out: once, or as often as the loops around it say.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/program/program.h"

namespace tessera::program {

// Index as in EngineProgram::core or ::transfers, whichever the engine has. The program has passed the verifier.
std::vector<std::int64_t> executions(const EngineProgram& engine);

}  // namespace tessera::program
