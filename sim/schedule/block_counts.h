// Present blocks of a mask in any rectangle in constant time: a table of prefix sums.
#pragma once
#include <vector>

#include "sim/sparsity/block_mask.h"

namespace tessera {

class BlockCounts {
 public:
  explicit BlockCounts(const KernelMask& mask) : cols_(mask.cols + 1) {
    sums_.assign(static_cast<std::size_t>(mask.rows + 1) * cols_, 0);
    for (int r = 0; r < mask.rows; ++r)
      for (int c = 0; c < mask.cols; ++c)
        at(r + 1, c + 1) = at(r, c + 1) + at(r + 1, c) - at(r, c) + (mask.present(r, c) ? 1 : 0);
  }
  std::int64_t count(int row0, int row1, int col0, int col1) const {
    return at(row1, col1) - at(row0, col1) - at(row1, col0) + at(row0, col0);
  }

  std::int64_t total() const { return sums_.back(); }
  std::int64_t size() const { return static_cast<std::int64_t>(sums_.size() / cols_ - 1) * (cols_ - 1); }

 private:
  std::int32_t& at(int r, int c) { return sums_[static_cast<std::size_t>(r) * cols_ + c]; }
  std::int32_t at(int r, int c) const { return sums_[static_cast<std::size_t>(r) * cols_ + c]; }
  int cols_;
  std::vector<std::int32_t> sums_;
};

}  // namespace tessera
