// The arrays of sim/tensor/, and the weights that stand in them, by their own names.
#pragma once
#include "sim/tensor/layer_weights.h"
#include "sim/tensor/tensor.h"

namespace tessera::import {

using namespace tensor;

}  // namespace tessera::import
