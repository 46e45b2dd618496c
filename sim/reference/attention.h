// Operators over whole pixels, products of two tensors and movement of pixels, by their definitions.
#pragma once
#include "sim/reference/network_data.h"

namespace tessera::reference {

Tensor multiply_tensors(const network::Layer& layer, const Tensor& first, const Tensor& second);
Tensor softmax(const network::Layer& layer, const Tensor& in);
Tensor layer_normalization(const network::Layer& layer, const Tensor& in, const sparsity::WeightTensor& weights);
Tensor pick_pixels(const network::Layer& layer, const Tensor& in);
Tensor resize(const network::Layer& layer, const Tensor& in);
Tensor remap(const network::Layer& layer, const Tensor& in);
Tensor transpose(const network::Layer& layer, const Tensor& in);
Tensor depth_to_space(const network::Layer& layer, const Tensor& in);

}  // namespace tessera::reference
