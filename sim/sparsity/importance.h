// How much a block of real weights matters, the zero blocks that weights have already, and masks that remove what
// matters least.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/sparsity/block_mask.h"

namespace tessera::sparsity {

enum class Importance {
  l1,        // sum of magnitudes
  l2,        // sum of squares
  variance,  // of the weights in the block
  taylor,    // sum of |weight x gradient|: what the loss changes by, to first order
  fisher,    // sum of (weight x gradient)^2
  random,    // seeded, for comparison
};
bool needs_gradients(Importance importance);
const char* importance_name(Importance importance);
std::vector<std::string> importance_names();
std::optional<Importance> find_importance(const std::string& name);

// Weights of a layer, [cout][taps][cin].
struct FloatWeights {
  int cout = 0, taps = 1, cin = 0;
  std::vector<float> values;
};

// The blocks that hold a weight other than 0.
BlockMask nonzero_blocks(const FloatWeights& weights, int bc, int bi);

// By block, row-major as BlockMask::bits. A block of zeros has 0 under every measure; under `random`, which is in (0,
// 1], too, so that what is zero in the file goes first.
// `gradients`: of the shape of the weights, for those that need them.
std::vector<double> block_importance(const FloatWeights& weights, int bc, int bi, Importance by, std::uint64_t seed,
                                     const FloatWeights* gradients = nullptr);

// Layers that are pruned together: importance by block and the grid of their masks.
struct PrunedLayer {
  BlockMask mask;  // on entry its shape counts, not its bits
  std::vector<double> importance;
};

// Of every `m` neighbouring blocks of a row (along the input channels) the n most important stay; of the rest of a row,
// which has k < m blocks, at most n.
void keep_n_of_m(PrunedLayer& layer, int n, int m);

// Zeroes `count` blocks of all the layers together, the least important; the first of equals. The most important one of
// every layer stays, so that none is emptied. Each layer's importance
// is divided by its mean, so that layers compare; those with less that matters lose more.
void prune(std::vector<PrunedLayer>& layers, std::size_t count);

}  // namespace tessera::sparsity
