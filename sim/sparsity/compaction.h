// What the weights of one chunk look like in memory: a chunk is the part of a layer's weights that one kernel call
// reads, a list of 8-channel output rows by a range of 8-channel input columns, all taps.
//
//   [bias: int32 per output channel, only in the first chunk over the input channels]
//   [multipliers: int32 per output channel, only in the last chunk over the input channels of a layer that has them]
//   [index, only if a block is missing: u16 count per index row, then u16 column of every present index unit; to 4
//   bytes] [block data: for each row in order, for each present column: taps x 8 input x 8 output channels, int8]
//
// A chunk without a missing block carries no index, so an all-ones mask costs exactly what dense costs. An index unit
// is a mask block or 8x8, whichever is larger, when it divides the chunk; else 8x8. All blocks of a present unit are
// stored; the last unit of a row may be cut by the end of the input channels.
//
// Weights of single channels have no columns and no index: [bias] [for each row: taps x 8 output channels, int8]. A
// table, where the layer has one, stands at the end of the last chunk over the input channels.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/ops/operator.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::sparsity {

struct ChunkShape {
  std::vector<int> rows;   // 8-channel output rows (kernel-block rows of the mask), in the order they are stored
  int col0 = 0, col1 = 0;  // 8-channel input columns, half open
  int taps = 1;            // kh * kw; of weights of single channels their bytes per channel
  bool bias = false;
  bool multipliers = false;
  bool by_channel = false;  // weights of single channels
  int table = 0;            // bytes
  Bytes padding = 0;        // zeros before the table, so that chunks of one layer are equally long
};

struct ChunkSize {
  std::int64_t blocks = 0;  // present 8x8 blocks
  bool indexed = false;
  Bytes bias = 0, index = 0, data = 0, multipliers = 0, table = 0, padding = 0;
  Bytes parameters() const { return bias + multipliers; }
  Bytes total() const { return parameters() + index + data + padding + table; }
};

// Kernel blocks that share one index entry of the chunk.
struct IndexUnits {
  int rows = 1, cols = 1;
};
IndexUnits index_units(const KernelMask& mask, const ChunkShape& chunk);

ChunkSize chunk_size(const KernelMask& mask, const ChunkShape& chunk);

// Weights of one layer as the network defines them: int8 [cout][kh][kw][cin / groups], int32 bias [cout], and int32
// multiplier [cout] where the layer has one per channel. Of weights of single channels cin and groups are cout.
struct WeightTensor {
  int cout = 0, taps = 1, cin = 0, groups = 1;
  std::vector<std::int8_t> values;
  std::vector<std::int32_t> bias, multiplier;
  std::vector<std::int8_t> table;  // bytes of the layer's table, or empty

  int group_inputs() const { return cin / groups; }
  // Of any output and input channel: zero between groups.
  std::int8_t value(int oc, int tap, int ic) const {
    const int ins = group_inputs(), first = oc / (cout / groups) * ins;
    if (ic < first || ic >= first + ins) return 0;
    return values[(static_cast<std::size_t>(oc) * static_cast<std::size_t>(taps) + static_cast<std::size_t>(tap)) *
                      static_cast<std::size_t>(ins) +
                  static_cast<std::size_t>(ic - first)];
  }
};

// Makes the weights in zero blocks zero.
void clear_zero_blocks(WeightTensor& weights, const BlockMask& mask);

// The bytes of a chunk; the size equals chunk_size(...).total(). Channels beyond cout or cin are zero.
std::vector<std::uint8_t> pack_chunk(const WeightTensor& weights, const KernelMask& mask, const ChunkShape& chunk);

}  // namespace tessera::sparsity
