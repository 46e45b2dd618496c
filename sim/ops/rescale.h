// How sums of a layer become int8, as its scaling says: what kernels and plain loops share is the definition.
#pragma once
#include "sim/base/arithmetic.h"
#include "sim/ops/layer.h"

namespace tessera::ops {

// Of a layer with one multiplier for all channels.
inline std::int8_t requantized(const Layer& layer, std::int32_t sum) {
  return layer.scaling == Scaling::power ? requantize(sum, layer.shift)
                                         : requantize(sum, layer.multiplier[0], layer.shift);
}

// add and sub
inline std::int8_t combined(const Layer& layer, std::int8_t a, std::int8_t b) {
  const int sign = layer.op == Op::sub ? -1 : 1;
  return layer.scaling == Scaling::power
             ? saturate8(std::int64_t{a} + sign * b)
             : add_scaled(a, b, layer.multiplier[0], sign * layer.multiplier[1], layer.shift);
}

// layernorm: epsilon times the square of the number of channels, which is what is added to the squared deviations.
inline std::int64_t epsilon_term(const Layer& layer) {
  const double n = layer.out.c;
  return std::llround(std::min(layer.epsilon * n * n, largest_epsilon_term));
}

}  // namespace tessera::ops
