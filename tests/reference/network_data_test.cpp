// Is seeded data a function of seed and names, masked where the mask says, and in a range that shows mistakes?
#include "sim/reference/network_data.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "sim/network/network_file.h"
#include "sim/reference/reference.h"
#include "sim/sparsity/mask_spec.h"
#include "sim/sparsity/numpy_file.h"

using namespace tessera;
using namespace tessera::network;
using namespace tessera::reference;
using namespace tessera::sparsity;
using Catch::Matchers::Contains;

namespace {

Network two_convs() {
  return *parse_network(nlohmann::json::parse(R"({"name":"n","input":[4,4,3],"layers":[
    {"name":"a","op":"conv2d","channels":40,"kernel":3,"padding":1},
    {"name":"b","op":"conv2d","channels":24,"kernel":[1,3]}]})"),
                        "n");
}

const std::vector<std::optional<BlockMask>> dense(3);

}  // namespace

TEST_CASE("Weights are zero exactly in the blocks of the mask, whatever their size") {
  const Network n = two_convs();
  for (auto [bc, bi] : {std::pair{8, 8}, {4, 8}, {16, 16}, {1, 2}, {64, 32}}) {
    MaskSpec spec;
    spec.bc = bc;
    spec.bi = bi;
    spec.ratio = 0.5;
    const auto masks = *make_masks(n, spec);
    const WeightTensor w = make_data(n, masks, 3).weights[2];
    int nonzero = 0;
    for (int oc = 0; oc < 24; ++oc)
      for (int t = 0; t < 3; ++t)
        for (int ic = 0; ic < 40; ++ic) {
          const int v = w.values[(oc * 3 + t) * 40 + ic];
          nonzero += v != 0 ? 1 : 0;
          if (!masks[2]->present(oc / bc, ic / bi)) REQUIRE(v == 0);
        }
    if (bc < 64) CHECK(nonzero > 24 * 3 * 40 / 5);
  }
}

TEST_CASE("The seed and the layer's name decide its data") {
  const Network n = two_convs();
  const NetworkData one = make_data(n, dense, 1), same = make_data(n, dense, 1), other = make_data(n, dense, 2);
  CHECK(one.input.values == same.input.values);
  CHECK(one.weights[2].values == same.weights[2].values);
  CHECK(one.weights[2].bias == same.weights[2].bias);
  CHECK(one.input.values != other.input.values);
  CHECK(one.weights[2].values != other.weights[2].values);
  CHECK(one.weights[1].values != one.weights[2].values);
}

TEST_CASE("Data neither vanishes nor saturates on the way through deep networks") {
  for (const char* name : {"resnet18", "inception_v3"}) {
    const Network n = *load_network(std::string("configs/networks/") + name + ".json");
    const auto tensors = run_reference(n, make_data(n, std::vector<std::optional<BlockMask>>(n.layers.size()), 1));
    for (const Layer& layer : n.layers) {
      double power = 0, saturated = 0;
      for (std::int8_t v : tensors[layer.id].values) {
        power += v * v;
        saturated += v == 127 || v == -128 ? 1 : 0;
      }
      const auto count = static_cast<double>(layer.out.elements());
      CAPTURE(name, layer.name);
      CHECK(std::sqrt(power / count) > 8);
      CHECK(saturated / count < 0.2);
    }
  }
}

TEST_CASE("An .npz replaces what it names and nothing else") {
  const Network n = two_convs();
  const std::string path = "network_data_test.npz";
  NumpyArray bias{"<i4", {24}, std::vector<std::uint8_t>(96, 0)};
  bias.bytes[4] = 7;
  REQUIRE_FALSE(write_npz(path, {{"b.bias", bias}, {"input", {"|i1", {4, 4, 3}, std::vector<std::uint8_t>(48, 255)}}}));
  const auto data = load_data(path, n, dense, MasksFrom::generator, 1);
  std::remove(path.c_str());
  REQUIRE(data);
  CHECK(data->input.values == std::vector<std::int8_t>(48, -1));
  CHECK(data->weights[2].bias[0] == 0);
  CHECK(data->weights[2].bias[1] == 7);
  CHECK(data->weights[2].values == make_data(n, dense, 1).weights[2].values);
}

TEST_CASE("Wrong names, types, shapes and overflowing weights are refused together") {
  const Network n = two_convs();
  const std::string path = "network_data_test_wrong.npz";
  REQUIRE_FALSE(write_npz(path, {{"b.wieght", {"|i1", {1}, {0}}},
                                 {"b.bias", {"|i1", {24}, std::vector<std::uint8_t>(24, 0)}},
                                 {"input", {"|i1", {4, 3, 4}, std::vector<std::uint8_t>(48, 0)}}}));
  const auto data = load_data(path, n, dense, MasksFrom::generator, 1);
  REQUIRE_FALSE(data);
  CHECK(data.failure().problems.size() == 3);
  CHECK_THAT(describe(data.failure()), Contains("did you mean 'b.weight'?"));
  CHECK_THAT(describe(data.failure()), Contains("b.bias: is '|i1' (24,); '<i4' (24,)"));
  CHECK_THAT(describe(data.failure()), Contains("input: is '|i1' (4, 3, 4); '|i1' (4, 4, 3)"));
  NumpyArray bias{"<i4", {24}, std::vector<std::uint8_t>(96, 0)};
  bias.bytes[3] = 0x7f;
  bias.bytes[2] = bias.bytes[1] = bias.bytes[0] = 0xff;
  REQUIRE_FALSE(write_npz(path, {{"b.bias", bias}}));
  const auto overflow = load_data(path, n, dense, MasksFrom::generator, 1);
  std::remove(path.c_str());
  REQUIRE_FALSE(overflow);
  CHECK_THAT(describe(overflow.failure()), Contains("b: output channel 0 can overflow int32"));
}

TEST_CASE("Masks of a file must fit the weights: weights in zero blocks are refused, an inverted mask is called that") {
  const Network n = two_convs();
  const std::string path = "network_data_test_masks.npz";
  std::vector<std::optional<BlockMask>> masks(3);
  masks[1] = BlockMask::all_ones(40, 3);
  masks[2] = BlockMask::all_ones(24, 40);
  for (std::size_t i = 0; i < masks[1]->bits.size(); i += 2) masks[1]->bits[i] = 0;
  for (std::size_t i = 0; i < masks[2]->bits.size(); i += 3) masks[2]->bits[i] = 0;
  const NetworkData pruned = make_data(n, masks, 1);
  std::map<std::string, NumpyArray> arrays;
  for (int id : {1, 2}) {
    const Layer& l = n.layers[id];
    const auto& values = pruned.weights[id].values;
    arrays[l.name + ".weight"] = {"|i1", {l.out.c, l.window.kh, l.window.kw, l.in.c}, {values.begin(), values.end()}};
  }
  REQUIRE_FALSE(write_npz(path, arrays));
  CHECK(load_data(path, n, masks, MasksFrom::file, 1));
  auto wrong = masks;
  wrong[2]->bits[1] = 0;  // a block that has weights
  const auto refused = load_data(path, n, wrong, MasksFrom::file, 1);
  CHECK(load_data(path, n, wrong, MasksFrom::generator, 1));
  auto inverted = masks;
  for (int id : {1, 2})
    for (auto& bit : inverted[id]->bits) bit = bit == 0 ? 1 : 0;
  const auto turned = load_data(path, n, inverted, MasksFrom::file, 1);
  std::remove(path.c_str());
  REQUIRE_FALSE(refused);
  CHECK_THAT(describe(refused.failure()),
             Contains("b.weight: has weights in 1 of the 6 blocks that the mask says are zero"));
  REQUIRE_FALSE(turned);
  CHECK(turned.failure().problems.size() == 1);
  CHECK_THAT(describe(turned.failure()),
             Contains("2 masks seem to be inverted; the first, a.weight: the mask seems to be inverted: 2 of its 2"));
}
