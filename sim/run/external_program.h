// Whether a program that was read from a file belongs to a run: the layers of the network, the masks of one density.
#pragma once
#include <optional>
#include <vector>

#include "sim/base/error.h"
#include "sim/cost/latency_model.h"
#include "sim/program/program.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::run {

// The first layer in which the two differ, if any.
std::optional<Problem> other_network(const program::Program& program, const network::Network& network);

// The first convolution whose blocks in the program are not those of `masks` (by LayerId; nullopt: all present), unless
// the program says that the layer keeps its zeros, and has all.
std::optional<Problem> other_masks(const program::Program& program,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks);

// The first call that the kernels of the run do not cover, if any.
std::optional<Problem> call_without_kernel(const program::Program& program, const cost::LatencyModel& latency_model);

// The 8x8 blocks of all layers that have a mask, and how many of them are zero.
struct MaskedBlocks {
  std::int64_t all = 0, zero = 0;
};
MaskedBlocks masked_blocks(const program::Program& program);

// Whether any block of any layer is missing.
bool has_zero_blocks(const program::Program& program);

}  // namespace tessera::run
