// Kernels of single channels, and of two operands of which the second may have one row or column for all.
#pragma once
#include <cstdint>

#include "sim/program/program.h"

namespace tessera::models {

// acc[h][w][c] = bias[c] + sum over taps of in * weights. `bias` holds an int32 per channel of the call, `weights` for
// every 8 channels [tap][8]; `in` holds exactly the window of the tile.
void depthwise(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
               const std::uint8_t* bias, const std::uint8_t* weights, std::int32_t* acc);

// result = a + b, a - b or a * b shifted, saturated, then ReLU.
void combine(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* a, const std::int8_t* b,
             std::int8_t* result);

// Channels of the input by number; `numbers` holds for every 8 channels 8 low bytes and 8 high bytes. A number beyond
// the input's channels means zero if it is 65535, and is refused else.
bool select_channels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                     const std::uint8_t* numbers, std::int8_t* result);

}  // namespace tessera::models
