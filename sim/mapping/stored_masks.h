// Masks as programs hold them: rows and columns in the order in which channels are stored.
#pragma once
#include <optional>
#include <vector>

#include "sim/mapping/mapping.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::mapping {

// The mask with rows and columns in stored order (empty: as they are).
sparsity::KernelMask stored_mask(const sparsity::KernelMask& mask, const std::vector<int>& rows,
                                 const std::vector<int>& cols);

// Of all convolutions, by LayerId; empty for other layers. Without a block mask every block is present.
std::vector<sparsity::KernelMask> kernel_masks(const network::Network& network,
                                               const std::vector<std::optional<sparsity::BlockMask>>& masks);

// The same as `mapping` has them computed: layers that keep their zeros have every block. Layers that repeat another
// one's weights have its mask.
std::vector<sparsity::KernelMask> computed_masks(const Mapping& mapping, const network::Network& network,
                                                 const std::vector<std::optional<sparsity::BlockMask>>& masks);

// Masks of convolutions computed as one, one after the other in the output channels.
sparsity::KernelMask joined_mask(const std::vector<const sparsity::KernelMask*>& masks);

}  // namespace tessera::mapping
