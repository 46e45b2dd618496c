#include "sim/sparsity/mask_statistics.h"

#include <algorithm>
#include <cmath>

namespace tessera::sparsity {

MaskStatistics mask_statistics(const BlockMask& mask, int groups) {
  MaskStatistics s;
  const int rows = mask.rows(), cols = mask.cols();
  s.rows.assign(static_cast<std::size_t>(rows), 0);
  s.columns.assign(static_cast<std::size_t>(cols), 0);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < cols; ++c) {
      if (!mask.present(r, c)) continue;
      s.rows[static_cast<std::size_t>(r)] += 1.0 / cols;
      s.columns[static_cast<std::size_t>(c)] += 1.0 / rows;
      s.density += 1.0 / (static_cast<double>(rows) * cols);
    }
  double fullest = 0, all = 0;
  const int used = std::min(groups, rows);
  for (int g = 0; g < used; ++g) {
    double blocks = 0;
    for (int r = rows * g / used; r < rows * (g + 1) / used; ++r) blocks += s.rows[static_cast<std::size_t>(r)];
    fullest = std::max(fullest, blocks);
    all += blocks;
  }
  if (all > 0) s.imbalance = fullest * used / all;
  return s;
}

LogHistogram log_histogram(const std::vector<double>& values, int bins) {
  LogHistogram h;
  double low = 0, high = 0;
  for (const double v : values) {
    if (!(v > 0)) {
      ++h.zeros;
      continue;
    }
    low = low == 0 ? v : std::min(low, v);
    high = std::max(high, v);
  }
  if (high == 0) return h;
  const double from = std::log(low), width = std::max(std::log(high) - from, 1e-9) / bins;
  for (int b = 0; b <= bins; ++b) h.edges.push_back(std::exp(from + b * width));
  h.counts.assign(static_cast<std::size_t>(bins), 0);
  for (const double v : values)
    if (v > 0)
      ++h.counts[static_cast<std::size_t>(std::clamp(static_cast<int>((std::log(v) - from) / width), 0, bins - 1))];
  return h;
}

}  // namespace tessera::sparsity
