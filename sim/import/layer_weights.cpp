#include "sim/import/layer_weights.h"

#include <cstring>

namespace tessera::import {

std::vector<double> LayerWeights::integers() const {
  std::vector<double> numbers = reals(strided_copy(source, shape, 0, strides));
  const std::size_t row = numbers.size() / static_cast<std::size_t>(shape[0]);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] -= zeros[zeros.size() == 1 ? 0 : i / row];
  return numbers;
}

std::vector<float> LayerWeights::values() const {
  std::vector<float> out;
  if (!scales.empty()) {
    const std::vector<double> numbers = integers();
    const std::size_t row = numbers.size() / static_cast<std::size_t>(shape[0]);
    for (std::size_t i = 0; i < numbers.size(); ++i) out.push_back(static_cast<float>(numbers[i] * scale(i / row)));
    return out;
  }
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
