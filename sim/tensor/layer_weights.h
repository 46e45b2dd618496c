// The float weights of a layer, where they stand in the file.
#pragma once
#include <string>
#include <vector>

#include "sim/tensor/tensor.h"

namespace tessera::tensor {

// What is asked of all weights of a layer at once.
struct WeightFigures {
  std::size_t unfit = 0;       // infinite, or no numbers
  double squares = 0;          // their sum
  std::vector<float> largest;  // magnitude, by output channel
};

struct LayerWeights {
  Tensor source;
  Dims shape;    // [cout][kh][kw][cin]
  Dims strides;  // of these in `source`, in elements
  double factor = 1;
  std::vector<double> bias;  // per output channel
  // Of a source of integers, which stand for (integer - zero) * scale * factor: one of each for all, or one per output
  // channel. Empty: the source has real numbers.
  std::vector<double> scales{}, zeros{};
  std::string node{};  // that reads them, by name

  // All values in the order of `shape`.
  std::vector<float> values() const;
  WeightFigures figures() const;
  // The same of a source of integers, without scale and factor.
  std::vector<double> integers() const;
  // Of an output channel.
  double scale(std::size_t channel) const { return factor * scales[scales.size() == 1 ? 0 : channel]; }
};

}  // namespace tessera::tensor
