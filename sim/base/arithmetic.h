// The integer arithmetic of the network, defined once: what "bit-exact" refers to.
#pragma once
#include <algorithm>
#include <cstdint>

namespace tessera {
inline namespace base {

inline std::int8_t saturate8(std::int64_t v) {
  return static_cast<std::int8_t>(std::clamp<std::int64_t>(v, -128, 127));
}

// Requantization: arithmetic shift right, round half away from zero upwards (add half, floor), saturate.
inline std::int8_t requantize(std::int32_t acc, int shift) {
  const std::int64_t half = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
  return saturate8((std::int64_t{acc} + half) >> shift);
}

// Average of `sum` over `count` elements: multiply by round(2^16 / count), shift by 16 with the same rounding.
inline std::int8_t average(std::int32_t sum, int count) {
  const std::int64_t factor = (65536 + count / 2) / count;
  return saturate8((std::int64_t{sum} * factor + 32768) >> 16);
}

}  // namespace base
}  // namespace tessera
