#include "models/kernels/weight_chunk.h"

#include <algorithm>
#include <cstring>

namespace tessera::models {
namespace {

std::uint16_t half(const std::uint8_t* p) {
  std::uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Present blocks per row of the chunk, ascending columns.
using RowBlocks = std::vector<std::vector<int>>;

std::optional<RowBlocks> read_index(const std::uint8_t* index, Bytes size, int rows, int cols,
                                    const sparsity::IndexUnits& u) {
  RowBlocks present(static_cast<std::size_t>(rows));
  const int groups = rows / u.rows;
  Bytes at = Bytes{groups} * 2;
  for (int g = 0; g < groups; ++g) {
    int last = -1;
    for (int n = half(index + g * 2); n > 0; --n, at += 2) {
      if (at + 2 > size) return std::nullopt;
      const int unit = half(index + at);
      if (unit <= last || unit * u.cols >= cols) return std::nullopt;
      last = unit;
      for (int r = g * u.rows; r < (g + 1) * u.rows; ++r)
        for (int c = unit * u.cols; c < std::min(cols, (unit + 1) * u.cols); ++c)
          present[static_cast<std::size_t>(r)].push_back(c);
    }
  }
  return present;
}

}  // namespace

std::optional<WeightChunk> read_chunk(const std::uint8_t* bytes, const program::ChunkPlace& place,
                                      const sparsity::IndexUnits& units) {
  const int rows = static_cast<int>(place.shape.rows.size()), cols = place.shape.col1 - place.shape.col0;
  WeightChunk chunk;
  const auto read_parameters = [&](std::vector<std::int32_t>& to, Bytes at) {
    to.resize(static_cast<std::size_t>(rows) * sparsity::kernel_block);
    std::memcpy(to.data(), bytes + at, to.size() * 4);
  };
  if (place.shape.bias) read_parameters(chunk.bias, 0);
  if (place.shape.multipliers) read_parameters(chunk.multiplier, place.size.bias);
  RowBlocks present;
  if (place.size.indexed) {
    auto read = read_index(bytes + place.size.parameters(), place.size.index, rows, cols, units);
    if (!read) return std::nullopt;
    present = std::move(*read);
  } else {
    std::vector<int> all(static_cast<std::size_t>(cols));
    for (int c = 0; c < cols; ++c) all[static_cast<std::size_t>(c)] = c;
    present.assign(static_cast<std::size_t>(rows), all);
  }
  const Bytes block = Bytes{place.shape.taps} * sparsity::kernel_block * sparsity::kernel_block;
  const auto* data = reinterpret_cast<const std::int8_t*>(bytes + place.size.parameters() + place.size.index);
  Bytes used = 0;
  for (int r = 0; r < rows; ++r)
    for (const int c : present[static_cast<std::size_t>(r)]) {
      if (used + block > place.size.data) return std::nullopt;
      chunk.blocks.push_back({r, c, data + used});
      used += block;
    }
  if (used != place.size.data) return std::nullopt;
  return chunk;
}

}  // namespace tessera::models
