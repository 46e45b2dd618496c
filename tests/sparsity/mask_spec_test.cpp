// Which layers become sparse, from the spec and from a file?
#include "sim/sparsity/mask_spec.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <numeric>

#include "sim/network/network_file.h"
#include "sim/sparsity/numpy_file.h"

using namespace tessera;
using namespace tessera::network;
using namespace tessera::sparsity;
using Catch::Matchers::Contains;

namespace {

Network three_convs(const std::string& extra = "") {
  return *parse_network(nlohmann::json::parse(R"({"name":"n","input":[8,8,3],"layers":[
    {"name":"first","op":"conv2d","channels":32},)" +
                                              extra + R"(
    {"name":"a","op":"conv2d","channels":64},
    {"name":"pool","op":"maxpool","kernel":2},
    {"name":"b","op":"conv2d","channels":64}]})"),
                        "n");
}

const BlockMask& of(const std::vector<std::optional<BlockMask>>& masks, const Network& n, const std::string& name) {
  for (const Layer& layer : n.layers)
    if (layer.name == name) return *masks[layer.id];
  FAIL("no layer " << name);
  return *masks[0];
}

double zero_share(const BlockMask& m) {
  return 1 - std::accumulate(m.bits.begin(), m.bits.end(), 0.0) / static_cast<double>(m.bits.size());
}

}  // namespace

TEST_CASE("The first convolution is dense, everything else with weights is sparse") {
  const Network n = three_convs();
  MaskSpec spec;
  spec.ratio = 0.5;
  const auto masks = *make_masks(n, spec);
  REQUIRE(masks.size() == 5);
  CHECK_FALSE(masks[0]);
  CHECK_FALSE(masks[1]);
  CHECK(zero_share(*masks[2]) == 0.5);
  CHECK_FALSE(masks[3]);
  CHECK(masks[4]->cout == 64);
  spec.first_dense = false;
  CHECK((*make_masks(n, spec))[1]);
  spec.first_dense = true;
  spec.exclude = {"b"};
  CHECK_FALSE((*make_masks(n, spec))[4]);
}

TEST_CASE("A gemm is no first convolution") {
  const Network n = *parse_network(
      nlohmann::json::parse(R"({"name":"n","layers":[{"name":"g","op":"gemm","m":8,"n":64,"k":64}]})"), "n");
  MaskSpec spec;
  spec.ratio = 0.5;
  CHECK((*make_masks(n, spec))[1]);
}

TEST_CASE("An override changes its layer alone, and makes the first convolution sparse") {
  const Network n = three_convs();
  MaskSpec spec;
  spec.ratio = 0.5;
  const auto plain = *make_masks(n, spec);
  spec.layers["a"] = {16, 4, 0.25, std::string("balanced"), std::nullopt};
  spec.layers["first"].ratio = 0.25;
  const auto masks = *make_masks(n, spec);
  CHECK(of(masks, n, "a").bc == 16);
  CHECK(of(masks, n, "a").bi == 4);
  CHECK(zero_share(of(masks, n, "a")) == 0.25);
  CHECK(zero_share(of(masks, n, "first")) == 0.25);
  CHECK(of(masks, n, "b").bits == of(plain, n, "b").bits);
}

TEST_CASE("A layer's mask does not depend on the layers before it") {
  const Network n = three_convs(), longer = three_convs(R"({"name":"x","op":"conv2d","channels":32},)");
  MaskSpec spec;
  spec.ratio = 0.5;
  const auto one = *make_masks(n, spec), other = *make_masks(longer, spec);
  CHECK(of(one, n, "b").bits == of(other, longer, "b").bits);
  CHECK(of(one, n, "a").bits != of(one, n, "b").bits);
}

TEST_CASE("Wrong specs: misspelt layers, a block that does not fit, once and not per layer") {
  MaskSpec spec;
  spec.bi = 12;
  spec.exclude = {"frist"};
  spec.layers["pool"].ratio = 0.5;
  const auto masks = make_masks(three_convs(), spec);
  REQUIRE_FALSE(masks);
  const std::string text = describe(masks.failure());
  CHECK(masks.failure().problems.size() == 3);
  CHECK_THAT(text, Contains("exclude[0]: there is no layer with weights called 'frist'; did you mean 'first'?"));
  CHECK_THAT(text, Contains("layers.pool: there is no layer with weights called 'pool'"));
  CHECK_THAT(text, Contains("block: is [8, 12]"));
  MaskSpec layer;
  layer.layers["a"].ratio = -1;
  CHECK_THAT(describe(make_masks(three_convs(), layer).failure()), Contains("layers.a.ratio: is -1"));
}

TEST_CASE("Masks survive the way through a file; a wrong shape is refused with what would fit") {
  const Network n = three_convs();
  MaskSpec spec;
  spec.bc = 16;
  spec.ratio = 0.5;
  const auto masks = *make_masks(n, spec);
  MaskSpec from_file;
  from_file.file = "mask_spec_test.npz";
  std::map<std::string, NumpyArray> bare;  // without arrays that tell the block
  for (const char* name : {"a", "b"}) {
    const BlockMask& mask = of(masks, n, name);
    bare[name] = {"|b1", {mask.rows(), mask.cols()}, mask.bits};
  }
  REQUIRE_FALSE(write_npz(from_file.file, bare));
  from_file.bc = 16;
  const auto read = make_masks(n, from_file);
  from_file.bc = 8;
  const auto wrong = make_masks(n, from_file);
  std::remove(from_file.file.c_str());
  REQUIRE(read);
  REQUIRE_FALSE((*read)[1]);
  for (const char* name : {"a", "b"}) CHECK(of(*read, n, name).bits == of(masks, n, name).bits);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.failure().problems.size() == 1);  // one mistake, whatever the number of layers
  CHECK_THAT(describe(wrong.failure()),
             Contains("mask_spec_test.npz: 2 masks have another shape than their layer has blocks; the first, a: "
                      "has shape (4, 4); (8, 4): 64 x 32 channels in blocks of 8x8; "
                      "it would fit blocks of 16x8"));
}

TEST_CASE("A mask of a layer that the spec keeps dense is refused; so is a file without masks") {
  const Network n = three_convs();
  MaskSpec all;
  all.first_dense = false;
  MaskSpec spec;
  spec.file = "mask_spec_test_dense.npz";
  spec.exclude = {"b"};
  REQUIRE_FALSE(write_masks(spec.file, n, *make_masks(n, all)));
  const auto masks = make_masks(n, spec);
  REQUIRE_FALSE(masks);
  CHECK(masks.failure().problems.size() == 2);
  CHECK_THAT(describe(masks.failure()), Contains("first: has a mask, and is the first convolution"));
  CHECK_THAT(describe(masks.failure()), Contains("b: has a mask, and stands in sparsity.exclude"));
  CHECK(write_masks(spec.file, n, std::vector<std::optional<BlockMask>>(n.layers.size())));
  REQUIRE_FALSE(write_npz(spec.file, {}));
  CHECK_THAT(describe(make_masks(n, spec).failure()), Contains("mask_spec_test_dense.npz: holds no array"));
  std::remove(spec.file.c_str());
}

TEST_CASE("Mask files with a foreign name, or with more than zeros and ones") {
  const Network n = three_convs();
  MaskSpec spec;
  spec.file = "mask_spec_test_wrong.npz";
  REQUIRE_FALSE(write_npz(spec.file, {{"bb", {"|u1", {8, 8}, std::vector<std::uint8_t>(64, 1)}},
                                      {"a", {"|u1", {8, 4}, std::vector<std::uint8_t>(32, 2)}}}));
  const auto masks = make_masks(n, spec);
  std::remove(spec.file.c_str());
  REQUIRE_FALSE(masks);
  CHECK_THAT(describe(masks.failure()), Contains("bb: there is no layer with weights of this name; did you mean 'b'?"));
  CHECK_THAT(describe(masks.failure()), Contains("a: holds something else than 0 and 1"));
  spec.file = "no_such_mask.npz";
  CHECK_THAT(describe(make_masks(n, spec).failure()), Contains("no_such_mask.npz: cannot be read"));
}
