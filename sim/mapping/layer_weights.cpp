#include "sim/mapping/layer_weights.h"

#include <algorithm>
#include <numeric>

namespace tessera::mapping {
namespace {

// Sum over windows of consecutive chunks of the slowest group's blocks in the window. `before`: the blocks that a group
// has read before each chunk and in all, a line of `chunks` + 1 numbers per group. `most`: room for a number per
// window.
std::int64_t paced(const std::vector<std::int32_t>& before, std::size_t chunks, std::size_t window,
                   std::vector<std::int32_t>& most) {
  const std::size_t whole = chunks / window;  // windows; the chunks behind them are one more
  most.assign(whole + 1, 0);
  for (auto line = before.begin(); line != before.end(); line += static_cast<std::ptrdiff_t>(chunks) + 1) {
    for (std::size_t w = 0; w < whole; ++w) most[w] = std::max(most[w], line[(w + 1) * window] - line[w * window]);
    most[whole] = std::max(most[whole], line[chunks] - line[whole * window]);
  }
  return std::accumulate(most.begin(), most.end(), std::int64_t{0});
}

}  // namespace

LayerWeights::LayerWeights(const network::Layer& layer, const sparsity::KernelMask& mask, const PacedWindows& windows)
    : windows_(windows),
      rows_(mask.rows),
      cols_(mask.cols),
      block_bytes_(ops::has_blocks(layer) ? Bytes{64} * layer.window.taps() : Bytes{8} * channel_bytes(layer)),
      row_bytes_(operator_of(layer).bias ? 32 : 0),
      multiplier_bytes_(layer.scaling == network::Scaling::channel ? 4 * sparsity::kernel_block : 0),
      table_bytes_(layer_table_bytes(layer)),
      before_(static_cast<std::size_t>(mask.rows + 1) * (mask.cols + 1)) {
  std::int32_t* line = before_.data() + cols_ + 1;
  for (int r = 0; r < rows_; ++r, line += cols_ + 1) {
    std::int32_t in_row = 0;
    for (int c = 0; c < cols_; ++c) {
      in_row += mask.present(r, c) ? 1 : 0;
      line[c + 1] = above(r)[c + 1] + in_row;
    }
  }
}

const Weights& LayerWeights::cut(const Partition& p, int no, int ni) {
  const auto [it, added] = known_.try_emplace({static_cast<int>(p.weights.size()), p.sharding.apart, no, ni});
  if (added) it->second = weigh(p, no, ni);
  return it->second;
}

Weights LayerWeights::weigh(const Partition& p, int no, int ni) const {
  Weights w;
  const std::size_t groups = p.weights.size();
  const auto chunks = static_cast<std::size_t>(ni);
  std::vector<int> cols;
  for (int i = 0; i < ni; ++i) cols.push_back(split({0, cols_}, ni, i).lo);
  cols.push_back(cols_);
  std::vector<Bytes> totals(groups, 0);
  std::vector<std::int32_t> before(groups * (chunks + 1)), most;
  for (int o = 0; o < no; ++o) {
    for (std::size_t g = 0; g < groups; ++g) {
      const Span rows = split(p.parts[p.weights[g].parts[0]].b, no, o);
      const std::int32_t *top = above(rows.lo), *bottom = above(rows.hi);
      std::int32_t* line = &before[g * (chunks + 1)];
      for (std::size_t i = 0; i < chunks; ++i) {
        line[i + 1] = bottom[cols[i + 1]] - top[cols[i + 1]];
        const Bytes n = line[i + 1] - line[i];
        Bytes bytes = n * block_bytes_ + (i == 0 ? rows.size() * row_bytes_ : 0);
        if (i + 1 == chunks) bytes += rows.size() * multiplier_bytes_ + table_bytes_;
        if (n != Bytes{rows.size()} * (cols[i + 1] - cols[i])) bytes += round_up((n + rows.size()) * 2, 4);
        w.largest = std::max(w.largest, bytes);
        totals[g] += bytes;
      }
    }
    for (std::size_t k = 0; k < windows_.size(); ++k)
      if (windows_[k] > 0) w.paced_blocks[k] += paced(before, chunks, static_cast<std::size_t>(windows_[k]), most);
  }
  for (Bytes b : totals) {
    w.group = std::max(w.group, b);
    w.all += b;
  }
  return w;
}

}  // namespace tessera::mapping
