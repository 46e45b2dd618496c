#include "sim/tensor/layer_weights.h"

#include <algorithm>
#include <cmath>

namespace tessera::tensor {

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
  if (source.type == DataType::f32) {
    out.resize(static_cast<std::size_t>(element_count(shape)));
    strided_copy(reinterpret_cast<char*>(out.data()), source, shape, 0, strides);
  } else {
    const std::vector<double> numbers = reals(strided_copy(source, shape, 0, strides));
    out.assign(numbers.begin(), numbers.end());
  }
  if (factor != 1)
    for (float& v : out) v = static_cast<float>(v * factor);
  return out;
}

WeightFigures LayerWeights::figures() const {
  const std::vector<float> all = values();
  WeightFigures figures;
  figures.largest.resize(static_cast<std::size_t>(shape[0]));
  const std::size_t row = all.size() / figures.largest.size();
  for (std::size_t c = 0; c < figures.largest.size(); ++c)
    for (std::size_t i = c * row; i < (c + 1) * row; ++i) {
      const float v = all[i];
      if (!std::isfinite(v)) ++figures.unfit;
      figures.squares += static_cast<double>(v) * v;
      figures.largest[c] = std::max(figures.largest[c], std::fabs(v));
    }
  return figures;
}

}  // namespace tessera::tensor
