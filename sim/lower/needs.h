// What the programs of the scheduler ask of a machine, whatever the network: legal hardware numbers may be below it.
#pragma once
#include <vector>

#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::lower {

// Channels, descriptors, dimensions and locks that every program uses and the array lacks: demand, bound, gap, knob.
std::vector<Problem> missing_resources(const arch::ArraySpec& array);

// Per kind of tile, the longest transfer if no descriptor can move it: how long it is depends on the tiles that were
// chosen.
std::vector<Problem> too_long_transfers(const program::Program& program, const arch::ArraySpec& array);

}  // namespace tessera::lower
