// The first output of a file: where its values stand among those that layers compute.
#pragma once
#include <vector>

#include "sim/evaluation/accuracy.h"
#include "sim/import/import.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::cli {

struct ModelOutput {
  network::LayerId layer = 0;
  bool image = false;               // has rows and columns; its values are [h][w][c] then, else as the file has them
  bool rows = false;                // no image, and several rows of numbers: no classes
  network::Shape shape;             // of an image
  import::Dims dims;                // as the file has them
  std::vector<std::size_t> places;  // of its values, in the tensor of the layer
  double factor = 1;                // of a value to what stands there

  std::int64_t size() const { return static_cast<std::int64_t>(places.size()); }
};

ModelOutput first_output(const import::Imported& imported);

// The outputs of several images as the file has them, one after the other: in its order of dimensions.
sparsity::NumpyArray file_outputs(const ModelOutput& output, const evaluation::Outputs& outputs);

// The values of an output among those of its layer's tensor.
template <class T>
std::vector<float> output_values(const ModelOutput& output, const std::vector<T>& tensor, double step) {
  std::vector<float> values;
  values.reserve(output.places.size());
  for (const std::size_t place : output.places)
    values.push_back(static_cast<float>(static_cast<double>(tensor[place]) * step * output.factor));
  return values;
}

}  // namespace tessera::cli
