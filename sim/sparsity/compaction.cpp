#include "sim/sparsity/compaction.h"

#include <algorithm>
#include <cstring>

namespace tessera::sparsity {

namespace {

// A unit is present when its first block is: index_units() sees to it that all its blocks are alike.
bool unit_present(const KernelMask& mask, const ChunkShape& chunk, int row, int col) {
  return mask.present(chunk.rows[row], col);
}

// Rows come in whole, consecutive, aligned groups of `group`.
bool whole_groups(const std::vector<int>& rows, int group) {
  if (rows.size() % static_cast<std::size_t>(group) != 0) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool starts = i % static_cast<std::size_t>(group) == 0;
    if (starts ? rows[i] % group != 0 : rows[i] != rows[i - 1] + 1) return false;
  }
  return true;
}

// Every unit is all there or all missing; not so where channels were reordered by single blocks.
bool uniform(const KernelMask& mask, const ChunkShape& chunk, const IndexUnits& u) {
  const auto rows = static_cast<int>(chunk.rows.size());
  for (int r = 0; r < rows; ++r)
    for (int c = chunk.col0; c < chunk.col1; ++c)
      if (mask.present(chunk.rows[r], c) != unit_present(mask, chunk, r - r % u.rows, c - (c - chunk.col0) % u.cols))
        return false;
  return true;
}

}  // namespace

IndexUnits index_units(const KernelMask& mask, const ChunkShape& chunk) {
  IndexUnits u{mask.unit_rows, mask.unit_cols};
  if (chunk.col0 % u.cols != 0 || (chunk.col1 % u.cols != 0 && chunk.col1 != mask.cols)) u.cols = 1;
  if (!whole_groups(chunk.rows, u.rows)) u.rows = 1;
  if (u.rows * u.cols > 1 && !uniform(mask, chunk, u)) u = {};
  return u;
}

ChunkSize chunk_size(const KernelMask& mask, const ChunkShape& chunk) {
  ChunkSize s;
  const auto rows = static_cast<int>(chunk.rows.size());
  s.bias = chunk.bias ? Bytes{rows} * kernel_block * 4 : 0;
  s.multipliers = chunk.multipliers ? Bytes{rows} * kernel_block * 4 : 0;
  s.table = chunk.table;
  s.padding = chunk.padding;
  if (chunk.by_channel) {
    s.data = Bytes{rows} * kernel_block * chunk.taps;
    return s;
  }
  for (int row : chunk.rows) s.blocks += mask.count(row, row + 1, chunk.col0, chunk.col1);
  s.indexed = s.blocks != std::int64_t{rows} * (chunk.col1 - chunk.col0);
  s.data = s.blocks * kernel_block * kernel_block * chunk.taps;
  if (s.indexed) {
    const IndexUnits u = index_units(mask, chunk);
    Bytes entries = rows / u.rows;
    for (int r = 0; r < rows; r += u.rows)
      for (int c = chunk.col0; c < chunk.col1; c += u.cols) entries += unit_present(mask, chunk, r, c) ? 1 : 0;
    s.index = round_up(entries * 2, 4);
  }
  return s;
}

std::vector<std::uint8_t> pack_chunk(const WeightTensor& w, const KernelMask& mask, const ChunkShape& chunk) {
  const ChunkSize size = chunk_size(mask, chunk);
  const auto rows = static_cast<int>(chunk.rows.size());
  std::vector<std::uint8_t> out(static_cast<std::size_t>(size.total()), 0);
  std::uint8_t* p = out.data();
  const auto put_parameters = [&](const std::vector<std::int32_t>& values) {
    for (int row : chunk.rows)
      for (int i = 0; i < kernel_block; ++i, p += 4) {
        const int oc = row * kernel_block + i;
        const std::int32_t v = oc < w.cout ? values[static_cast<std::size_t>(oc)] : 0;
        std::memcpy(p, &v, 4);
      }
  };
  if (chunk.bias) put_parameters(w.bias);
  if (chunk.multipliers) put_parameters(w.multiplier);
  if (chunk.table > 0) std::copy(w.table.begin(), w.table.end(), out.end() - size.table);
  if (chunk.by_channel) {
    for (int row : chunk.rows)
      for (int t = 0; t < chunk.taps; ++t)
        for (int oc = row * kernel_block; oc < (row + 1) * kernel_block; ++oc, ++p)
          if (oc < w.cout) *p = static_cast<std::uint8_t>(w.value(oc, t, oc));
    return out;
  }
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
      for (int c = chunk.col0; c < chunk.col1; c += u.cols) n += unit_present(mask, chunk, r, c) ? 1 : 0;
      put(n);
    }
    for (int r = 0; r < rows; r += u.rows)
      for (int c = chunk.col0; c < chunk.col1; c += u.cols)
        if (unit_present(mask, chunk, r, c)) put((c - chunk.col0) / u.cols);
    p += size.index;
  }
  for (int row : chunk.rows)
    for (int col = chunk.col0; col < chunk.col1; ++col) {
      if (!mask.present(row, col)) continue;
      for (int t = 0; t < chunk.taps; ++t)
        for (int i = 0; i < kernel_block; ++i)
          for (int o = 0; o < kernel_block; ++o, ++p) {
            const int oc = row * kernel_block + o, ic = col * kernel_block + i;
            if (oc < w.cout && ic < w.cin) *p = static_cast<std::uint8_t>(w.value(oc, t, ic));
          }
    }
  return out;
}

void clear_zero_blocks(WeightTensor& w, const BlockMask& mask) {
  for (int oc = 0; oc < w.cout; ++oc)
    for (int t = 0; t < w.taps; ++t) {
      std::int8_t* row = &w.values[(static_cast<std::size_t>(oc) * w.taps + t) * w.cin];
      for (int col = 0; col < mask.cols(); ++col)
        if (!mask.present(oc / mask.bc, col))
          std::fill(row + col * mask.bi, row + std::min(w.cin, (col + 1) * mask.bi), std::int8_t{0});
    }
}

}  // namespace tessera::sparsity
