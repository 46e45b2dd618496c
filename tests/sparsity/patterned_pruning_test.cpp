// Are the least important blocks left out, in the pattern that is asked for?
#include "sim/sparsity/patterned_pruning.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "sim/base/random.h"

using namespace tessera;
using namespace tessera::sparsity;

namespace {

std::size_t zeros_of(const BlockMask& mask) {
  return static_cast<std::size_t>(std::count(mask.bits.begin(), mask.bits.end(), 0));
}

double lost(const BlockMask& mask, const std::vector<double>& importance) {
  double sum = 0;
  for (std::size_t b = 0; b < importance.size(); ++b) sum += mask.bits[b] == 0 ? importance[b] : 0;
  return sum;
}

}  // namespace

TEST_CASE("Each pattern takes what matters least within it") {
  const BlockMask grid = BlockMask::all_ones(16, 32, 8, 8);  // 2 x 4 blocks
  const std::vector<double> importance{1, 2, 3, 4, 9, 8, 7, 6};
  using Bits = std::vector<std::uint8_t>;
  CHECK(prune_patterned(grid, importance, 3, PrunePattern::free).bits == Bits{0, 0, 0, 1, 1, 1, 1, 1});
  CHECK(prune_patterned(grid, importance, 3, PrunePattern::balanced).bits == Bits{0, 0, 1, 1, 1, 1, 1, 0});
  const BlockMask wide = BlockMask::all_ones(8, 64, 8, 8);  // two patches side by side
  CHECK(prune_patterned(wide, {1, 9, 9, 9, 4, 4, 4, 4}, 3, PrunePattern::clustered).bits ==
        Bits{1, 1, 1, 1, 0, 0, 0, 1});
}

TEST_CASE("Every pattern leaves out exactly as many blocks as asked, ever more of the same, and free loses least") {
  Random random(3);
  for (const auto& [cout, cin] : {std::pair{64, 64}, {72, 40}, {8, 200}, {200, 8}}) {
    const BlockMask grid = BlockMask::all_ones(cout, cin, 8, 8);
    std::vector<double> importance(grid.bits.size());
    for (double& value : importance) value = random.uniform();
    for (const std::string& name : pattern_names()) {
      const PrunePattern pattern = *find_pattern(name);
      BlockMask before = grid;
      for (std::size_t zeros = 0; zeros <= importance.size(); ++zeros) {
        const BlockMask mask = prune_patterned(grid, importance, zeros, pattern);
        CHECK(zeros_of(mask) == zeros);
        for (std::size_t b = 0; b < importance.size(); ++b) CHECK(mask.bits[b] <= before.bits[b]);
        CHECK(lost(mask, importance) >=
              lost(prune_patterned(grid, importance, zeros, PrunePattern::free), importance) - 1e-9);
        before = mask;
      }
    }
  }
}

TEST_CASE("Balanced rows of blocks lose the same number or one more") {
  Random random(5);
  const BlockMask grid = BlockMask::all_ones(72, 88, 8, 8);
  std::vector<double> importance(grid.bits.size());
  for (double& value : importance) value = random.uniform();
  for (std::size_t zeros = 0; zeros < importance.size(); ++zeros) {
    const BlockMask mask = prune_patterned(grid, importance, zeros, PrunePattern::balanced);
    std::vector<int> rows;
    for (int r = 0; r < mask.rows(); ++r) {
      const auto first = mask.bits.begin() + static_cast<std::ptrdiff_t>(r) * mask.cols();
      rows.push_back(std::accumulate(first, first + mask.cols(), 0));
    }
    const auto [low, high] = std::minmax_element(rows.begin(), rows.end());
    CHECK(*high - *low <= 1);
  }
}
