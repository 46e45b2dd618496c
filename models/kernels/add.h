// Element-wise kernels.
#pragma once
#include <cstdint>

#include "sim/base/arithmetic.h"

namespace tessera::models {

// result = saturate(a + b), then ReLU.
inline void add_saturating(const std::int8_t* a, const std::int8_t* b, std::int8_t* result, std::int64_t n, bool relu) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int8_t v = saturate8(std::int64_t{a[i]} + b[i]);
    result[i] = relu && v < 0 ? std::int8_t{0} : v;
  }
}

// result = requantized accumulator, then ReLU.
inline void requantize_all(const std::int32_t* acc, std::int8_t* result, std::int64_t n, int shift, bool relu) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int8_t v = requantize(acc[i], shift);
    result[i] = relu && v < 0 ? std::int8_t{0} : v;
  }
}

}  // namespace tessera::models
