// The int8 convolution of a network, bit for bit what reference/convolution.h computes, by 16-bit multiply-add.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/evaluation/packed_convolution.h"
#include "sim/sparsity/compaction.h"

namespace tessera::evaluation {

enum class Instructions { plain, avx2, avx512 };
// The widest that this machine has.
Instructions best_instructions();

class IntegerConvolution {
 public:
  IntegerConvolution(const network::Layer& layer, const sparsity::WeightTensor& weights,
                     Instructions instructions = best_instructions());
  // [h][w][c] to [h][w][c]; `scratch` belongs to the thread.
  void run(const std::int8_t* in, std::int8_t* out, std::vector<std::int16_t>& scratch) const;

 private:
  PackedConvolution<std::int16_t, std::int32_t, 2> packed_;
  const TileTable<std::int16_t, std::int32_t>& table_;
  std::vector<std::int32_t> bias_, multiplier_;  // padded to whole blocks
};

}  // namespace tessera::evaluation
