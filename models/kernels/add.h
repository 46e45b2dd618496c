// Element-wise kernels.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/base/arithmetic.h"
#include "sim/network/network.h"

namespace tessera::models {

// result = saturate(a + b), then ReLU.
inline void add_saturating(const std::int8_t* a, const std::int8_t* b, std::int8_t* result, std::int64_t n, bool relu) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int8_t v = saturate8(std::int64_t{a[i]} + b[i]);
    result[i] = relu && v < 0 ? std::int8_t{0} : v;
  }
}

// The same with a multiplier for each operand, and a shift.
inline void add_rescaled(const std::int8_t* a, const std::int8_t* b, std::int8_t* result, std::int64_t n,
                         const network::Layer& layer) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int8_t v = add_scaled(a[i], b[i], layer.multiplier[0], layer.multiplier[1], layer.shift);
    result[i] = layer.relu && v < 0 ? std::int8_t{0} : v;
  }
}

// result = requantized accumulator, then ReLU.
inline void requantize_all(const std::int32_t* acc, std::int8_t* result, std::int64_t n, int shift, bool relu) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int8_t v = requantize(acc[i], shift);
    result[i] = relu && v < 0 ? std::int8_t{0} : v;
  }
}

// The same with multipliers: element i has that of channel i mod the number of multipliers.
inline void requantize_scaled(const std::vector<std::int32_t>& acc, std::int8_t* result,
                              const std::vector<std::int32_t>& multiplier, const network::Layer& layer) {
  for (std::size_t i = 0, c = 0; i < acc.size(); ++i, c = c + 1 == multiplier.size() ? 0 : c + 1) {
    const std::int8_t v = requantize(acc[i], multiplier[c], layer.shift);
    result[i] = layer.relu && v < 0 ? std::int8_t{0} : v;
  }
}

}  // namespace tessera::models
