#include "sim/sparsity/compaction.h"

#include <algorithm>
#include <cstring>

namespace tessera {

// Larger mask blocks share an index entry when the chunk's rows come in whole, consecutive, aligned groups.
IndexUnits index_units(const KernelMask& mask, const ChunkShape& chunk) {
  IndexUnits u{mask.unit_rows, mask.unit_cols};
  if (chunk.col0 % u.cols != 0 || (chunk.col1 % u.cols != 0 && chunk.col1 != mask.cols)) u.cols = 1;
  const auto n = static_cast<int>(chunk.rows.size());
  bool whole = n % u.rows == 0;
  for (int i = 0; whole && i < n; ++i)
    whole = i % u.rows == 0 ? chunk.rows[i] % u.rows == 0 : chunk.rows[i] == chunk.rows[i - 1] + 1;
  if (!whole) u.rows = 1;
  return u;
}

namespace {

bool unit_present(const KernelMask& mask, const ChunkShape& chunk, const IndexUnits& u, int row, int col) {
  for (int r = row; r < row + u.rows; ++r)
    for (int c = col; c < std::min(col + u.cols, chunk.col1); ++c)
      if (mask.present(chunk.rows[r], c)) return true;
  return false;
}

}  // namespace

ChunkSize chunk_size(const KernelMask& mask, const ChunkShape& chunk) {
  ChunkSize s;
  const auto rows = static_cast<int>(chunk.rows.size());
  for (int row : chunk.rows) s.blocks += mask.count(row, row + 1, chunk.col0, chunk.col1);
  s.indexed = s.blocks != std::int64_t{rows} * (chunk.col1 - chunk.col0);
  s.bias = chunk.bias ? Bytes{rows} * kernel_block * 4 : 0;
  s.data = s.blocks * kernel_block * kernel_block * chunk.taps;
  if (s.indexed) {
    const IndexUnits u = index_units(mask, chunk);
    Bytes entries = rows / u.rows;
    for (int r = 0; r < rows; r += u.rows)
      for (int c = chunk.col0; c < chunk.col1; c += u.cols) entries += unit_present(mask, chunk, u, r, c) ? 1 : 0;
    s.index = round_up(entries * 2, 4);
  }
  return s;
}

std::vector<std::uint8_t> pack_chunk(const WeightTensor& w, const KernelMask& mask, const ChunkShape& chunk) {
  const ChunkSize size = chunk_size(mask, chunk);
  const auto rows = static_cast<int>(chunk.rows.size());
  std::vector<std::uint8_t> out(static_cast<std::size_t>(size.total()), 0);
  std::uint8_t* p = out.data();
  if (chunk.bias)
    for (int row : chunk.rows)
      for (int i = 0; i < kernel_block; ++i, p += 4) {
        const int oc = row * kernel_block + i;
        const std::int32_t b = oc < w.cout ? w.bias[oc] : 0;
        std::memcpy(p, &b, 4);
      }
  // Which blocks are stored: with index units of several blocks, present units store their present blocks only, so
  // within a unit every block counts as the mask's own bit; a mask block covers the unit, hence all or none.
  if (size.indexed) {
    const IndexUnits u = index_units(mask, chunk);
    std::uint8_t* index = p;
    const auto put = [&](int v) {
      const auto half = static_cast<std::uint16_t>(v);
      std::memcpy(index, &half, 2);
      index += 2;
    };
    for (int r = 0; r < rows; r += u.rows) {
      int n = 0;
      for (int c = chunk.col0; c < chunk.col1; c += u.cols) n += unit_present(mask, chunk, u, r, c) ? 1 : 0;
      put(n);
    }
    for (int r = 0; r < rows; r += u.rows)
      for (int c = chunk.col0; c < chunk.col1; c += u.cols)
        if (unit_present(mask, chunk, u, r, c)) put((c - chunk.col0) / u.cols);
    p += size.index;
  }
  for (int row : chunk.rows)
    for (int col = chunk.col0; col < chunk.col1; ++col) {
      if (!mask.present(row, col)) continue;
      for (int t = 0; t < chunk.taps; ++t)
        for (int i = 0; i < kernel_block; ++i)
          for (int o = 0; o < kernel_block; ++o, ++p) {
            const int oc = row * kernel_block + o, ic = col * kernel_block + i;
            if (oc < w.cout && ic < w.cin)
              *p = static_cast<std::uint8_t>(w.values[(static_cast<std::size_t>(oc) * w.taps + t) * w.cin + ic]);
          }
    }
  return out;
}

}  // namespace tessera
