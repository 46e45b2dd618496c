// A network as layers in topological order; each layer produces exactly one tensor, named by its LayerId.
// Arithmetic (int8 activations and weights, see sim/base/arithmetic.h for rounding): conv2d, gemm and depthwise
// accumulate in int32, add the bias, requantize as `scaling` says, saturate to int8, then ReLU up to `most`, then the
// lookup; add and sub saturate a + b and a - b, mul requantizes a * b like a sum, then ReLU; max pooling ignores
// padding; average pooling counts it; lookup is a table of 256 results (sim/ops/lookup.h); select copies channels.
#pragma once
#include <string>
#include <vector>

#include "sim/ops/operator.h"

namespace tessera::network {

using ops::bytes_of;
using ops::ElementType;
using ops::find_type;
using ops::Layer;
using ops::LayerId;
using ops::max_scaled_shift;
using ops::max_shift;
using ops::Op;
using ops::op_name;
using ops::Scaling;
using ops::Shape;
using ops::stored_channels;
using ops::type_bytes;
using ops::type_name;
using ops::type_names;
using ops::Window;

struct Network {
  std::string name;
  std::vector<Layer> layers;  // topological order; layers[i].id == i
};

}  // namespace tessera::network
