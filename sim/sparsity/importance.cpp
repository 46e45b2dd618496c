#include "sim/sparsity/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/random.h"

namespace tessera::sparsity {
namespace {

constexpr const char* names[] = {"l1", "l2", "variance", "taylor", "fisher", "random"};  // in the order of Importance

// What is known of the weights of a block.
struct Moments {
  double magnitude = 0, sum = 0, squares = 0;
  double change = 0, squared_change = 0;  // of weight x gradient
  std::int64_t count = 0;
};

std::vector<Moments> moments_of(const FloatWeights& weights, const BlockMask& grid,
                                const FloatWeights* gradients = nullptr) {
  std::vector<Moments> moments(static_cast<std::size_t>(grid.rows()) * static_cast<std::size_t>(grid.cols()));
  const float *value = weights.values.data(), *gradient = gradients == nullptr ? nullptr : gradients->values.data();
  for (int oc = 0; oc < weights.cout; ++oc) {
    Moments* row = &moments[static_cast<std::size_t>(oc / grid.bc) * static_cast<std::size_t>(grid.cols())];
    for (int t = 0; t < weights.taps; ++t)
      for (int ic = 0; ic < weights.cin; ++ic, ++value) {
        Moments& m = row[ic / grid.bi];
        const double v = *value;
        m.magnitude += std::fabs(v);
        m.sum += v;
        m.squares += v * v;
        ++m.count;
        if (gradient == nullptr) continue;
        const double change = v * *gradient++;
        m.change += std::fabs(change);
        m.squared_change += change * change;
      }
  }
  return moments;
}

double importance_of(const Moments& m, Importance by, Random& random) {
  const double drawn = 1 - random.uniform();  // of every block, so that one block decides nothing about the next
  if (m.magnitude == 0) return 0;
  switch (by) {
    case Importance::l1:
      return m.magnitude;
    case Importance::l2:
      return m.squares;
    case Importance::variance: {
      const auto n = static_cast<double>(m.count);
      return std::max(0.0, m.squares / n - m.sum / n * (m.sum / n));
    }
    case Importance::taylor:
      return m.change;
    case Importance::fisher:
      return m.squared_change;
    case Importance::random:
      return drawn;
  }
  return 0;
}

}  // namespace

const char* importance_name(Importance importance) { return names[static_cast<int>(importance)]; }
std::vector<std::string> importance_names() { return {std::begin(names), std::end(names)}; }

std::optional<Importance> find_importance(const std::string& name) {
  const auto it = std::find(std::begin(names), std::end(names), name);
  return it == std::end(names) ? std::nullopt : std::optional(static_cast<Importance>(it - std::begin(names)));
}

bool needs_gradients(Importance importance) {
  return importance == Importance::taylor || importance == Importance::fisher;
}

BlockMask nonzero_blocks(const FloatWeights& weights, int bc, int bi) {
  BlockMask mask = BlockMask::all_ones(weights.cout, weights.cin, bc, bi);
  const std::vector<Moments> moments = moments_of(weights, mask);
  for (std::size_t b = 0; b < moments.size(); ++b) mask.bits[b] = moments[b].magnitude != 0 ? 1 : 0;
  return mask;
}

std::vector<double> block_importance(const FloatWeights& weights, int bc, int bi, Importance by, std::uint64_t seed,
                                     const FloatWeights* gradients) {
  const BlockMask grid = BlockMask::all_ones(weights.cout, weights.cin, bc, bi);
  Random random(seed);
  std::vector<double> importance;
  for (const Moments& m : moments_of(weights, grid, gradients)) importance.push_back(importance_of(m, by, random));
  return importance;
}

void keep_n_of_m(PrunedLayer& layer, int n, int m) {
  const int cols = layer.mask.cols();
  layer.mask.bits.assign(layer.importance.size(), 0);
  for (int row = 0; row < layer.mask.rows(); ++row)
    for (int first = 0; first < cols; first += m) {
      std::vector<std::size_t> group;
      for (int col = first; col < std::min(cols, first + m); ++col)
        group.push_back(static_cast<std::size_t>(row) * static_cast<std::size_t>(cols) + static_cast<std::size_t>(col));
      std::stable_sort(group.begin(), group.end(),
                       [&](std::size_t a, std::size_t b) { return layer.importance[a] > layer.importance[b]; });
      for (std::size_t i = 0; i < std::min(group.size(), static_cast<std::size_t>(n)); ++i)
        layer.mask.bits[group[i]] = 1;
    }
}

void prune(std::vector<PrunedLayer>& layers, std::size_t count) {
  struct Block {
    double importance;
    std::uint8_t* bit;
  };
  std::vector<Block> blocks;
  for (PrunedLayer& layer : layers) {
    const double sum = std::accumulate(layer.importance.begin(), layer.importance.end(), 0.0);
    const double mean = sum > 0 ? sum / static_cast<double>(layer.importance.size()) : 1;
    layer.mask.bits.assign(layer.importance.size(), 1);
    const auto kept = std::max_element(layer.importance.begin(), layer.importance.end()) - layer.importance.begin();
    for (std::size_t b = 0; b < layer.importance.size(); ++b)
      if (static_cast<std::ptrdiff_t>(b) != kept) blocks.push_back({layer.importance[b] / mean, &layer.mask.bits[b]});
  }
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.importance < b.importance; });
  for (std::size_t b = 0; b < std::min(count, blocks.size()); ++b) *blocks[b].bit = 0;
}

}  // namespace tessera::sparsity
