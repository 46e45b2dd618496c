// The direct reference: every layer computed by plain loops over the whole tensor, in the arithmetic of
// sim/base/arithmetic.h. Knows no array, no tiles and no blocks, and shares no code with the scheduler or the kernels.
#pragma once
#include <vector>

#include "sim/reference/network_data.h"

namespace tessera::reference {

// Every layer's tensor, by LayerId.
std::vector<Tensor> run_reference(const network::Network& network, const NetworkData& data);

// The tensor of one layer other than the input, from those of the layers before it; `weights`: its own.
Tensor compute_layer(const network::Layer& layer, const std::vector<Tensor>& tensors,
                     const sparsity::WeightTensor& weights);

// The product of a gemm with int32 results, [m][n]: no bias, no shift.
std::vector<std::int32_t> reference_product(const network::Layer& gemm, const NetworkData& data);

}  // namespace tessera::reference
