#include "sim/import/scales.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/import/function_range.h"
#include "sim/import/mask_constants.h"

namespace tessera::import {
namespace {

constexpr double input_rms = 1;
constexpr double relu_factor = 0.7071;    // root mean square of a half-rectified symmetric value
constexpr double largest_bias = 1 << 24;  // in steps of the sum: leaves the accumulator to the products

std::size_t index(network::LayerId id) { return static_cast<std::size_t>(id); }

constexpr double softmax_step = 1.0 / 128;
constexpr double normalized_step = 1.0 / 1024;
constexpr double least_int8 = 128;

// Whether a layer's values are those of its inputs, so that all have one step.
bool hands_on(const network::Layer& layer) {
  switch (layer.op) {
    case network::Op::maxpool:
    case network::Op::concat:
    case network::Op::select:
    case network::Op::pick:
    case network::Op::resize:
    case network::Op::depth_to_space:
    case network::Op::remap:
    case network::Op::transpose:
      return true;
    default:
      return false;
  }
}

// Squares of biases, on average.
double bias_power(const LayerWeights& weights) {
  double power = 0;
  for (const double b : weights.bias) power += b * b;
  return power / static_cast<double>(weights.shape[0]);
}

class ScaleChooser {
 public:
  ScaleChooser(Imported& imported, const ObservedSteps& observed)
      : imported_(imported),
        layers_(imported.network.layers),
        observed_(observed),
        rms_(layers_.size(), input_rms),
        sum_rms_(layers_.size(), input_rms),
        most_(layers_.size(), 0),
        group_(layers_.size()) {
    std::iota(group_.begin(), group_.end(), 0);
  }

  std::vector<Problem> choose() {
    imported_.scales.assign(layers_.size(), {});
    for (const network::Layer& layer : layers_) measure(layer);
    std::vector<double> step(layers_.size(), 0), given(layers_.size(), 0);
    for (const network::Layer& layer : layers_) {
      const std::size_t group = root(layer.id);
      step[group] = std::max(step[group], chosen_step(layer));
      if (layer.op == network::Op::softmax) continue;  // its kernel's, whatever the file says
      const auto it = imported_.file_scales.find(layer.name);
      if (it != imported_.file_scales.end()) given[group] = it->second;
    }
    for (const network::Layer& layer :
         layers_)  // what has been seen of its values elsewhere in the group is less exact
      if (layer.op == network::Op::softmax && !observed_.tensors.empty()) step[root(layer.id)] = softmax_step;
    for (network::Layer& layer : imported_.network.layers) {
      const std::size_t group = root(layer.id);
      LayerScale& scale = imported_.scales[index(layer.id)];
      scale.of_file = given[group] > 0;
      scale.step = scale.of_file ? given[group] : step[group];
      if (layer.op != network::Op::softmax) continue;
      scale.of_file = scale.of_file || imported_.file_scales.count(layer.name) > 0;
      if (scale.step != softmax_step)
        problems_.push_back({"", fmt::format("layer '{}'", layer.name),
                             fmt::format("stands in a tensor with steps of {}", scale.step),
                             fmt::format("steps of a softmax: {}", softmax_step)});
    }
    for (network::Layer& layer : imported_.network.layers) set_arithmetic(layer);
    return std::move(problems_);
  }

 private:
  std::size_t root(network::LayerId id) const {
    while (group_[index(id)] != id) id = group_[index(id)];
    return index(id);
  }
  // 0: not seen.
  static double seen_step(const std::vector<double>& steps, const network::Layer& layer) {
    return steps.empty() ? 0 : steps[index(layer.id)];
  }
  double step_of(network::LayerId id) const { return imported_.scales[index(id)].step; }

  double chosen_step(const network::Layer& layer) const {
    if (layer.op == network::Op::softmax) return softmax_step;  // as its kernel has it
    const bool known = imported_.constants.count(layer.name) > 0 || is_mask_input(imported_, layer);
    if (layer.op == network::Op::constant && known) return constant_step(layer);
    return adds_mask(imported_, layer) ? std::max(open_step(layer), mask_distance / least_int8) : open_step(layer);
  }
  // Without masks.
  double open_step(const network::Layer& layer) const {
    if (const double seen = seen_step(observed_.tensors, layer); seen > 0) return seen;
    if (layer.op == network::Op::constant) return constant_step(layer);
    const double most = most_[index(layer.id)];  // of a table: nothing is larger
    if (most > 0) return most / 127;
    const double rms = rms_[index(layer.id)];
    return rms > 0 && std::isfinite(rms) ? rms / target_rms : 1 / target_rms;
  }

  // What an input stands for, over what stands in its tensor.
  double factor(const network::Layer& layer, std::size_t i) const {
    const auto it = imported_.factors.find(layer.name);
    return it == imported_.factors.end() ? 1.0 : it->second[i];
  }
  double input_step(const network::Layer& layer, std::size_t i) const {
    return step_of(layer.inputs[i]) * factor(layer, i);
  }
  // Of the sums of a layer with a table, before it.
  double sum_step(const network::Layer& layer) const { return layer.lookup ? layer.lookup.from : step_of(layer.id); }
  // A constant that has numbers for minus infinity has steps that reach so far.
  double constant_step(const network::Layer& layer) const {
    constexpr double mask_step = 2 * mask_distance / least_int8;
    const auto it = imported_.constants.find(layer.name);
    if (it == imported_.constants.end()) return is_mask_input(imported_, layer) ? mask_step : 1 / target_rms;
    const ConstantRange range = range_of(it->second);
    const double masks = std::isfinite(range.masked) ? mask_step : 0;
    const double step = std::max(range.most / 127, masks);
    return step > 0 ? step : 1 / target_rms;
  }
  // Root mean square of a constant's numbers that are not masks, as good as known.
  double constant_rms(const network::Layer& layer) const {
    const auto it = imported_.constants.find(layer.name);
    if (is_mask_input(imported_, layer)) return 0;
    if (it == imported_.constants.end()) return constant_step(layer) * target_rms;
    return range_of(it->second).most / reach;
  }

  // Squares of one output channel, on average.
  double power_of(const network::Layer& layer) const {
    const WeightFigures& figures = imported_.figures[index(layer.id)];
    return figures.squares / static_cast<double>(figures.largest.size());
  }

  void measure(const network::Layer& layer) {
    double& rms = rms_[index(layer.id)];
    const auto in = [&](std::size_t i) { return rms_[index(layer.inputs[i])] * std::fabs(factor(layer, i)); };
    const double steps = layer.matmul.by_rows ? layer.matmul.depth : 1;  // shares of a softmax sum up to 1
    if (const auto& weights = imported_.weights[index(layer.id)])
      rms =
          std::sqrt(power_of(layer) * (layer.op == network::Op::layernorm ? 1 : in(0) * in(0)) + bias_power(*weights));
    else if (layer.op == network::Op::add || layer.op == network::Op::sub)
      rms = std::hypot(in(0), in(1));
    else if (layer.op == network::Op::mul)
      rms = in(0) * in(1);
    else if (layer.op == network::Op::matmul)
      rms = layer.matmul.by_rows ? in(0) * in(1) * std::sqrt(steps) : in(1);
    else if (layer.op == network::Op::softmax)
      rms = softmax_step;
    else if (layer.op == network::Op::constant)
      rms = constant_rms(layer);
    else
      for (std::size_t i = 0; i < layer.inputs.size(); ++i) rms = i == 0 ? in(0) : std::max(rms, in(i));
    if (layer.relu) rms *= relu_factor;
    sum_rms_[index(layer.id)] = rms;
    if (layer.lookup && layer.op != network::Op::softmax) {
      const Results results = results_of(layer.lookup, rms, is_below_its_maximum(layers_, layer));
      rms = results.rms;
      most_[index(layer.id)] = results.most;
    }
    if (hands_on(layer) || imported_.joins.count(layer.name) > 0)
      for (const network::LayerId input : layer.inputs)
        group_[root(input)] = static_cast<network::LayerId>(root(layer.id));
  }

  // Per output channel: the file's, or what holds the largest weight, and a bias that the sum can hold.
  std::vector<double> weight_steps(const network::Layer& layer, const LayerWeights& weights) const {
    std::vector<double> steps(static_cast<std::size_t>(weights.shape[0]));
    const double in = layer.op == network::Op::layernorm ? normalized_step : input_step(layer, 0);
    const std::vector<float>& largest = imported_.figures[index(layer.id)].largest;
    for (std::size_t c = 0; c < steps.size(); ++c) {
      if (!weights.scales.empty()) {
        steps[c] = weights.scale(c);
        continue;
      }
      steps[c] = std::max(largest[c] / 127.0, std::fabs(weights.bias[c]) / std::fabs(in) / largest_bias);
      if (!(steps[c] > 0)) steps[c] = sum_step(layer) / std::fabs(in);  // a channel of zeros: anything does
      if (in < 0) steps[c] = -steps[c];
    }
    if (layer.op == network::Op::layernorm || layer.op == network::Op::depthwise)  // one multiplier for all channels
      steps.assign(steps.size(), *std::max_element(steps.begin(), steps.end(),
                                                   [](double a, double b) { return std::fabs(a) < std::fabs(b); }));
    return steps;
  }

  // What one step of a sum of products, or of an operand, is of one of the result.
  std::vector<double> factors_of(const network::Layer& layer) {
    const double out = sum_step(layer);
    std::vector<double> factors;
    if (const auto& weights = imported_.weights[index(layer.id)]) {
      std::vector<double>& steps = imported_.scales[index(layer.id)].weights;
      steps = weight_steps(layer, *weights);
      const double in = layer.op == network::Op::layernorm ? normalized_step : input_step(layer, 0);
      for (const double step : steps) factors.push_back(step * in / out);
      if (std::adjacent_find(factors.begin(), factors.end(), std::not_equal_to<>()) == factors.end()) factors.resize(1);
    } else if (layer.op == network::Op::add || layer.op == network::Op::sub) {
      for (const std::size_t i : {0, 1}) factors.push_back(input_step(layer, i) / out);
    } else if (layer.op == network::Op::mul || layer.op == network::Op::matmul) {
      factors.push_back(input_step(layer, 0) * input_step(layer, 1) / out);
    } else if (layer.op == network::Op::avgpool) {
      factors.push_back(input_step(layer, 0) / out / (std::int64_t{layer.window.kh} * layer.window.kw));
    }
    return factors;
  }

  void set_arithmetic(network::Layer& layer) {
    const double out = step_of(layer.id);
    if (layer.op == network::Op::lookup || layer.op == network::Op::softmax)
      layer.lookup.from = input_step(layer, 0);
    else if (const double seen = seen_step(observed_.sums, layer); layer.lookup && seen > 0)
      layer.lookup.from = seen;
    else if (layer.lookup)
      layer.lookup.from = std::max(sum_rms_[index(layer.id)], 1e-30) / target_rms;
    if (layer.lookup) layer.lookup.to = out;
    if (const auto limit = imported_.limits.find(layer.name); limit != imported_.limits.end())
      layer.most = static_cast<int>(std::clamp(std::nearbyint(limit->second / out), 1.0, 127.0));
    if (const auto epsilon = imported_.epsilons.find(layer.name); epsilon != imported_.epsilons.end())
      layer.epsilon = std::min(epsilon->second / std::pow(input_step(layer, 0), 2), ops::largest_epsilon);
    const std::vector<double> factors =
        imported_.joins.count(layer.name) > 0 ? std::vector<double>{} : factors_of(layer);
    const auto least = std::min_element(factors.begin(), factors.end());
    if (const double v = least == factors.end() ? layer.lookup.from : std::min(*least, layer.lookup.from); v < 0)
      problems_.push_back({"", fmt::format("layer '{}'", layer.name), fmt::format("would multiply by {}", v),
                           "numbers that are not negative"});
    else if (!factors.empty()) {
      const FixedPoint fixed = fixed_point(factors);
      layer.shift = fixed.shift;
      layer.scaling = layer.op == network::Op::conv2d && fixed.multipliers.size() > 1 ? network::Scaling::channel
                                                                                      : network::Scaling::tensor;
      if (layer.scaling == network::Scaling::tensor)
        for (std::size_t i = 0; i < fixed.multipliers.size() && i < layer.multiplier.size(); ++i)
          layer.multiplier[i] = std::max(fixed.multipliers[i], 1);
    }
    write(layer);
  }

  void write(const network::Layer& layer) {
    for (auto& file_layer : imported_.file["layers"]) {
      if (file_layer["name"] != layer.name) continue;
      if (layer.op == network::Op::lookup || layer.op == network::Op::softmax) file_layer["from"] = layer.lookup.from;
      if (layer.op == network::Op::lookup) file_layer["to"] = layer.lookup.to;
      if (file_layer.contains("lookup")) {
        file_layer["lookup"]["from"] = layer.lookup.from;
        file_layer["lookup"]["to"] = layer.lookup.to;
      }
      if (layer.most < 127) file_layer["most"] = layer.most;
      if (layer.epsilon > 0) file_layer["epsilon"] = layer.epsilon;
      if (layer.scaling == network::Scaling::power) continue;
      file_layer["shift"] = layer.shift;
      if (layer.scaling == network::Scaling::channel)
        file_layer["multiplier"] = "channel";
      else if (layer.op == network::Op::add || layer.op == network::Op::sub)
        file_layer["multiplier"] = layer.multiplier;
      else
        file_layer["multiplier"] = layer.multiplier[0];
    }
  }

  Imported& imported_;
  const std::vector<network::Layer>& layers_;
  const ObservedSteps& observed_;
  std::vector<double> rms_;              // of each layer's tensor, in the numbers of the file
  std::vector<double> sum_rms_;          // before its table
  std::vector<double> most_;             // the largest result of its table, 0 where it has none
  std::vector<network::LayerId> group_;  // union-find: tensors that share a step
  std::vector<Problem> problems_;
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
  for (const network::Layer& layer : imported.network.layers) {
    const auto& weights = imported.weights[index(layer.id)];
    if (!weights) continue;
    const auto biases = static_cast<std::size_t>(
        std::count_if(weights->bias.begin(), weights->bias.end(), [](double v) { return !std::isfinite(v); }));
    for (const auto& [what, wrong] :
         {std::pair{"weight", imported.figures[index(layer.id)].unfit}, std::pair{"bias", biases}})
      if (wrong > 0)
        problems.push_back({file, fmt::format("layer '{}'.{}", layer.name, what),
                            fmt::format("holds {} values that are infinite or no numbers", wrong), "finite numbers"});
  }
  return problems;
}

std::vector<Problem> choose_scales(Imported& imported, const ObservedSteps& observed) {
  return ScaleChooser(imported, observed).choose();
}

sparsity::WeightTensor quantized(const Imported& imported, const network::Layer& layer) {
  const LayerWeights& weights = *imported.weights[index(layer.id)];
  const LayerScale& scale = imported.scales[index(layer.id)];
  const auto factor = imported.factors.find(layer.name);
  const double in =
      layer.op == network::Op::layernorm
          ? normalized_step
          : imported.scales[index(layer.inputs[0])].step * (factor == imported.factors.end() ? 1.0 : factor->second[0]);
  sparsity::WeightTensor out;
  out.cout = static_cast<int>(weights.shape[0]);
  out.taps = static_cast<int>(weights.shape[1] * weights.shape[2]);
  out.cin = static_cast<int>(weights.shape[3]);
  const std::size_t row = static_cast<std::size_t>(out.taps) * static_cast<std::size_t>(out.cin);
  out.groups = ops::has_blocks(layer) ? layer.groups : out.cout;
  out.cin *= out.groups;
  if (layer.lookup) {
    const ops::Table table = ops::table_of(layer.lookup);
    out.table.assign(table.begin(), table.end());
  }
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
    factors.push_back(in * scale.weights[c] / (layer.lookup ? layer.lookup.from : scale.step));
  }
  if (layer.scaling == network::Scaling::channel) out.multiplier = fixed_point(factors).multipliers;
  return out;
}

std::vector<std::int8_t> quantized_constant(const std::vector<float>& values, double step) {
  std::vector<std::int8_t> out;
  for (const float v : values)
    out.push_back(static_cast<std::int8_t>(std::clamp(std::nearbyint(std::isnan(v) ? 0 : v / step), -128.0, 127.0)));
  return out;
}

}  // namespace tessera::import
