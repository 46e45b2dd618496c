// An output that has no room beside its input takes the place of input rows that are not read any more: while a layer
// walks its map downwards in tiles of rows, what lies above the windows of the remaining tiles is free.
#pragma once
#include <optional>
#include <vector>

#include "sim/mapping/tiling.h"
#include "sim/schedule/draft.h"

namespace tessera::schedule {

// Whether a layer divided like this walks its rows such that they become free: columns split the height, along which
// its input is spread over the memory tiles.
bool frees_rows(const mapping::Sharding& sharding, const arch::ArraySpec& array);

// A layer whose output is to stand over its input.
struct InPlace {
  const network::Layer& layer;
  const Standing& input;
  Bytes input_row_bytes, row_bytes;  // of a row of the input, of the output
  Bytes reserve;                     // what stays free of every memory tile
};

// Places for the whole output, as much as leaves `reserve` free outside the input, the rest within it. Nothing when
// that is too little.
std::optional<std::vector<mapping::Piece>> place_in_input(const InPlace& what, const mapping::Partition& partition,
                                                          const mapping::Tiling& tiling, const arch::ArraySpec& array,
                                                          std::vector<mapping::TileAllocator> allocators);

}  // namespace tessera::schedule
