// The integer arithmetic of the network, defined once: what "bit-exact" refers to.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
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

// Requantization with a general scale: product / 2^shift, |product| <= 2^62, 0 <= shift <= 62, rounded half to even (as
// QuantizeLinear of ONNX does, and the mode conv_even of AIE2), saturated.
inline std::int8_t scale_to_int8(std::int64_t product, int shift) {
  if (shift == 0) return saturate8(product);
  const std::int64_t half = std::int64_t{1} << (shift - 1), mask = (std::int64_t{1} << shift) - 1;
  std::int64_t rounded = (product + half) >> shift;
  if (((product + half) & mask) == 0) rounded &= ~std::int64_t{1};
  return saturate8(rounded);
}
inline std::int8_t requantize(std::int32_t acc, std::int32_t multiplier, int shift) {
  return scale_to_int8(std::int64_t{acc} * multiplier, shift);
}
// a and b each times its multiplier, over 2^shift.
inline std::int8_t add_scaled(std::int8_t a, std::int8_t b, std::int32_t of_a, std::int32_t of_b, int shift) {
  return scale_to_int8(std::int64_t{a} * of_a + std::int64_t{b} * of_b, shift);
}

// Average of `sum` over `count` elements: multiply by round(2^16 / count), shift by 16 with the same rounding.
inline std::int8_t average(std::int32_t sum, int count) {
  const std::int64_t factor = (65536 + count / 2) / count;
  return saturate8((std::int64_t{sum} * factor + 32768) >> 16);
}

// Between the four values {top left, top right, bottom left, bottom right}, fy / 256 of the way down and fx / 256 to
// the right, rounded half upwards.
inline std::int8_t interpolate(const std::array<std::int8_t, 4>& v, int fy, int fx) {
  const int top = v[0] * (256 - fx) + v[1] * fx, bottom = v[2] * (256 - fx) + v[3] * fx;
  return static_cast<std::int8_t>((top * (256 - fy) + bottom * fy + 32768) >> 16);
}

// Largest integer whose square is at most n.
inline std::int64_t integer_root(std::int64_t n) {
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
  while (root > 0 && root * root > n) --root;
  while ((root + 1) * (root + 1) <= n) ++root;
  return root;
}

// Softmax over n int8 values x: e(x) = exp(step * (x - largest x)) * 2^15, rounded, from a table of 256; the result is
// e(x) * 2^7 / sum of all e, rounded, at most 127: steps of 1/128.
inline std::int8_t softmax_share(std::int64_t e, std::int64_t sum) { return saturate8((e * 128 + sum / 2) / sum); }

// Layer normalization over n int8 values x: s their sum, q the sum of their squares, root = floor(sqrt(n q - s s + e)),
// at least 1, which is n standard deviations; e = n n epsilon, rounded, with epsilon in squared steps of x. z = (n x -
// s) / root in steps of 2^-10, rounded to the nearest, halves up; the result is z * factor + bias, requantized. Without
// centring s is 0.
constexpr double largest_epsilon_term = 0x1p52;  // of e: with the deviations an exact double
inline std::int32_t normalized(std::int64_t centred, std::int64_t root) {
  const std::int64_t numerator = centred * 2048 + root, divisor = 2 * root;
  const std::int64_t quotient = numerator / divisor;
  return static_cast<std::int32_t>(quotient - (numerator % divisor < 0 ? 1 : 0));
}

}  // namespace base
}  // namespace tessera
