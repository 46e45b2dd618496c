// A program with every field set to something of its type: it means nothing, but nothing of it may get lost.
#pragma once
#include "sim/program/program.h"

namespace tessera {

ArraySpec small_array();  // 2x3 with the channels of an AIE2
Program random_program(const ArraySpec& array, std::uint64_t seed, int steps_per_engine);

}  // namespace tessera
