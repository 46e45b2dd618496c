// What a mask looks like: densities of its rows and columns of blocks, and how unevenly blocks fall on rows of cores.
#pragma once
#include <vector>

#include "sim/sparsity/block_mask.h"

namespace tessera::sparsity {

struct MaskStatistics {
  std::vector<double> rows, columns;  // share of blocks present in each
  double density = 0;
  // Blocks present in the fullest of `groups` runs of neighbouring rows, as even as they can be, over the mean: 1 is
  // balanced. This is what cores get when output channels stay where they are.
  double imbalance = 1;
};
MaskStatistics mask_statistics(const BlockMask& mask, int groups);

// Counts of values in equal steps of their logarithm between the smallest and the largest above 0; zeros are counted
// apart.
struct LogHistogram {
  std::vector<double> edges;  // one more than counts; empty without a value above 0
  std::vector<std::int64_t> counts;
  std::int64_t zeros = 0;
};
LogHistogram log_histogram(const std::vector<double>& values, int bins);

}  // namespace tessera::sparsity
