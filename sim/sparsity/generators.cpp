#include "sim/sparsity/generators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>

#include "sim/base/random.h"

namespace tessera::sparsity {
namespace {

// Clears `zeros` of the `n` bits from `first`, all choices equally likely (Knuth, algorithm S).
void clear_random(std::uint8_t* first, std::int64_t n, std::int64_t zeros, Random& random) {
  for (std::int64_t i = 0; i < n && zeros > 0; ++i)
    if (static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n - i))) < zeros) {
      first[i] = 0;
      --zeros;
    }
}

void fill_random(BlockMask& mask, std::int64_t zeros, Random& random) {
  clear_random(mask.bits.data(), static_cast<std::int64_t>(mask.bits.size()), zeros, random);
}

void fill_balanced(BlockMask& mask, std::int64_t zeros, Random& random) {
  const std::int64_t rows = mask.rows();
  for (std::int64_t r = 0; r < rows; ++r)  // rows with one zero more are spread evenly
    clear_random(&mask.bits[static_cast<std::size_t>(r * mask.cols())], mask.cols(),
                 zeros * (r + 1) / rows - zeros * r / rows, random);
}

void fill_clustered(BlockMask& mask, std::int64_t zeros, Random& random) {
  constexpr int side = 4;
  const int across = static_cast<int>(ceil_div(mask.cols(), side));
  std::vector<int> patches(static_cast<std::size_t>(ceil_div(mask.rows(), side)) * across);
  std::iota(patches.begin(), patches.end(), 0);
  random.shuffle(patches);
  for (int patch : patches)
    for (int r = patch / across * side; r < std::min(mask.rows(), (patch / across + 1) * side); ++r)
      for (int c = patch % across * side; c < std::min(mask.cols(), (patch % across + 1) * side); ++c)
        if (zeros > 0) {
          mask.bits[static_cast<std::size_t>(r) * mask.cols() + c] = 0;
          --zeros;
        }
}

// Present blocks of every row of blocks.
std::vector<int> row_counts(const BlockMask& mask) {
  std::vector<int> counts(static_cast<std::size_t>(mask.rows()));
  for (int r = 0; r < mask.rows(); ++r) {
    const auto* row = &mask.bits[static_cast<std::size_t>(r) * mask.cols()];
    counts[r] = std::accumulate(row, row + mask.cols(), 0);
  }
  return counts;
}

// Gives every row of blocks without a block one of the fullest row, in the same column, as long as a row has two.
void fill_empty_rows(BlockMask& mask, Random& random) {
  const std::vector<int> counts = row_counts(mask);
  std::priority_queue<std::pair<int, int>> fullest;  // (blocks, -row): of equal rows the first
  for (int r = 0; r < mask.rows(); ++r) fullest.emplace(counts[r], -r);
  for (int r = 0; r < mask.rows(); ++r) {
    if (counts[r] > 0) continue;
    const auto [most, minus_row] = fullest.top();
    if (most < 2) return;
    fullest.pop();
    fullest.emplace(most - 1, minus_row);
    std::uint8_t* from = &mask.bits[static_cast<std::size_t>(-minus_row) * mask.cols()];
    int col = 0;
    for (std::uint64_t skip = random.below(static_cast<std::uint64_t>(most));; ++col)
      if (from[col] != 0 && skip-- == 0) break;
    std::swap(from[col], mask.bits[static_cast<std::size_t>(r) * mask.cols() + col]);
  }
}

struct Entry {
  Generator generator;
  void (*fill)(BlockMask&, std::int64_t zeros, Random&);
};
constexpr Entry entries[] = {
    {{"random", "zero blocks anywhere, every choice equally likely"}, fill_random},
    {{"balanced", "the same number of non-zero blocks in every row of blocks, or one more"}, fill_balanced},
    {{"clustered", "zero blocks in patches of 4x4 blocks"}, fill_clustered},
};

}  // namespace

const std::vector<int>& legal_block_sides() {
  static const std::vector<int> sides = {1, 2, 4, 8, 16, 32, 64};
  return sides;
}

std::string legal_blocks_text() {
  return fmt::format("[output channels, input channels], each one of {}", fmt::join(legal_block_sides(), ", "));
}

const std::vector<Generator>& generators() {
  static const std::vector<Generator> list = [] {
    std::vector<Generator> all;
    for (const Entry& e : entries) all.push_back(e.generator);
    return all;
  }();
  return list;
}

bool would_empty(double ratio, std::int64_t blocks) {
  return std::llround(ratio * static_cast<double>(blocks)) == blocks;
}

std::int64_t zero_blocks(double ratio, std::int64_t blocks) {
  return would_empty(ratio, blocks) ? blocks - 1 : std::llround(ratio * static_cast<double>(blocks));
}

Expected<BlockMask> generate_mask(int cout, int cin, BlockSize block, double ratio, const std::string& pattern,
                                  std::uint64_t seed) {
  Failure failure;
  const std::vector<int>& sides = legal_block_sides();
  const auto legal = [&](int side) { return std::find(sides.begin(), sides.end(), side) != sides.end(); };
  if (!legal(block.bc) || !legal(block.bi))
    failure.problems.push_back({"", "block", fmt::format("is [{}, {}]", block.bc, block.bi), legal_blocks_text()});
  if (!(ratio >= 0 && ratio <= 1))
    failure.problems.push_back({"", "ratio", fmt::format("is {}", ratio), "a share of zero blocks from 0 to 1"});
  std::vector<std::string> names;
  const Entry* entry = nullptr;
  for (const Entry& e : entries) {
    names.emplace_back(e.generator.name);
    if (pattern == e.generator.name) entry = &e;
  }
  if (entry == nullptr) {
    const std::string near = nearest_name(pattern, names);
    const std::string all = fmt::format("one of {}", fmt::join(names, ", "));
    failure.problems.push_back({"", "pattern", fmt::format("there is no generator '{}'", pattern),
                                near.empty() ? all : fmt::format("did you mean '{}'? {}", near, all)});
  }
  if (cout < 1 || cin < 1)
    failure.problems.push_back({"", "", fmt::format("a mask of {} x {} channels", cout, cin), "at least 1 x 1"});
  if (!failure.problems.empty()) return failure;
  BlockMask mask = BlockMask::all_ones(cout, cin, block.bc, block.bi);
  Random random(seed);
  entry->fill(mask, zero_blocks(ratio, static_cast<std::int64_t>(mask.bits.size())), random);
  fill_empty_rows(mask, random);
  return mask;
}

}  // namespace tessera::sparsity
