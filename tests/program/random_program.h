// A program with every field set to something of its type: it means nothing, but nothing of it may get lost.
#pragma once
#include "sim/program/program.h"

namespace tessera {

arch::ArraySpec small_array();  // 2x3 with the channels of an AIE2
program::Program random_program(const arch::ArraySpec& array, std::uint64_t seed, int steps_per_engine);

}  // namespace tessera
