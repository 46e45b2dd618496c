// Does every generator hit the ratio exactly, hold its promise, and depend on its seed alone?
#include "sim/sparsity/generators.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "sim/base/random.h"

using namespace tessera;
using namespace tessera::sparsity;
using Catch::Matchers::Contains;

namespace {

std::int64_t ones(const BlockMask& m) { return std::accumulate(m.bits.begin(), m.bits.end(), std::int64_t{0}); }

std::pair<int, int> least_and_most_of_a_row(const BlockMask& m) {
  std::vector<int> rows(static_cast<std::size_t>(m.rows()), 0);
  for (int r = 0; r < m.rows(); ++r)
    for (int c = 0; c < m.cols(); ++c) rows[r] += m.present(r, c) ? 1 : 0;
  const auto [least, most] = std::minmax_element(rows.begin(), rows.end());
  return {*least, *most};
}

// Share of neighbours in a row that are alike.
double likeness(const BlockMask& m) {
  int same = 0, all = 0;
  for (int r = 0; r < m.rows(); ++r)
    for (int c = 1; c < m.cols(); ++c, ++all) same += m.present(r, c) == m.present(r, c - 1) ? 1 : 0;
  return static_cast<double>(same) / all;
}

}  // namespace

TEST_CASE("The number of zero blocks is exactly round(ratio * blocks), or one less where that is all of them") {
  for (const Generator& g : generators())
    for (double ratio : {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0})
      for (auto [cout, cin] : {std::pair{64, 64}, {56, 8}, {17, 1000}, {1, 1}, {513, 77}})
        for (auto [bc, bi] : {std::pair{8, 8}, {4, 8}, {16, 16}, {1, 1}, {64, 64}}) {
          const BlockMask m = *generate_mask(cout, cin, {bc, bi}, ratio, g.name, 3);
          CAPTURE(g.name, ratio, cout, cin, bc, bi);
          const auto blocks = static_cast<std::int64_t>(m.bits.size());
          const std::int64_t rounded = std::llround(ratio * static_cast<double>(blocks));
          CHECK(blocks - ones(m) == (rounded == blocks ? blocks - 1 : rounded));
          CHECK(would_empty(ratio, blocks) == (rounded == blocks));
        }
}

TEST_CASE("A row of blocks is empty only where there are fewer blocks than rows") {
  Random random(7);
  for (int i = 0; i < 3000; ++i) {
    const auto side = [&] { return legal_block_sides()[random.below(legal_block_sides().size())]; };
    const auto channels = [&] { return 1 + static_cast<int>(random.below(random.below(4) == 0 ? 1000 : 100)); };
    const double ratio = random.below(8) == 0 ? 1 : random.uniform();
    const char* pattern = generators()[random.below(generators().size())].name;
    const BlockMask m = *generate_mask(channels(), channels(), {side(), side()}, ratio, pattern, random.next());
    CAPTURE(m.cout, m.cin, m.bc, m.bi, ratio, pattern);
    const auto [least, most] = least_and_most_of_a_row(m);
    REQUIRE(ones(m) >= 1);
    if (ones(m) >= m.rows()) REQUIRE(least >= 1);
    if (ones(m) < m.rows()) REQUIRE(most == 1);  // and then as few as can be
  }
}

TEST_CASE("Balanced: rows are equal, or differ by one where the ratio does not divide") {
  for (double ratio : {0.25, 0.5, 0.9}) {
    const auto [least, most] = least_and_most_of_a_row(*generate_mask(512, 256, {8, 8}, ratio, "balanced", 1));
    CHECK(most - least <= 1);
  }
  const auto [least, most] = least_and_most_of_a_row(*generate_mask(512, 256, {8, 8}, 0.5, "balanced", 1));
  CHECK(least == 16);
  CHECK(most == 16);
  const auto [random_least, random_most] = least_and_most_of_a_row(*generate_mask(512, 256, {8, 8}, 0.5, "random", 1));
  CHECK(random_most - random_least > 4);  // what balancing is for
}

TEST_CASE("Clustered: neighbours are alike far more often than by chance") {
  CHECK(likeness(*generate_mask(512, 512, {8, 8}, 0.5, "random", 1)) == Approx(0.5).margin(0.05));
  CHECK(likeness(*generate_mask(512, 512, {8, 8}, 0.5, "clustered", 1)) > 0.8);
}

TEST_CASE("The same seed gives the same mask, another seed another") {
  for (const Generator& g : generators()) {
    const auto bits = [&](std::uint64_t seed) { return generate_mask(256, 256, {8, 8}, 0.5, g.name, seed)->bits; };
    CHECK(bits(5) == bits(5));
    CHECK(bits(5) != bits(6));
  }
}

TEST_CASE("A mask is a fixed function of its seed, on every machine") {
  CHECK(generate_mask(32, 32, {8, 8}, 0.5, "random", 42)->bits ==
        std::vector<std::uint8_t>{1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 0});
}

TEST_CASE("Random masks choose every block equally often") {
  std::vector<int> zeros(16, 0);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const BlockMask m = *generate_mask(32, 32, {8, 8}, 0.25, "random", seed);
    for (std::size_t i = 0; i < 16; ++i) zeros[i] += m.bits[i] == 0 ? 1 : 0;
  }
  for (int n : zeros) CHECK(n == Approx(1000).margin(120));  // 4.4 standard deviations
}

TEST_CASE("Wrong arguments are refused, all at once") {
  const Expected<BlockMask> mask = generate_mask(64, 64, {12, 8}, 1.5, "ballanced", 1);
  REQUIRE_FALSE(mask);
  const std::string text = describe(mask.failure());
  CHECK_THAT(text,
             Contains("block: is [12, 8]; [output channels, input channels], each one of 1, 2, 4, 8, 16, 32, 64"));
  CHECK_THAT(text, Contains("ratio: is 1.5"));
  CHECK_THAT(text, Contains("did you mean 'balanced'?"));
  CHECK_FALSE(generate_mask(64, 64, {8, 128}, 0.5, "random", 1));
  CHECK_FALSE(generate_mask(64, 64, {0, 8}, 0.5, "random", 1));
  CHECK_FALSE(generate_mask(64, 64, {8, 8}, std::nan(""), "random", 1));
  CHECK_FALSE(generate_mask(0, 64, {8, 8}, 0.5, "random", 1));
}
