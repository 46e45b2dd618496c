// An output that has no room beside its input takes the place of input rows that are not read any more: while a layer
// walks its map downwards in tiles of rows, what lies above the windows of the remaining tiles is free.
#pragma once
#include <optional>
#include <vector>

#include "sim/schedule/storage.h"
#include "sim/schedule/tiling.h"

namespace tessera::schedule {

// Rows of the output in one memory tile, which nothing may write before all cores are at tile row `step`.
struct RolledRows {
  int memtile = 0, step = 0;
  Span rows;
  std::int64_t address = 0;
};

// Whether a layer with this partition walks its rows such that they become free: columns split the height, in the bands
// in which tensors are spread over the memory tiles.
bool rolls(const Mapping& mapping, const arch::ArraySpec& array);

// Places for the whole output (`row_bytes` a row), as much as leaves `reserve` free outside the input, the rest within
// it. Nothing when that is too little.
std::optional<std::vector<RolledRows>> roll_output(const network::Layer& layer, const Partition& partition,
                                                   const Tiling& tiling, const Home& input, Bytes row_bytes,
                                                   Bytes reserve, const arch::ArraySpec& array,
                                                   std::vector<TileAllocator> allocators);

}  // namespace tessera::schedule
