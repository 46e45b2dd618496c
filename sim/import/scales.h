// Float -> int8: symmetric, powers of two, without calibration data. The weights of a layer get the largest exponent
// that keeps them in range. Activations are taken to have the root mean square that weights and biases give inputs of
// root mean square 1; tensors that are added, joined or pooled share an exponent. Good for data that is exact and
// plausible, not for judging accuracy.
#pragma once
#include "sim/import/import.h"
#include "sim/sparsity/compaction.h"

namespace tessera::import {

// Sets imported.scales, and the shifts of the network and of its file.
void choose_scales(Imported& imported);

// The int8 weights and int32 biases of a layer that has weights.
sparsity::WeightTensor quantized(const LayerWeights& weights, const LayerScale& scale);

}  // namespace tessera::import
