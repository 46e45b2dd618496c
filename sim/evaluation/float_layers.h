// Layers in float32, by their definitions: what sim/reference computes in int8. Convolutions of several channels are
// float_convolution.h.
#pragma once
#include <vector>

#include "sim/network/network.h"

namespace tessera::evaluation {

using Values = std::vector<float>;  // [h][w][c] of a tensor

// What a layer has beside its inputs, in the numbers of the file.
struct FloatParameters {
  std::vector<double> factors;  // what inputs stand for, over what stands in their tensors; empty: 1
  double epsilon = 0;           // of a normalization
  double limit = 0;             // of a clipped ReLU; 0: none
  Values weights;               // of depthwise and layernorm
  std::vector<double> bias;

  float factor(std::size_t input) const { return factors.empty() ? 1.0F : static_cast<float>(factors[input]); }
};

// Before its table, where it is no lookup itself. `in`: of its inputs.
Values compute_in_float(const network::Layer& layer, const FloatParameters& parameters,
                        const std::vector<const Values*>& in);

}  // namespace tessera::evaluation
