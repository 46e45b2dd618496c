// Weights by layer, for importance: from an .npz with "<layer>.weight" [cout, kh, kw, cin] of any number type. Where it
// also has "<layer>.weight_scale" [cout], as `tessera import --weights` writes beside int8 weights, they are
// multiplied.
#pragma once
#include <map>
#include <string>

#include "sim/base/error.h"
#include "sim/sparsity/importance.h"

namespace tessera::sparsity {

using WeightsByLayer = std::map<std::string, FloatWeights>;

// Refused: a file without any weights, of other shapes than four dimensions, with values that are no finite numbers.
Expected<WeightsByLayer> read_weights(const std::string& path);

}  // namespace tessera::sparsity
