// Block mask of one weight tensor: one bit per block of `bc` output channels by `bi` input channels, all taps together.
// Kernels skip whole 8x8 blocks only, so `kernel_blocks` gives the mask at that granularity: an 8x8 block is present
// when any block that touches it is present.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/base/units.h"

namespace tessera::sparsity {

constexpr int kernel_block = 8;

// Output channels x input channels.
struct BlockSize {
  int bc = 8, bi = 8;
};

struct BlockMask {
  int bc = 8, bi = 8;              // block shape: output channels x input channels
  int cout = 0, cin = 0;           // of the weight tensor, not rounded
  std::vector<std::uint8_t> bits;  // row-major [ceil(cout/bc)][ceil(cin/bi)], 1 = present

  int rows() const { return static_cast<int>(ceil_div(cout, bc)); }
  int cols() const { return static_cast<int>(ceil_div(cin, bi)); }
  bool present(int row, int col) const { return bits[static_cast<std::size_t>(row) * cols() + col] != 0; }
  static BlockMask all_ones(int cout, int cin, int bc = 8, int bi = 8);
};

// A mask with one block in each row, for `cin` input channels: present where any of its row is.
BlockMask one_column(const BlockMask& mask, int cin);

// The same mask in 8x8 kernel blocks.
struct KernelMask {
  int rows = 0, cols = 0;            // ceil(cout/8), ceil(cin/8)
  int unit_rows = 1, unit_cols = 1;  // kernel blocks that share one index entry (larger mask blocks)
  std::vector<std::uint8_t> bits;
  bool present(int row, int col) const { return bits[static_cast<std::size_t>(row) * cols + col] != 0; }
  std::int64_t count(int row0, int row1, int col0, int col1) const;  // present blocks in the half-open rectangle
  std::int64_t count() const { return count(0, rows, 0, cols); }
};

KernelMask kernel_mask(const BlockMask& mask);

}  // namespace tessera::sparsity
