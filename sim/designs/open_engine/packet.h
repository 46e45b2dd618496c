// The packets of the open engine: fixed sizes, one core program for all of them. Source: shapes and sizes of
// kernels/aie2/conv_engine in github.com/jdominick05/ignite-xdna.
#pragma once
#include "sim/base/units.h"
#include "sim/designs/open_engine/engine_network.h"

namespace tessera::designs::open_engine {

constexpr Bytes weight_bytes = 9472;      // header 128, biases 128, up to 9216 weights
constexpr Bytes activation_bytes = 6400;  // of one core
constexpr Bytes output_bytes = 3200;      // of one core: 5 rows x 20 pixels x 32 channels
constexpr int cores = 4;                  // of a column; their tiles stand below each other
constexpr int tile_rows = 5, tile_cols = 20;
constexpr int round_rows = cores * tile_rows;
constexpr int group_blocks = 4;  // output channels of a tile, in blocks of 8

// What one core reads of the input for a tile: rows x pixels x blocks of 8 channels, which fill the packet exactly.
struct ReadShape {
  int rows, pixels, blocks;  // as read
  int fresh;                 // blocks that the next packet begins later
  int row_step;              // input rows from one core's tile to the next
  int col_step;              // input pixels from one tile to the next beside it
};

enum class PacketKind { k1, up, k3s1, k3s2, k5s1, pool, residual };

PacketKind packet_kind(const EngineLayer& layer, const Segment& segment);
ReadShape read_shape(PacketKind kind);

}  // namespace tessera::designs::open_engine
