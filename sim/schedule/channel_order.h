// Which output channels stand next to each other. Cores take contiguous ranges of stored channels, so the stored order
// decides how evenly the non-zero blocks of a mask fall on them. Consumers see permuted input columns, which costs
// nothing; tensors that are added share one order, and the network's input and outputs keep theirs.
#pragma once
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::schedule {

// Per layer the logical block at each stored 8-channel block; empty: the logical order. `masks` holds the masks of
// convolutions in logical order, by LayerId.
std::vector<std::vector<int>> balanced_channel_orders(const network::Network& network,
                                                      const std::vector<sparsity::KernelMask>& masks,
                                                      const arch::ArraySpec& array);

// Blocks of the fullest of `parts` contiguous ranges of rows over the average: 1 is balanced.
double imbalance(const sparsity::KernelMask& mask, int parts);

}  // namespace tessera::schedule
