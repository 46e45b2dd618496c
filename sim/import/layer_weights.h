// The float weights of a layer, where they stand in the file.
#pragma once
#include <vector>

#include "sim/import/tensor.h"

namespace tessera::import {

struct LayerWeights {
  Tensor source;
  Dims shape;    // [cout][kh][kw][cin]
  Dims strides;  // of these in `source`, in elements
  double factor = 1;
  std::vector<float> bias;  // per output channel

  // All values in the order of `shape`, times the factor.
  std::vector<float> values() const;
};

}  // namespace tessera::import
