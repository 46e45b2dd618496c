#include "sim/sparsity/patterned_pruning.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "sim/base/units.h"

namespace tessera::sparsity {
namespace {

constexpr const char* patterns[] = {"free", "balanced", "clustered"};
constexpr int patch_side = 4;  // in blocks

using Blocks = std::vector<std::size_t>;

Blocks by_importance(Blocks blocks, const std::vector<double>& importance) {
  std::stable_sort(blocks.begin(), blocks.end(),
                   [&](std::size_t a, std::size_t b) { return importance[a] < importance[b]; });
  return blocks;
}

Blocks row_of(const BlockMask& grid, int row) {
  Blocks blocks(static_cast<std::size_t>(grid.cols()));
  std::iota(blocks.begin(), blocks.end(), static_cast<std::size_t>(row) * blocks.size());
  return blocks;
}

// Every row loses the same number; the rows whose next block matters least lose one more.
Blocks balanced_order(const BlockMask& grid, const std::vector<double>& importance) {
  std::vector<Blocks> rows;
  for (int r = 0; r < grid.rows(); ++r) rows.push_back(by_importance(row_of(grid, r), importance));
  Blocks order;
  for (std::size_t i = 0; i < static_cast<std::size_t>(grid.cols()); ++i) {
    Blocks round;
    for (const Blocks& row : rows) round.push_back(row[i]);
    round = by_importance(std::move(round), importance);
    order.insert(order.end(), round.begin(), round.end());
  }
  return order;
}

// Patch by patch, the one with the least mean importance first.
Blocks clustered_order(const BlockMask& grid, const std::vector<double>& importance) {
  const int across = static_cast<int>(ceil_div(grid.cols(), patch_side));
  std::vector<Blocks> patches(static_cast<std::size_t>(ceil_div(grid.rows(), patch_side)) * across);
  for (int r = 0; r < grid.rows(); ++r)
    for (const std::size_t block : row_of(grid, r)) {
      const int col = static_cast<int>(block % static_cast<std::size_t>(grid.cols()));
      patches[static_cast<std::size_t>(r / patch_side * across + col / patch_side)].push_back(block);
    }
  const auto mean = [&](const Blocks& patch) {
    double sum = 0;
    for (const std::size_t block : patch) sum += importance[block];
    return sum / static_cast<double>(patch.size());
  };
  std::stable_sort(patches.begin(), patches.end(), [&](const Blocks& a, const Blocks& b) { return mean(a) < mean(b); });
  Blocks order;
  for (Blocks& patch : patches) {
    patch = by_importance(std::move(patch), importance);
    order.insert(order.end(), patch.begin(), patch.end());
  }
  return order;
}

Blocks order_of(const BlockMask& grid, const std::vector<double>& importance, PrunePattern pattern) {
  if (pattern == PrunePattern::balanced) return balanced_order(grid, importance);
  if (pattern == PrunePattern::clustered) return clustered_order(grid, importance);
  Blocks all(importance.size());
  std::iota(all.begin(), all.end(), 0);
  return by_importance(std::move(all), importance);
}

}  // namespace

std::vector<std::string> pattern_names() { return {std::begin(patterns), std::end(patterns)}; }

std::optional<PrunePattern> find_pattern(const std::string& name) {
  const auto it = std::find(std::begin(patterns), std::end(patterns), name);
  return it == std::end(patterns) ? std::nullopt : std::optional(static_cast<PrunePattern>(it - std::begin(patterns)));
}

const char* pattern_name(PrunePattern pattern) { return patterns[static_cast<int>(pattern)]; }

BlockMask prune_patterned(BlockMask grid, const std::vector<double>& importance, std::size_t zeros,
                          PrunePattern pattern) {
  const Blocks order = order_of(grid, importance, pattern);
  grid.bits.assign(importance.size(), 1);
  for (std::size_t i = 0; i < std::min(zeros, order.size()); ++i) grid.bits[order[i]] = 0;
  return grid;
}

}  // namespace tessera::sparsity
