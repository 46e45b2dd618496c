// Masks of a whole network: no block that is kept reads channels that nothing writes.
#include "sim/pruning/assembly.h"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/pruning/config.h"

using namespace tessera;
using namespace tessera::pruning;
using namespace tessera::tests;

namespace {

json with_inputs(json layer, std::vector<std::string> inputs) {
  layer["inputs"] = std::move(inputs);
  return layer;
}

// Weights of 1, but of block (row, column) of a layer what `magnitude` says.
using Magnitude = std::function<double(const std::string& layer, int row, int column)>;
sparsity::WeightsByLayer weights_of(const network::Network& network, const Magnitude& magnitude) {
  sparsity::WeightsByLayer all;
  for (const network::Layer& layer : network.layers) {
    if (layer.op != network::Op::conv2d) continue;
    sparsity::FloatWeights w{layer.out.c, layer.window.taps(), layer.in.c, {}};
    for (int oc = 0; oc < w.cout; ++oc)
      for (int t = 0; t < w.taps; ++t)
        for (int ic = 0; ic < w.cin; ++ic)
          w.values.push_back(static_cast<float>(magnitude(layer.name, oc / 8, ic / 8)));
    all[layer.name] = std::move(w);
  }
  return all;
}

// Layer a keeps its first rows and layer b, by its own weights, the columns that read the others.
double apart(const std::string& layer, int row, int column) {
  if (layer == "a") return row < 2 ? 2 : 1;
  return layer == "b" && column >= 2 ? 2 + 0.01 * row : 1;
}

struct Assembled {
  run::RunConfig config;
  std::vector<LayerCandidates> layers;
  Assembly assembly;

  // With 8 of 16 parts of every layer left out.
  explicit Assembled(const json& network) : config(config_of(network)) {
    layers = make_candidates(config, {}, weights_of(config.network, apart), nullptr);
    assembly = assemble(config, layers, Choice(layers.size(), 8));
  }
  const LayerCandidates& of(const std::string& name) const {
    for (const LayerCandidates& layer : layers)
      if (config.network.layers[layer.layer].name == name) return layer;
    throw std::out_of_range(name);
  }
  const sparsity::BlockMask& mask(const std::string& name) const { return *assembly.masks[of(name).layer]; }
  bool changed(const std::string& name) const { return mask(name).bits != of(name).candidates[8].mask.bits; }
};

}  // namespace

TEST_CASE("A layer keeps no blocks that read channels without a weight, where others are to be had") {
  const Assembled all({conv("first", 32), conv("a", 32), conv("b", 32), conv("c", 32)});
  REQUIRE(!all.changed("a"));
  for (int col = 0; col < 4; ++col) {  // the candidate reads nothing at all
    REQUIRE(all.of("b").candidates[8].mask.present(0, col) == (col >= 2));
    REQUIRE(all.mask("a").present(2, col) == false);
  }
  for (int row = 0; row < 4; ++row)
    for (int col = 0; col < 4; ++col) CHECK(all.mask("b").present(row, col) == (col < 2));
  CHECK(!all.changed("c"));  // all channels of b vary
  CHECK(all.assembly.lost[1] > all.of("b").candidates[8].lost);
  double kept = 1;
  for (std::size_t i = 0; i < all.layers.size(); ++i) kept -= all.layers[i].weight * all.assembly.lost[i];
  CHECK(all.assembly.kept == Approx(kept));
}

TEST_CASE("Channels that another input of an addition writes vary") {
  for (const std::vector<std::string>& inputs : {std::vector<std::string>{"first", "a"}, {"a", "first"}}) {
    const json add = with_inputs({{"name", "sum"}, {"op", "add"}}, inputs);
    CHECK(!Assembled({conv("first", 32), conv("a", 32), add, conv("b", 32)}).changed("b"));
  }
}

TEST_CASE("Concatenated channels and those of pools and depthwise convolutions are told apart") {
  const json pool = {{"name", "pool"}, {"op", "maxpool"}, {"kernel", 3}, {"padding", 1}};
  const json depthwise = {{"name", "dw"}, {"op", "depthwise"}, {"kernel", 3}, {"padding", 1}};
  CHECK(Assembled({conv("first", 32), conv("a", 32), pool, conv("b", 32)}).changed("b"));
  CHECK(Assembled({conv("first", 32), conv("a", 32), depthwise, conv("b", 32)}).changed("b"));
  const json behind = with_inputs({{"name", "both"}, {"op", "concat"}}, {"a", "first"});
  const json ahead = with_inputs({{"name", "both"}, {"op", "concat"}}, {"first", "a"});
  const Assembled changed({conv("first", 32), conv("a", 32), behind, conv("b", 32)});
  for (int row = 0; row < 4; ++row)
    for (int col = 2; col < 4; ++col) CHECK(!changed.mask("b").present(row, col));
  json shuffle = {{"name", "shuffle"}, {"op", "select"}, {"source", json::array()}};
  for (int c = 0; c < 32; ++c) shuffle["source"].push_back((c + 16) % 32);
  const Assembled moved({conv("first", 32), conv("a", 32), shuffle, conv("b", 32)});
  for (int row = 0; row < 4; ++row)
    for (int col = 0; col < 4; ++col) CHECK(moved.mask("b").present(row, col) == (col >= 2));
  const Assembled last({conv("first", 32), conv("a", 32), ahead, conv("b", 32)});
  for (int row = 0; row < 4; ++row)
    for (int col = 6; col < 8; ++col) CHECK(!last.mask("b").present(row, col));
}
