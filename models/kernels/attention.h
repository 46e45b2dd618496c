// Kernels over whole pixels, products of two tensors, and movement of pixels.
#pragma once
#include <cstdint>

#include "sim/program/program.h"

namespace tessera::models {

// Adds the call's products to sums[h][w][c] of its output; `first` and `second` hold exactly what it reads of its
// inputs.
void multiply_tensors(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* first,
                      const std::int8_t* second, std::int32_t* sums);

// `table`: 256 exponentials of 16 bits. Channels beyond the layer's are zero, and do not count.
void softmax(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
             const std::uint8_t* table, std::int8_t* result);

// `bias` holds an int32 per stored channel, `factors` a byte.
void layer_normalization(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                         const std::uint8_t* bias, const std::uint8_t* factors, std::int8_t* result);

void pick_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                 std::int8_t* result);
void remap_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                  std::int8_t* result);
void transpose_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                      std::int8_t* result);
// resize and depth_to_space
void spread_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                   std::int8_t* result);

}  // namespace tessera::models
