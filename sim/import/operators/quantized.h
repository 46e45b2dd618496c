// What the quantized forms of products and convolutions share: scales and zero points beside the tensors.
#pragma once
#include <vector>

#include "sim/import/call.h"

namespace tessera::import {

// Input `at` minus its zero point, which is input `zero` (may be missing) for the whole tensor or along `axis`.
std::vector<double> centered(const Call& call, int at, int zero, std::int64_t axis);

// Places of scales and zero point among the inputs.
struct ScalePlaces {
  int x, w, y, zero;
};
// Integer sums -> quantized output: times x scale * w scale / y scale, rounded to even, plus the zero point, saturated
// to the output's type. w's scale may be one per channel, a run of `inner` elements.
void requantize_linear(const Call& call, std::vector<double>& sums, ScalePlaces at, std::int64_t inner);

// Saturates to an integer type.
double saturated(double value, DataType type);

}  // namespace tessera::import
