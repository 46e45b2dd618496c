// Convolution kernel: int8 x int8 -> int32, 8 output channels at a time, absent blocks skipped.
#pragma once
#include <cstdint>

#include "models/kernels/weight_chunk.h"
#include "sim/network/network.h"

namespace tessera::models {

struct ConvTile {
  int out_h = 0, out_w = 0, out_c = 0;
  int in_w = 0, in_c = 0;
  network::Window window;
};

// acc[h][w][c] += in * blocks; `in` is [h][w][c] and holds exactly the window of the tile.
void conv_accumulate(const ConvTile& tile, const std::int8_t* in, const std::vector<WeightBlock>& blocks,
                     std::int32_t* acc);

}  // namespace tessera::models
