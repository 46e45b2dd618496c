// Masks that leave out the least important blocks, where a spec names an importance.
#pragma once
#include "sim/sparsity/mask_spec.h"
#include "sim/sparsity/weight_file.h"

namespace tessera::sparsity {

// Replaces the blocks of `masks`, which the generators made for the spec's ratios, by as many of the least important:
// of each layer, or of all. With n of m the ratio follows from them. Weights, and gradients where the importance needs
// them, are those of every masked layer; what is missing or has another shape is a problem.
std::vector<Problem> choose_blocks(const network::Network& network, const MaskSpec& spec, const WeightsByLayer& weights,
                                   const WeightsByLayer* gradients, std::vector<std::optional<BlockMask>>& masks);

}  // namespace tessera::sparsity
