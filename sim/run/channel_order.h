// The order in which a program stores the channels of a tensor, in blocks of 8, and what logical channel stands where.
#pragma once
#include <vector>

#include "sim/program/program.h"

namespace tessera::run {

// order[p]: logical 8-channel block at stored block p of the tensor of `layer`.
std::vector<int> stored_block_order(const program::Program& program, network::LayerId layer);

// Logical channel at a stored one; may lie beyond the tensor's channels, where storage holds zero.
inline int logical_channel(const std::vector<int>& order, int stored) { return order[stored / 8] * 8 + stored % 8; }

}  // namespace tessera::run
