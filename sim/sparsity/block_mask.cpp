#include "sim/sparsity/block_mask.h"

#include <algorithm>

namespace tessera::sparsity {

BlockMask BlockMask::all_ones(int cout, int cin, int bc, int bi) {
  BlockMask m{bc, bi, cout, cin, {}};
  m.bits.assign(static_cast<std::size_t>(m.rows()) * m.cols(), 1);
  return m;
}

std::int64_t KernelMask::count(int row0, int row1, int col0, int col1) const {
  std::int64_t n = 0;
  for (int r = row0; r < row1; ++r)
    for (int c = col0; c < col1; ++c) n += bits[static_cast<std::size_t>(r) * cols + c];
  return n;
}

BlockMask one_column(const BlockMask& mask, int cin) {
  BlockMask one = BlockMask::all_ones(mask.cout, cin, mask.bc, static_cast<int>(round_up(cin, kernel_block)));
  for (int r = 0; r < one.rows(); ++r) {
    const auto row = mask.bits.begin() + std::ptrdiff_t{r} * mask.cols();
    one.bits[static_cast<std::size_t>(r)] = *std::max_element(row, row + mask.cols());
  }
  return one;
}

KernelMask kernel_mask(const BlockMask& mask) {
  KernelMask k;
  k.rows = static_cast<int>(ceil_div(mask.cout, kernel_block));
  k.cols = static_cast<int>(ceil_div(mask.cin, kernel_block));
  k.unit_rows = std::max(1, mask.bc / kernel_block);
  k.unit_cols = std::max(1, mask.bi / kernel_block);
  k.bits.assign(static_cast<std::size_t>(k.rows) * k.cols, 0);
  if (mask.bc == kernel_block && mask.bi == kernel_block) {
    std::transform(mask.bits.begin(), mask.bits.end(), k.bits.begin(), [](auto bit) { return bit != 0 ? 1 : 0; });
    return k;
  }
  for (int r = 0; r < mask.rows(); ++r)
    for (int c = 0; c < mask.cols(); ++c) {
      if (!mask.present(r, c)) continue;
      const int row1 = std::min(k.rows, static_cast<int>(ceil_div(std::int64_t{r + 1} * mask.bc, kernel_block)));
      const int col1 = std::min(k.cols, static_cast<int>(ceil_div(std::int64_t{c + 1} * mask.bi, kernel_block)));
      for (int y = r * mask.bc / kernel_block; y < row1; ++y)
        for (int x = c * mask.bi / kernel_block; x < col1; ++x) k.bits[static_cast<std::size_t>(y) * k.cols + x] = 1;
    }
  return k;
}

}  // namespace tessera::sparsity
