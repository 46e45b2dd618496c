// The reference convolution, by definition: a sum over the window, written so that compilers vectorize it.
#pragma once
#include "sim/reference/network_data.h"

namespace tessera::reference {

// Bias, int32 sums, shift, saturation and ReLU of a conv2d layer.
Tensor reference_convolution(const network::Layer& layer, const Tensor& input, const sparsity::WeightTensor& weights);

}  // namespace tessera::reference
