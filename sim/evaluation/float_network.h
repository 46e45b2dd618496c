// An imported network in float32: what the int8 one stands for.
#pragma once
#include <map>

#include "sim/evaluation/float_convolution.h"
#include "sim/evaluation/float_layers.h"
#include "sim/import/import.h"

namespace tessera::evaluation {

// Inputs beside the first one, for which there are no images, as problems.
std::vector<Problem> further_inputs(const import::Imported& imported, const std::string& file);

struct FloatTensor {
  Values values;
  Values sums;  // of a layer with a table behind its arithmetic: before it
};

class FloatNetwork {
 public:
  // `imported` must outlive the network.
  explicit FloatNetwork(const import::Imported& imported);
  // Tensors by LayerId, of an image of the shape of the input. `further`: other inputs of the file, by LayerId.
  std::vector<FloatTensor> run(const float* image, const std::map<network::LayerId, Values>& further = {}) const;

 private:
  Values computed(const network::Layer& layer, const std::vector<FloatTensor>& tensors) const;
  void finish(const network::Layer& layer, FloatTensor& tensor) const;

  const import::Imported& imported_;
  std::vector<FloatParameters> parameters_;  // by LayerId
  std::map<network::LayerId, FloatConvolution> convolutions_;
};

}  // namespace tessera::evaluation
