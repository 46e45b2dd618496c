#include "sim/import/scales.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tessera::import {
namespace {

constexpr double input_rms = 1;
constexpr double target_rms = 40;         // of int8 data: 3 sigma within the range
constexpr double relu_factor = 0.7071;    // root mean square of a half-rectified symmetric value
constexpr double largest_bias = 1 << 24;  // in steps of the sum: leaves the accumulator to the products

std::size_t index(network::LayerId id) { return static_cast<std::size_t>(id); }

// Whether a layer's values are those of its inputs, so that all have one step.
bool hands_on(network::Op op) { return op == network::Op::maxpool || op == network::Op::concat; }

// Squares of one output channel, on average.
double power_of(const LayerWeights& weights) {
  double power = 0;
  for (const float v : weights.values()) power += static_cast<double>(v) * v;
  return power / static_cast<double>(weights.shape[0]);
}
double bias_power(const LayerWeights& weights) {
  double power = 0;
  for (const double b : weights.bias) power += b * b;
  return power / static_cast<double>(weights.shape[0]);
}

class ScaleChooser {
 public:
  ScaleChooser(Imported& imported, const std::vector<double>& observed)
      : imported_(imported),
        layers_(imported.network.layers),
        observed_(observed),
        rms_(layers_.size(), input_rms),
        group_(layers_.size()) {
    std::iota(group_.begin(), group_.end(), 0);
  }

  void choose() {
    imported_.scales.assign(layers_.size(), {});
    for (const network::Layer& layer : layers_) measure(layer);
    std::vector<double> step(layers_.size(), 0), given(layers_.size(), 0);
    for (const network::Layer& layer : layers_) {
      const std::size_t group = root(layer.id);
      step[group] = std::max(step[group], chosen_step(layer));
      const auto it = imported_.file_scales.find(layer.name);
      if (it != imported_.file_scales.end()) given[group] = it->second;
    }
    for (network::Layer& layer : imported_.network.layers) {
      const std::size_t group = root(layer.id);
      LayerScale& scale = imported_.scales[index(layer.id)];
      scale.of_file = given[group] > 0;
      scale.step = scale.of_file ? given[group] : step[group];
    }
    for (network::Layer& layer : imported_.network.layers) set_arithmetic(layer);
  }

 private:
  std::size_t root(network::LayerId id) const {
    while (group_[index(id)] != id) id = group_[index(id)];
    return index(id);
  }
  double step_of(network::LayerId id) const { return imported_.scales[index(id)].step; }

  double chosen_step(const network::Layer& layer) const {
    if (!observed_.empty() && observed_[index(layer.id)] > 0) return observed_[index(layer.id)];
    const double rms = rms_[index(layer.id)];
    return rms > 0 && std::isfinite(rms) ? rms / target_rms : 1 / target_rms;
  }

  void measure(const network::Layer& layer) {
    double& rms = rms_[index(layer.id)];
    const auto in = [&](std::size_t i) { return rms_[index(layer.inputs[i])]; };
    if (const auto& weights = imported_.weights[index(layer.id)])
      rms = std::sqrt(power_of(*weights) * in(0) * in(0) + bias_power(*weights));
    else if (layer.op == network::Op::add)
      rms = std::hypot(in(0), in(1));
    else
      for (std::size_t i = 0; i < layer.inputs.size(); ++i) rms = i == 0 ? in(0) : std::max(rms, in(i));
    if (layer.relu) rms *= relu_factor;
    if (hands_on(layer.op))
      for (const network::LayerId input : layer.inputs)
        group_[root(input)] = static_cast<network::LayerId>(root(layer.id));
  }

  // Per output channel: the file's, or what holds the largest weight, and a bias that the sum can hold.
  std::vector<double> weight_steps(const network::Layer& layer, const LayerWeights& weights) const {
    std::vector<double> steps(static_cast<std::size_t>(weights.shape[0]));
    const double in = step_of(layer.inputs[0]);
    const std::vector<float> values = weights.values();
    const std::size_t row = values.size() / steps.size();
    for (std::size_t c = 0; c < steps.size(); ++c) {
      if (!weights.scales.empty()) {
        steps[c] = weights.scale(c);
        continue;
      }
      float largest = 0;
      for (std::size_t i = c * row; i < (c + 1) * row; ++i) largest = std::max(largest, std::fabs(values[i]));
      steps[c] = std::max(largest / 127.0, std::fabs(weights.bias[c]) / in / largest_bias);
      if (!(steps[c] > 0)) steps[c] = step_of(layer.id) / in;  // a channel of zeros: anything does
    }
    return steps;
  }

  void set_arithmetic(network::Layer& layer) {
    const double out = step_of(layer.id);
    std::vector<double> factors;
    if (const auto& weights = imported_.weights[index(layer.id)]) {
      std::vector<double>& steps = imported_.scales[index(layer.id)].weights;
      steps = weight_steps(layer, *weights);
      for (const double step : steps) factors.push_back(step * step_of(layer.inputs[0]) / out);
      if (std::adjacent_find(factors.begin(), factors.end(), std::not_equal_to<>()) == factors.end()) factors.resize(1);
    } else if (layer.op == network::Op::add) {
      for (const network::LayerId input : layer.inputs) factors.push_back(step_of(input) / out);
    } else if (layer.op == network::Op::avgpool) {
      factors.push_back(step_of(layer.inputs[0]) / out / (std::int64_t{layer.window.kh} * layer.window.kw));
    } else {
      return;
    }
    const FixedPoint fixed = fixed_point(factors);
    layer.shift = fixed.shift;
    layer.scaling = layer.op == network::Op::conv2d && fixed.multipliers.size() > 1 ? network::Scaling::channel
                                                                                    : network::Scaling::tensor;
    if (layer.scaling == network::Scaling::tensor)
      std::transform(fixed.multipliers.begin(), fixed.multipliers.end(), layer.multiplier.begin(),
                     [](std::int32_t m) { return std::max(m, 1); });
    write(layer);
  }

  void write(const network::Layer& layer) {
    for (auto& file_layer : imported_.file["layers"]) {
      if (file_layer["name"] != layer.name) continue;
      file_layer["shift"] = layer.shift;
      if (layer.scaling == network::Scaling::channel)
        file_layer["multiplier"] = "channel";
      else if (layer.op == network::Op::add)
        file_layer["multiplier"] = layer.multiplier;
      else
        file_layer["multiplier"] = layer.multiplier[0];
    }
  }

  Imported& imported_;
  const std::vector<network::Layer>& layers_;
  const std::vector<double>& observed_;
  std::vector<double> rms_;              // of each layer's tensor, in the numbers of the file
  std::vector<network::LayerId> group_;  // union-find: tensors that share a step
};

}  // namespace

FixedPoint fixed_point(const std::vector<double>& factors) {
  FixedPoint fixed;
  int exponent = 0;
  std::frexp(*std::max_element(factors.begin(), factors.end()), &exponent);
  fixed.shift = std::clamp(31 - exponent, 0, network::max_scaled_shift);
  for (const double factor : factors)
    fixed.multipliers.push_back(static_cast<std::int32_t>(
        std::min<double>(std::nearbyint(std::ldexp(factor, fixed.shift)), std::numeric_limits<std::int32_t>::max())));
  return fixed;
}

std::vector<Problem> unfit_weights(const Imported& imported, const std::string& file) {
  std::vector<Problem> problems;
  const auto count = [](const auto& values) {
    return std::count_if(values.begin(), values.end(), [](auto v) { return !std::isfinite(v); });
  };
  for (const network::Layer& layer : imported.network.layers) {
    const auto& weights = imported.weights[index(layer.id)];
    if (!weights) continue;
    for (const auto& [what, wrong] : {std::pair{"weight", count(weights->values())}, {"bias", count(weights->bias)}})
      if (wrong > 0)
        problems.push_back({file, fmt::format("layer '{}'.{}", layer.name, what),
                            fmt::format("holds {} values that are infinite or no numbers", wrong), "finite numbers"});
  }
  return problems;
}

void choose_scales(Imported& imported, const std::vector<double>& observed) {
  ScaleChooser(imported, observed).choose();
}

sparsity::WeightTensor quantized(const Imported& imported, const network::Layer& layer) {
  const LayerWeights& weights = *imported.weights[index(layer.id)];
  const LayerScale& scale = imported.scales[index(layer.id)];
  const double in = imported.scales[index(layer.inputs[0])].step;
  sparsity::WeightTensor out;
  out.cout = static_cast<int>(weights.shape[0]);
  out.taps = static_cast<int>(weights.shape[1] * weights.shape[2]);
  out.cin = static_cast<int>(weights.shape[3]);
  const std::size_t row = static_cast<std::size_t>(out.taps) * static_cast<std::size_t>(out.cin);
  if (!weights.scales.empty()) {
    for (const double v : weights.integers()) out.values.push_back(static_cast<std::int8_t>(v));
  } else {
    const std::vector<float> values = weights.values();
    for (std::size_t i = 0; i < values.size(); ++i)
      out.values.push_back(
          static_cast<std::int8_t>(std::clamp(std::nearbyint(values[i] / scale.weights[i / row]), -127.0, 127.0)));
  }
  std::vector<double> factors;
  for (std::size_t c = 0; c < static_cast<std::size_t>(out.cout); ++c) {
    std::int64_t products = 0;
    for (std::size_t i = c * row; i < (c + 1) * row; ++i) products += 128 * std::abs(int{out.values[i]});
    const double most = std::max<double>(0, static_cast<double>(std::numeric_limits<std::int32_t>::max() - products));
    out.bias.push_back(
        static_cast<std::int32_t>(std::clamp(std::nearbyint(weights.bias[c] / (in * scale.weights[c])), -most, most)));
    factors.push_back(in * scale.weights[c] / scale.step);
  }
  if (layer.scaling == network::Scaling::channel) out.multiplier = fixed_point(factors).multipliers;
  return out;
}

}  // namespace tessera::import
