// Weights that importance goes by, masks of any block size in files, and what a mask looks like.
#include "sim/sparsity/weight_file.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "sim/network/network_file.h"
#include "sim/sparsity/importance_masks.h"
#include "sim/sparsity/mask_file.h"
#include "sim/sparsity/mask_statistics.h"
#include "sim/sparsity/numpy_file.h"

using namespace tessera;
using namespace tessera::sparsity;
using Catch::Contains;

namespace {

struct WeightFile {
  explicit WeightFile(const char* name) : path(name) {}
  ~WeightFile() { std::remove(path.c_str()); }
  std::string path;
};

NumpyArray floats(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  NumpyArray array{"<f4", std::move(shape), std::vector<std::uint8_t>(values.size() * sizeof(float))};
  std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

network::Network two_layers() {
  return *network::parse_network(nlohmann::json::parse(R"({"name":"n","input":[8,8,16],"layers":[
    {"name":"a","op":"conv2d","channels":32},{"name":"b","op":"conv2d","channels":16}]})"),
                                 "n");
}

}  // namespace

TEST_CASE("Weights of a file: of any type, times the scale of their channel") {
  const WeightFile f("weight_file_test.npz");
  REQUIRE_FALSE(write_npz(f.path, {{"a.weight", {"|i1", {2, 1, 1, 2}, {1, 255, 3, 0}}},
                                   {"a.weight_scale", floats({2}, {0.5F, 2})},
                                   {"a.bias", {"<i4", {2}, std::vector<std::uint8_t>(8)}},
                                   {"b.weight", floats({1, 1, 1, 1}, {-0.25F})}}));
  const Expected<WeightsByLayer> read = read_weights(f.path);
  REQUIRE(read);
  CHECK(read->at("a").values == std::vector<float>{0.5F, -0.5F, 6, 0});
  CHECK(read->at("b").values == std::vector<float>{-0.25F});
  REQUIRE_FALSE(write_npz(f.path, {{"a.weight", floats({1, 1, 1, 1}, {HUGE_VALF})},
                                   {"b.weight", floats({2}, {1, 2})},
                                   {"c.weight", floats({1, 1, 1, 1}, {1})},
                                   {"c.weight_scale", floats({3}, {1, 2, 3})}}));
  const std::string wrong = describe(read_weights(f.path).failure());
  CHECK_THAT(wrong, Contains("a.weight: holds 1 values that are no finite numbers"));
  CHECK_THAT(wrong, Contains("b.weight: has the shape (2,)"));
  CHECK_THAT(wrong, Contains("c.weight_scale: has the shape (3,); (1,)"));
  REQUIRE_FALSE(write_npz(f.path, {{"input", {"|i1", {1}, {1}}}}));
  CHECK_THAT(describe(read_weights(f.path).failure()), Contains("holds no weights"));
}

TEST_CASE("Importance over all layers moves zeros to where they cost least; n of m decides the ratio itself") {
  const network::Network n = two_layers();
  WeightsByLayer weights;
  for (const network::Layer& layer : n.layers) {
    if (layer.op != network::Op::conv2d) continue;
    FloatWeights w{layer.out.c, 1, layer.in.c, std::vector<float>(static_cast<std::size_t>(layer.weight_count()), 1)};
    if (layer.name == "b")  // uneven: three of its eight blocks are next to nothing
      for (std::size_t i = 0; i < w.values.size(); ++i)
        if (i % 32 / 8 == 1 || i % 32 / 8 == 2) w.values[i] = 1e-3F;
    weights[layer.name] = w;
  }
  MaskSpec spec;
  spec.first_dense = false;
  spec.ratio = 0.25;
  spec.importance = Importance::l2;
  const auto zeros = [&](MaskScope scope) {
    spec.scope = scope;
    auto masks = *make_masks(n, spec);
    REQUIRE(choose_blocks(n, spec, weights, nullptr, masks).empty());
    std::vector<std::ptrdiff_t> counts;
    for (const auto& mask : masks)
      if (mask) counts.push_back(std::count(mask->bits.begin(), mask->bits.end(), 0));
    return counts;
  };
  CHECK(zeros(MaskScope::layer) == std::vector<std::ptrdiff_t>{2, 2});
  CHECK(zeros(MaskScope::global) == std::vector<std::ptrdiff_t>{0, 4});
  spec.n_m = {1, 2};
  CHECK(zeros(MaskScope::n_m) == std::vector<std::ptrdiff_t>{4, 4});
  auto masks = *make_masks(n, spec);
  weights.erase("a");
  weights["b"].cin = 16;
  const std::vector<Problem> problems = choose_blocks(n, spec, weights, nullptr, masks);
  REQUIRE(problems.size() == 2);
  CHECK_THAT(problems[0].what, Contains("has no weights of layer 'a'"));
  CHECK_THAT(problems[1].what, Contains("for layer 'b'"));
}

TEST_CASE("Masks of a layer whose name no archive can hold are written and read") {
  network::Network n = two_layers();
  n.layers[1].name = std::string(59999, 'x') + "\xc3\xa9" + std::string(40000, 'x');
  n.layers[2].name = n.layers[1].name + "y";
  std::vector<std::optional<BlockMask>> masks(n.layers.size());
  masks[1] = BlockMask::all_ones(32, 16);
  masks[2] = BlockMask::all_ones(16, 32);
  masks[1]->bits[1] = masks[2]->bits[2] = 0;
  const WeightFile f("weight_file_test_long.npz");
  REQUIRE_FALSE(write_masks(f.path, n, masks));
  const auto read = read_masks(f.path, n, std::vector<BlockSides>(n.layers.size()));
  REQUIRE(read);
  for (const std::size_t layer : {1U, 2U}) CHECK((*read)[layer]->bits == masks[layer]->bits);
}

TEST_CASE("A mask file tells blocks of another size than 8x8 itself, a size per layer") {
  const network::Network n = two_layers();
  std::vector<std::optional<BlockMask>> masks(n.layers.size());
  masks[1] = BlockMask::all_ones(32, 16, 16, 4);
  masks[2] = BlockMask::all_ones(16, 32);
  masks[1]->bits[3] = masks[2]->bits[0] = 0;
  const WeightFile f("weight_file_test_masks.npz");
  REQUIRE_FALSE(write_masks(f.path, n, masks));
  const auto read = read_masks(f.path, n, std::vector<BlockSides>(n.layers.size()));
  REQUIRE(read);
  for (const std::size_t layer : {1U, 2U}) {
    CHECK((*read)[layer]->bc == masks[layer]->bc);
    CHECK((*read)[layer]->bi == masks[layer]->bi);
    CHECK((*read)[layer]->bits == masks[layer]->bits);
  }
  const auto bare = read_bare_masks(f.path, {});
  REQUIRE(bare);
  CHECK(bare->size() == 2);
  CHECK(bare->at("a").bi == 4);
  REQUIRE_FALSE(
      write_npz(f.path, {{"a", {"|b1", {4, 2}, std::vector<std::uint8_t>(8, 1)}}, {"a.block", {"|u1", {2}, {7, 8}}}}));
  CHECK_THAT(describe(read_masks(f.path, n, std::vector<BlockSides>(n.layers.size())).failure()),
             Contains("has blocks of [7, 8]"));
}

TEST_CASE("Statistics of a mask by hand") {
  const BlockMask mask{8, 8, 32, 16, {1, 1, /**/ 1, 0, /**/ 0, 0, /**/ 1, 0}};
  const MaskStatistics s = mask_statistics(mask, 2);
  CHECK(s.rows == std::vector<double>{1, 0.5, 0, 0.5});
  CHECK(s.columns == std::vector<double>{0.75, 0.25});
  CHECK(s.density == Approx(0.5));
  CHECK(s.imbalance == Approx(1.5));  // three blocks above, one below
  CHECK(mask_statistics(BlockMask::all_ones(32, 16), 4).imbalance == Approx(1));
  const LogHistogram h = log_histogram({0, 1, 10, 100, 100}, 2);
  CHECK(h.zeros == 1);
  CHECK(h.counts == std::vector<std::int64_t>{1, 3});
  CHECK(h.edges.front() == Approx(1));
  CHECK(h.edges[1] == Approx(10));
  CHECK(log_histogram({0, 0}, 4).edges.empty());
}
