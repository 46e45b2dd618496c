// The convolution of a network in float32.
#pragma once
#include <vector>

#include "sim/evaluation/packed_convolution.h"
#include "sim/import/layer_weights.h"

namespace tessera::evaluation {

class FloatConvolution {
 public:
  FloatConvolution(const network::Layer& layer, const import::LayerWeights& weights);
  // [h][w][c] to [h][w][c], with bias and ReLU; `scratch` belongs to the thread.
  void run(const float* in, float* out, std::vector<float>& scratch) const;

 private:
  PackedConvolution<float, float, 1> packed_;
  std::vector<double> bias_;
};

}  // namespace tessera::evaluation
