// Rolls what an engine does several times in a row into repeats. The engine executes the same instructions in the same
// order as before, wait counts included; only the lists get shorter. Nests as deep as the program repeats itself.
#pragma once
#include "sim/program/program.h"

namespace tessera {

constexpr int deepest_repeat = 16;  // nesting of repeats that programs may have

void roll_repeats(Program& program);

}  // namespace tessera
