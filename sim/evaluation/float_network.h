// An imported network in float32: what the int8 one stands for.
#pragma once
#include <functional>
#include <map>

#include "sim/evaluation/float_convolution.h"
#include "sim/import/import.h"

namespace tessera::evaluation {

// Layers that have no float arithmetic here, as problems.
std::vector<Problem> no_float_layers(const import::Imported& imported, const std::string& file);

class FloatNetwork {
 public:
  // `imported` must outlive the network, which has no layer of no_float_layers.
  explicit FloatNetwork(const import::Imported& imported);
  // Tensors by LayerId, [h][w][c], of an image of the shape of the input.
  std::vector<std::vector<float>> run(const float* image) const;

 private:
  const network::Network& network_;
  std::map<network::LayerId, FloatConvolution> convolutions_;
};

}  // namespace tessera::evaluation
