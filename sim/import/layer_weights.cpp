#include "sim/import/layer_weights.h"

#include <cstring>

namespace tessera::import {

std::vector<float> LayerWeights::values() const {
  std::vector<float> out;
  Tensor ordered = strided_copy(source, shape, 0, strides);
  if (ordered.type == DataType::f32) {
    out.resize(ordered.bytes->size() / sizeof(float));
    std::memcpy(out.data(), ordered.bytes->data(), ordered.bytes->size());
  } else {
    const std::vector<double> numbers = reals(ordered);
    out.assign(numbers.begin(), numbers.end());
  }
  if (factor != 1)
    for (float& v : out) v = static_cast<float>(v * factor);
  return out;
}

}  // namespace tessera::import
