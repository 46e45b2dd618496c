// The convolution of a network in float32, of any groups and dilation.
#pragma once
#include <vector>

#include "sim/evaluation/packed_convolution.h"
#include "sim/import/tensor.h"

namespace tessera::evaluation {

class FloatConvolution {
 public:
  FloatConvolution(const network::Layer& layer, const import::LayerWeights& weights);
  // [h][w][c] to [h][w][c], with bias and ReLU; `scratch` belongs to the thread.
  void run(const float* in, float* out, std::vector<float>& scratch) const;

 private:
  using Packed = PackedConvolution<float, float, 1>;
  // The window of every output pixel as the channels of one, of the inputs of a group.
  std::vector<float> patches(const float* in, int group) const;
  void run_group(const float* in, int group, float* out, std::vector<float>& scratch) const;

  network::Layer layer_;
  bool direct_;                 // read as it stands, else as patches
  std::vector<Packed> groups_;  // one for each
  std::vector<double> bias_;
};

}  // namespace tessera::evaluation
