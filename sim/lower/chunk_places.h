// Where chunks of weights stand in DDR.
#pragma once
#include "sim/program/engine.h"
#include "sim/program/program.h"

namespace tessera::lower {

// Puts the chunks, which so far have addresses of their own without gaps, behind `top` of DDR: those that a shim
// channel brings one after the other end to end, so that one descriptor can read them. Returns the end.
std::int64_t place_chunks(program::Program& program, const program::EngineMap& map, std::int64_t top);

}  // namespace tessera::lower
