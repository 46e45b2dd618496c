#include "sim/schedule/channel_order.h"

#include <algorithm>
#include <numeric>

#include "sim/base/random.h"
#include "sim/mapping/span.h"

namespace tessera::schedule {
namespace {

using Counts = std::vector<std::int64_t>;  // non-zero blocks per unit of rows

// Improves an order of units under several layers' counts at once, for every number of parts in question.
class Balancer {
 public:
  Balancer(std::vector<Counts> layers, std::vector<int> parts) : layers_(std::move(layers)), parts_(std::move(parts)) {}

  std::vector<int> order() {
    const int n = static_cast<int>(layers_[0].size());
    Counts total(n, 0);
    for (const Counts& c : layers_)
      for (int i = 0; i < n; ++i) total[i] += c[i];
    std::vector<int> sorted(n);
    std::iota(sorted.begin(), sorted.end(), 0);
    std::stable_sort(sorted.begin(), sorted.end(), [&](int a, int b) { return total[a] > total[b]; });
    // The fullest beside the emptiest: every even run of neighbours is close to the average.
    std::vector<int> order;
    for (int lo = 0, hi = n - 1; lo <= hi; ++lo, --hi) {
      order.push_back(sorted[lo]);
      if (lo != hi) order.push_back(sorted[hi]);
    }
    std::int64_t best = cost(order);
    Random random(n);
    for (int trial = 0; trial < swaps_per_unit * n; ++trial) {
      const auto a = random.below(n), b = random.below(n);
      std::swap(order[a], order[b]);
      const std::int64_t now = cost(order);
      if (now <= best)
        best = now;
      else
        std::swap(order[a], order[b]);
    }
    return order;
  }

 private:
  static constexpr int swaps_per_unit = 8;

  std::int64_t cost(const std::vector<int>& order) const {
    std::int64_t sum = 0;
    const int n = static_cast<int>(order.size());
    for (const Counts& counts : layers_)
      for (int parts : parts_) {
        std::int64_t most = 0;
        for (int p = 0; p < parts; ++p) {
          const mapping::Span s = mapping::split({0, n}, parts, p);
          std::int64_t blocks = 0;
          for (int i = s.lo; i < s.hi; ++i) blocks += counts[order[i]];
          most = std::max(most, blocks);
        }
        sum += most * parts;  // relative to the average of the parts
      }
    return sum;
  }

  std::vector<Counts> layers_;
  std::vector<int> parts_;
};

// Classes of tensors that must share an order.
class Classes {
 public:
  explicit Classes(const network::Network& network) : parent_(network.layers.size()), fixed_(parent_.size(), false) {
    std::iota(parent_.begin(), parent_.end(), 0);
    std::vector<bool> read(parent_.size(), false), summed(parent_.size(), false);
    for (const network::Layer& l : network.layers) {
      for (network::LayerId i : l.inputs) read[i] = true;
      if (ops::is_computed(l) && operator_of(l).channels == ops::Channels::parallel)
        for (network::LayerId i : l.inputs) unite(l.id, i);
    }
    for (const network::Layer& l : network.layers) {
      if (operator_of(l).inputs == 2) summed[find(l.id)] = true;
      if (ops::is_source(l) || !read[l.id] || l.out.c % 8 != 0) fixed_[find(l.id)] = true;
      if (operator_of(l).channels != ops::Channels::whole) continue;
      fixed_[find(l.id)] = true;
      for (network::LayerId i : l.inputs) fixed_[find(i)] = true;
    }
    // A concatenation has the order of its parts: where it must be fixed, or is summed, so are they.
    for (auto it = network.layers.rbegin(); it != network.layers.rend(); ++it)
      if (it->op == network::Op::concat && (fixed_[find(it->id)] || summed[find(it->id)])) {
        fixed_[find(it->id)] = true;
        for (network::LayerId part : it->inputs) fixed_[find(part)] = true;
      }
  }
  int find(int i) const {
    while (parent_[i] != i) i = parent_[i];
    return i;
  }
  bool fixed(int i) const { return fixed_[find(i)]; }

 private:
  void unite(int a, int b) { parent_[std::max(find(a), find(b))] = std::min(find(a), find(b)); }
  std::vector<int> parent_;
  std::vector<bool> fixed_;
};

bool full(const sparsity::KernelMask& m) { return m.count() == std::int64_t{m.rows} * m.cols; }

}  // namespace

double imbalance(const sparsity::KernelMask& mask, int parts) {
  std::int64_t most = 0;
  for (int p = 0; p < parts; ++p) {
    const mapping::Span s = mapping::split({0, mask.rows}, parts, p);
    most = std::max(most, mask.count(s.lo, s.hi, 0, mask.cols));
  }
  const std::int64_t all = mask.count();
  return all == 0 ? 1.0 : static_cast<double>(most) * parts / static_cast<double>(all);
}

std::vector<std::vector<int>> balanced_channel_orders(const network::Network& network,
                                                      const std::vector<sparsity::KernelMask>& masks,
                                                      const arch::ArraySpec& array) {
  const Classes classes(network);
  std::vector<std::vector<int>> orders(network.layers.size()), by_class(network.layers.size());
  std::vector<bool> decided(network.layers.size(), false), concat_class(network.layers.size(), false);
  std::vector<std::vector<network::LayerId>> writers(network.layers.size()), readers(network.layers.size());
  for (const network::Layer& l : network.layers) {
    if (l.op == network::Op::concat) concat_class[classes.find(l.id)] = true;
    if (l.op != network::Op::conv2d) continue;
    writers[classes.find(l.id)].push_back(l.id);
    readers[classes.find(l.inputs[0])].push_back(l.id);
  }
  for (const network::Layer& l : network.layers) {
    const int k = classes.find(l.id);
    if (classes.fixed(k)) continue;
    if (concat_class[k]) {
      if (l.op == network::Op::concat) {
        int base = 0;
        bool permuted = false;
        for (network::LayerId part : l.inputs) {
          const int blocks = network::stored_channels(network.layers[part].out.c) / 8;
          for (int i = 0; i < blocks; ++i) orders[l.id].push_back(base + (orders[part].empty() ? i : orders[part][i]));
          permuted = permuted || !orders[part].empty();
          base += blocks;
        }
        if (!permuted) orders[l.id].clear();
      } else {
        orders[l.id] = orders[l.inputs[0]];
      }
      continue;
    }
    if (!decided[k]) {
      decided[k] = true;
      int unit = 1, rows = 0;
      bool sparse = false;
      for (network::LayerId m : writers[k]) {
        rows = masks[m].rows;
        sparse = sparse || !full(masks[m]);
        unit = std::max(unit, masks[m].unit_rows);
      }
      for (network::LayerId m : readers[k]) unit = std::max(unit, masks[m].unit_cols);
      if (!sparse || rows % unit != 0) continue;
      std::vector<Counts> layers;
      for (network::LayerId m : writers[k]) {
        if (full(masks[m])) continue;
        Counts counts;
        for (int r = 0; r < rows; r += unit) counts.push_back(masks[m].count(r, r + unit, 0, masks[m].cols));
        layers.push_back(std::move(counts));
      }
      for (int u : Balancer(std::move(layers), {array.rows, array.rows * array.cols}).order())
        for (int i = 0; i < unit; ++i) by_class[k].push_back(u * unit + i);
    }
    orders[l.id] = by_class[k];
  }
  return orders;
}

}  // namespace tessera::schedule
