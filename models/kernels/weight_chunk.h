// Reads the compacted weights of one chunk from bytes, as a kernel on the array would: parameters, index, blocks
// (sim/sparsity/compaction.h). What a kernel knows beforehand is its shape; which blocks are there it learns from the
// index in memory, so a chunk that was overwritten or misplaced is noticed.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/program/program.h"

namespace tessera::models {

struct WeightBlock {
  int row = 0, col = 0;               // 8-channel row and column within the chunk
  const std::int8_t* data = nullptr;  // taps x 8 input x 8 output channels
};

struct WeightChunk {
  std::vector<std::int32_t> bias, multiplier;  // per output channel; empty when the chunk carries none
  std::vector<WeightBlock> blocks;
};

// `bytes` holds place.size.total() bytes and must outlive the result. nullopt when the index makes no sense.
std::optional<WeightChunk> read_chunk(const std::uint8_t* bytes, const program::ChunkPlace& place,
                                      const sparsity::IndexUnits& units);

}  // namespace tessera::models
