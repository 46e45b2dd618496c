#include "sim/import/scales.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tessera::import {
namespace {

constexpr double input_rms = 1;
constexpr double target_rms = 40;       // of int8 data: 3 sigma within the range
constexpr double relu_factor = 0.7071;  // root mean square of a half-rectified symmetric value
constexpr int max_shift = 31;

struct WeightSize {
  double largest = 0, power = 0, bias_power = 0;  // power: squares of one output channel, on average
};
WeightSize size_of(const LayerWeights& weights) {
  WeightSize size;
  for (const float v : weights.values()) {
    size.largest = std::max(size.largest, std::fabs(static_cast<double>(v)));
    size.power += static_cast<double>(v) * v;
  }
  for (const float b : weights.bias) size.bias_power += static_cast<double>(b) * b;
  const auto channels = static_cast<double>(weights.shape[0]);
  size.power /= channels;
  size.bias_power /= channels;
  return size;
}

int exponent_for(double from, double to) {
  if (!(from > 0) || !std::isfinite(from)) return 0;
  return std::clamp(static_cast<int>(std::floor(std::log2(to / from))), -60, 60);
}

class ScaleChooser {
 public:
  explicit ScaleChooser(Imported& imported)
      : imported_(imported), layers_(imported.network.layers), rms_(layers_.size(), input_rms), group_(layers_.size()) {
    std::iota(group_.begin(), group_.end(), 0);
  }

  void choose() {
    imported_.scales.resize(layers_.size());
    for (const network::Layer& layer : layers_) measure(layer);
    // The tensors of a group get the exponent of the largest.
    std::vector<int> exponent(layers_.size(), std::numeric_limits<int>::max());
    for (const network::Layer& layer : layers_) {
      int& least = exponent[root(layer.id)];
      least = std::min(least, exponent_for(rms_[index(layer.id)], target_rms));
    }
    for (network::Layer& layer : imported_.network.layers) set_shift(layer, exponent);
  }

 private:
  static std::size_t index(network::LayerId id) { return static_cast<std::size_t>(id); }
  std::size_t root(network::LayerId id) const {
    while (group_[index(id)] != id) id = group_[index(id)];
    return index(id);
  }

  void measure(const network::Layer& layer) {
    double& rms = rms_[index(layer.id)];
    const auto in = [&](std::size_t i) { return rms_[index(layer.inputs[i])]; };
    if (layer.op == network::Op::conv2d) {
      const WeightSize size = size_of(*imported_.weights[index(layer.id)]);
      imported_.scales[index(layer.id)].weights = exponent_for(size.largest, 127);
      rms = std::sqrt(size.power * in(0) * in(0) + size.bias_power);
    } else if (layer.op == network::Op::add) {
      rms = std::hypot(in(0), in(1));
    } else if (!layer.inputs.empty()) {
      for (std::size_t i = 0; i < layer.inputs.size(); ++i) rms = i == 0 ? in(0) : std::max(rms, in(i));
    }
    if (layer.relu) rms *= relu_factor;
    if (layer.op != network::Op::conv2d)
      for (const network::LayerId input : layer.inputs)
        group_[root(input)] = static_cast<network::LayerId>(root(layer.id));
  }

  void set_shift(network::Layer& layer, const std::vector<int>& exponent) {
    LayerScale& scale = imported_.scales[index(layer.id)];
    scale.output = exponent[root(layer.id)];
    if (layer.op != network::Op::conv2d) return;
    scale.input = exponent[root(layer.inputs[0])];
    // Beyond what a shift can do the weights give in: fewer bits, or values that saturate.
    scale.weights = std::clamp(scale.weights, scale.output - scale.input, scale.output - scale.input + max_shift);
    layer.shift = scale.input + scale.weights - scale.output;
    for (auto& file_layer : imported_.file["layers"])
      if (file_layer["name"] == layer.name) file_layer["shift"] = layer.shift;
  }

  Imported& imported_;
  const std::vector<network::Layer>& layers_;
  std::vector<double> rms_;              // of each layer's tensor, in the numbers of the file
  std::vector<network::LayerId> group_;  // union-find: tensors that share an exponent
};

}  // namespace

void choose_scales(Imported& imported) { ScaleChooser(imported).choose(); }

sparsity::WeightTensor quantized(const LayerWeights& weights, const LayerScale& scale) {
  sparsity::WeightTensor out;
  out.cout = static_cast<int>(weights.shape[0]);
  out.taps = static_cast<int>(weights.shape[1] * weights.shape[2]);
  out.cin = static_cast<int>(weights.shape[3]);
  const std::vector<float> values = weights.values();
  out.values.resize(values.size());
  const double factor = std::exp2(scale.weights), bias_factor = std::exp2(scale.weights + scale.input);
  const auto rounded = [](double v, double limit) {
    return std::isfinite(v) ? std::nearbyint(std::clamp(v, -limit, limit)) : 0;
  };
  for (std::size_t i = 0; i < values.size(); ++i)
    out.values[i] = static_cast<std::int8_t>(rounded(values[i] * factor, 127));
  constexpr double largest_bias = 1 << 24;  // leaves the accumulator to the products
  for (const float b : weights.bias)
    out.bias.push_back(static_cast<std::int32_t>(rounded(b * bias_factor, largest_bias)));
  return out;
}

}  // namespace tessera::import
