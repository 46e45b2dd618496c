// Which blocks of real weights matter least.
#include "sim/sparsity/importance.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace tessera;
using namespace tessera::sparsity;

namespace {

// 16 x 24 channels, one tap: six blocks of 8x8. Block b holds the constant b, but for one weight of each.
FloatWeights ramp() {
  FloatWeights w{16, 1, 24, std::vector<float>(16 * 24)};
  for (int oc = 0; oc < 16; ++oc)
    for (int ic = 0; ic < 24; ++ic)
      w.values[static_cast<std::size_t>(oc * 24 + ic)] = static_cast<float>(oc / 8 * 3 + ic / 8);
  return w;
}

std::vector<std::uint8_t> pruned(const FloatWeights& weights, Importance by, std::size_t count) {
  std::vector<PrunedLayer> layers{
      {BlockMask::all_ones(weights.cout, weights.cin), block_importance(weights, 8, 8, by, 1)}};
  prune(layers, count);
  return layers[0].mask.bits;
}

}  // namespace

TEST_CASE("Zero blocks of weights are those without any weight other than 0") {
  FloatWeights w = ramp();
  CHECK(nonzero_blocks(w, 8, 8).bits == std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1});
  CHECK(nonzero_blocks(w, 16, 8).bits == std::vector<std::uint8_t>{1, 1, 1});
  w.values[7 * 24 + 7] = 1e-30F;
  CHECK(nonzero_blocks(w, 8, 8).bits == std::vector<std::uint8_t>{1, 1, 1, 1, 1, 1});
}

TEST_CASE("l1 and l2 go by size, variance by spread") {
  FloatWeights w = ramp();
  w.values[0] = 1000;  // block 0: one large weight
  CHECK(pruned(w, Importance::l1, 2) == std::vector<std::uint8_t>{1, 0, 0, 1, 1, 1});
  CHECK(pruned(w, Importance::l2, 3) == std::vector<std::uint8_t>{1, 0, 0, 0, 1, 1});
  // All blocks but the first are constant: no spread, the first of equals go.
  CHECK(pruned(w, Importance::variance, 5) == std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0});
  CHECK(block_importance(w, 8, 8, Importance::l1, 1)[5] == 64 * 5);
}

TEST_CASE("Random importance is seeded, and takes zero blocks first") {
  const FloatWeights w = ramp();
  CHECK(pruned(w, Importance::random, 1) == std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1});
  CHECK(block_importance(w, 8, 8, Importance::random, 1) == block_importance(w, 8, 8, Importance::random, 1));
  CHECK(block_importance(w, 8, 8, Importance::random, 1) != block_importance(w, 8, 8, Importance::random, 2));
}

TEST_CASE("Layers pruned together compare by their own mean") {
  FloatWeights small = ramp();
  for (float& v : small.values) v *= 1e-3F;
  std::vector<PrunedLayer> layers;
  for (const FloatWeights& w : {ramp(), small})
    layers.push_back({BlockMask::all_ones(w.cout, w.cin), block_importance(w, 8, 8, Importance::l1, 1)});
  prune(layers, 6);
  CHECK(std::count(layers[0].mask.bits.begin(), layers[0].mask.bits.end(), 0) == 3);
  CHECK(std::count(layers[1].mask.bits.begin(), layers[1].mask.bits.end(), 0) == 3);
}

TEST_CASE("taylor and fisher go by weight times gradient") {
  FloatWeights w = ramp(), g = ramp();
  std::fill(g.values.begin(), g.values.end(), 0.0F);
  for (int ic = 0; ic < 8; ++ic) g.values[static_cast<std::size_t>(ic + 8)] = ic % 2 == 0 ? 3.0F : -3.0F;  // block 1
  g.values[8 * 24 + 16] = -10;                                                                             // block 5
  const std::vector<double> taylor = block_importance(w, 8, 8, Importance::taylor, 1, &g),
                            fisher = block_importance(w, 8, 8, Importance::fisher, 1, &g);
  CHECK(taylor == std::vector<double>{0, 24, 0, 0, 0, 50});
  CHECK(fisher == std::vector<double>{0, 72, 0, 0, 0, 2500});
}

TEST_CASE("n of m: of every m neighbours in a row the n most important stay, of the rest of a row at most n") {
  PrunedLayer layer{BlockMask::all_ones(16, 56), {1, 5, 3, 9, 2, 8, 4, /**/ 7, 7, 7, 7, 0, 0, 1}};
  keep_n_of_m(layer, 2, 4);
  CHECK(layer.mask.bits == std::vector<std::uint8_t>{0, 1, 0, 1, 0, 1, 1, /**/ 1, 1, 0, 0, 1, 0, 1});
  keep_n_of_m(layer, 1, 7);
  CHECK(layer.mask.bits == std::vector<std::uint8_t>{0, 0, 0, 1, 0, 0, 0, /**/ 1, 0, 0, 0, 0, 0, 0});
}
