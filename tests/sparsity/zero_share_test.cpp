// Is the printed share of zero blocks what stands in the masks, and is every difference from the ratio explained?
#include "sim/sparsity/zero_share.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/network/network_file.h"
#include "sim/sparsity/generators.h"

using namespace tessera;
using namespace tessera::network;
using namespace tessera::sparsity;
using nlohmann::json;
using Marks = std::vector<std::string>;

namespace {

Network chain(const std::vector<int>& channels) {
  json layers = json::array();
  for (std::size_t i = 1; i < channels.size(); ++i)
    layers.push_back({{"name", "c" + std::to_string(i)}, {"op", "conv2d"}, {"channels", channels[i]}});
  return *parse_network({{"name", "n"}, {"input", {4, 4, channels[0]}}, {"layers", layers}}, "n");
}

struct Case {
  Network network;
  MaskSpec spec;
  std::vector<std::optional<BlockMask>> masks;
  std::vector<LayerZeros> layers;

  Case(Network n, MaskSpec s) : network(std::move(n)), spec(std::move(s)), masks(*make_masks(network, spec)) {
    layers = count_zeros(network, spec, masks);
  }
  NetworkZeros sum() const { return sum_zeros(layers); }
};

int pick(Random& random, int below) { return static_cast<int>(random.below(static_cast<std::uint64_t>(below))); }
int side(Random& random) { return legal_block_sides()[pick(random, static_cast<int>(legal_block_sides().size()))]; }
double ratio(Random& random) { return pick(random, 6) == 0 ? pick(random, 3) * 0.5 : random.uniform(); }

Case random_case(Random& random) {
  std::vector<int> channels;
  for (int i = 2 + pick(random, 5); i > 0; --i) channels.push_back(1 + pick(random, pick(random, 3) == 0 ? 300 : 40));
  MaskSpec spec;
  spec.bc = side(random);
  spec.bi = side(random);
  spec.ratio = ratio(random);
  spec.pattern = generators()[static_cast<std::size_t>(pick(random, static_cast<int>(generators().size())))].name;
  spec.seed = random.next();
  spec.first_dense = pick(random, 2) == 0;
  for (std::size_t i = 1; i < channels.size(); ++i) {
    const std::string name = "c" + std::to_string(i);
    const int what = pick(random, 6);
    if (what == 0) spec.exclude.push_back(name);
    if (what == 1) spec.layers[name].ratio = ratio(random);
    if (what == 2) {
      spec.layers[name].bc = side(random);
      spec.layers[name].bi = side(random);
    }
  }
  return {chain(channels), spec};
}

// The share that the spec asks for, told without the code under test.
double asked(const Case& c, const Layer& layer) {
  const auto& exclude = c.spec.exclude;
  if (std::find(exclude.begin(), exclude.end(), layer.name) != exclude.end()) return 0;
  const auto own = c.spec.layers.find(layer.name);
  if (own != c.spec.layers.end()) return own->second.ratio.value_or(c.spec.ratio);
  return c.spec.first_dense && layer.id == 1 ? 0 : c.spec.ratio;
}

void check_layer(const Case& c, const LayerZeros& zeros) {
  const Layer& layer = c.network.layers[zeros.layer];
  const auto& mask = c.masks[layer.id];
  CAPTURE(layer.name, zeros.blocks, zeros.zeros, zeros.requested, zeros.why());
  CHECK(zeros.blocks == ceil_div(layer.out.c, zeros.bc) * ceil_div(layer.in.c, zeros.bi));
  std::int64_t recount = 0;
  int empty = 0;
  for (int r = 0; mask && r < mask->rows(); ++r) {
    int present = 0;
    for (int col = 0; col < mask->cols(); ++col) present += mask->present(r, col) ? 1 : 0;
    recount += mask->cols() - present;
    empty += present == 0 ? 1 : 0;
  }
  CHECK(zeros.zeros == recount);
  CHECK(zeros.empty_rows == empty);
  CHECK(zeros.zeros < zeros.blocks);  // a ratio never empties a layer
  CHECK(zeros.requested == asked(c, layer));
  const double difference = std::abs(zeros.share() - zeros.requested);
  const double block = 1 / static_cast<double>(zeros.blocks);
  if (zeros.kept) {
    CHECK(zeros.zeros == zeros.blocks - 1);
    CHECK(zeros.requested > 1 - block);
  } else {
    CHECK(difference <= 0.5 * block + 1e-12);
  }
  if (std::abs(zeros.share() - c.spec.ratio) > 1e-9) CHECK(!zeros.why().empty());
  if (zeros.why().empty()) CHECK(zeros.share() == Approx(c.spec.ratio).margin(1e-9));
}

}  // namespace

TEST_CASE("Random networks and specs: counted is what the masks hold, and what differs from the ratio says why") {
  Random random(16);
  for (int i = 0; i < 1500; ++i) {
    const Case c = random_case(random);
    CAPTURE(i, c.spec.bc, c.spec.bi, c.spec.ratio, c.spec.pattern, c.spec.first_dense);
    REQUIRE(c.layers.size() == c.network.layers.size() - 1);
    std::int64_t blocks = 0, zeros = 0;
    for (const LayerZeros& layer : c.layers) {
      check_layer(c, layer);
      blocks += layer.blocks;
      zeros += layer.zeros;
    }
    CHECK(c.sum().share() == static_cast<double>(zeros) / static_cast<double>(blocks));
  }
}

TEST_CASE("A single convolution: dense by first_dense, and said to be") {
  MaskSpec spec;
  spec.ratio = 0.9;
  const Case c(chain({64, 64}), spec);
  CHECK(c.layers[0].why() == "first_dense");
  CHECK(c.sum().share() == 0);
  CHECK(c.sum().requested() == 0);
  CHECK(c.sum().marks(spec) == Marks{"nothing_zero"});
  spec.first_dense = false;
  const Case sparse(chain({64, 64}), spec);
  CHECK(sparse.layers[0].share() == 58.0 / 64);
  CHECK(sparse.layers[0].why() == "rounding");
  CHECK(sparse.sum().marks(spec) == Marks{"rounded", "empty_rows"});  // 6 blocks for 8 rows
}

TEST_CASE("One block of 64x64 at a half stays; of two in a column one goes, and its channels are named") {
  MaskSpec spec;
  spec.bc = spec.bi = 64;
  spec.ratio = 0.5;
  spec.first_dense = false;
  const Case one(chain({64, 64}), spec);
  CHECK(one.layers[0].zeros == 0);
  CHECK(one.layers[0].why() == "one block kept");
  CHECK(one.sum().marks(spec) == Marks{"kept", "rounded", "nothing_zero"});
  const Case two(chain({64, 128}), spec);
  CHECK(two.layers[0].share() == 0.5);
  CHECK(two.layers[0].why().empty());
  CHECK(two.layers[0].empty_rows == 1);
  CHECK(two.sum().marks(spec) == Marks{"empty_rows"});
}

TEST_CASE("Masks of a file are counted as they are: what it empties, and what it does not name") {
  const Network network = chain({64, 64, 64, 64});
  MaskSpec spec;
  spec.file = "masks.npz";
  spec.exclude = {"c3"};
  std::vector<std::optional<BlockMask>> masks(network.layers.size());
  masks[2] = BlockMask::all_ones(64, 64);
  std::fill(masks[2]->bits.begin(), masks[2]->bits.end(), 0);
  const std::vector<LayerZeros> layers = count_zeros(network, spec, masks);
  const NetworkZeros all = sum_zeros(layers);
  CHECK(layers[0].why() == "first_dense");
  CHECK(layers[1].why() == "mask_file");
  CHECK(layers[1].share() == 1);
  CHECK(layers[1].empty_rows == 8);
  CHECK(layers[2].why() == "exclude");
  CHECK(all.share() == Approx(1.0 / 3));
  CHECK(all.masked_layers == 1);
  CHECK(all.marks(spec) == Marks{"empty_rows"});
  spec.exclude = {};
  CHECK(count_zeros(network, spec, masks)[2].why() == "not in mask_file");
}

TEST_CASE("Kernels leave out an 8x8 block only when all its parts are zero") {
  MaskSpec spec;
  spec.bc = spec.bi = 4;
  spec.ratio = 0.5;
  spec.first_dense = false;
  const NetworkZeros fine = Case(chain({256, 256}), spec).sum();
  CHECK(fine.share() == 0.5);
  CHECK(static_cast<double>(fine.kernel_zeros) / static_cast<double>(fine.kernel_blocks) ==
        Approx(1.0 / 16).margin(0.02));
  spec.bc = spec.bi = 16;
  const NetworkZeros coarse = Case(chain({256, 256}), spec).sum();
  CHECK(coarse.kernel_zeros * 2 == coarse.kernel_blocks);
}
