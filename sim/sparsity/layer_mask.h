// The 8x8 blocks that a layer's weights consist of: those of its mask, or all, and of a grouped convolution only those
// that touch its groups.
#pragma once
#include <optional>

#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::sparsity {

// Of weights of single channels a column without a missing block; empty for a layer without weights.
KernelMask layer_mask(const network::Layer& layer, const std::optional<BlockMask>& mask);

// By LayerId.
std::vector<KernelMask> layer_masks(const network::Network& network,
                                    const std::vector<std::optional<BlockMask>>& masks);

}  // namespace tessera::sparsity
