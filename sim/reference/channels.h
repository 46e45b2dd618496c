// Operators of single channels, and convolutions of any groups and dilation, by their definitions.
#pragma once
#include "sim/reference/network_data.h"

namespace tessera::reference {

// Of any groups and dilation, depthwise among them: bias, sums, shift, saturation, ReLU and its limit, table.
Tensor grouped_convolution(const network::Layer& layer, const Tensor& in, const sparsity::WeightTensor& weights);
// add, sub, mul; a second operand of one row or column stands for all.
Tensor combine_tensors(const network::Layer& layer, const Tensor& a, const Tensor& b);
Tensor look_up(const network::Layer& layer, const Tensor& in);
Tensor select_channels(const network::Layer& layer, const Tensor& in);

// What follows requantization: ReLU and its limit, then the table.
Tensor finished(const network::Layer& layer, Tensor values);

}  // namespace tessera::reference
