// Normalizations, as inference computes them.
#include <fmt/format.h>

#include <cmath>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

// What is added to a variance.
double epsilon_of(Call& call) {
  const double epsilon = call.real("epsilon", 1e-5F);
  if (!(epsilon >= 0 && std::isfinite(epsilon))) call.refuse("epsilon", fmt::format("is {}", epsilon), "at least 0");
  return epsilon;
}

// Parameters `first` to `last` have one number per channel.
void check_per_channel(Call& call, int first, int last) {
  const std::int64_t channels = call.rank(0) > 1 ? call.shape(0)[1] : 1;
  for (int i = first; i <= last; ++i)
    if (call.has(i) && call.shape(i) != Dims{channels})
      call.refuse("", fmt::format("input {} has the shape {}", i, dims_text(call.shape(i))),
                  fmt::format("one number for each of {} channels", channels));
}

void infer_batch(Call& call) {
  if (call.integer("training_mode", 0) != 0 || call.wanted_outputs() > 1)
    return call.refuse("training_mode", "or its outputs are wanted", "a network for inference");
  if (call.integer("spatial", 1) == 0) return call.refuse("spatial", "is 0", "1: numbers per channel");
  epsilon_of(call);
  check_per_channel(call, 1, 4);
  same_as_first(call);
}
std::vector<Tensor> batch(Call& call) {
  const std::vector<double> scale = reals(*call.constant(1)), bias = reals(*call.constant(2)),
                            mean = reals(*call.constant(3)), variance = reals(*call.constant(4));
  const double epsilon = epsilon_of(call);
  std::vector<double> values = reals(*call.constant(0));
  const auto inner = static_cast<std::size_t>(call.rank(0) > 1 ? strides_of(call.shape(0))[1] : 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t c = i / inner % scale.size();
    values[i] = (values[i] - mean[c]) / std::sqrt(variance[c] + epsilon) * scale[c] + bias[c];
  }
  return {make_tensor(call.output().type, call.output().shape, values)};
}

// Normalizes runs of `size` elements to mean 0 (unless `centered` is false) and variance 1.
void normalize_runs(std::vector<double>& values, std::int64_t size, double epsilon, bool centered) {
  const double n = static_cast<double>(size);
  for (std::size_t at = 0; at < values.size(); at += static_cast<std::size_t>(size)) {
    double mean = 0, power = 0;
    for (std::int64_t i = 0; centered && i < size; ++i) mean += values[at + static_cast<std::size_t>(i)] / n;
    for (std::int64_t i = 0; i < size; ++i) {
      const double v = values[at + static_cast<std::size_t>(i)] - mean;
      power += v * v / n;
    }
    for (std::int64_t i = 0; i < size; ++i) {
      double& v = values[at + static_cast<std::size_t>(i)];
      v = (v - mean) / std::sqrt(power + epsilon);
    }
  }
}

// LayerNormalization and RMSNormalization: over the dimensions from the axis on.
void infer_layer(Call& call) {
  const std::int64_t axis = call.axis("axis", -1, call.rank(0));
  epsilon_of(call);
  if (call.refused()) return;
  for (const int i : {1, 2})
    if (call.has(i) && broadcast(call, call.shape(0), call.shape(i)) != call.shape(0))
      return call.refuse(i == 1 ? "Scale" : "B", "has the shape " + dims_text(call.shape(i)),
                         "one that broadcasts to the input");
  same_as_first(call);
  Dims statistics = call.shape(0);
  std::fill(statistics.begin() + axis, statistics.end(), 1);
  for (int i = 1; i < call.wanted_outputs() && i < 3; ++i) call.set(i, DataType::f32, statistics);
}
std::vector<Tensor> layer(Call& call) {
  if (call.wanted_outputs() > 1) return {};
  const std::int64_t axis = call.axis("axis", -1, call.rank(0));
  const Dims& shape = call.shape(0);
  std::vector<double> values = reals(*call.constant(0));
  normalize_runs(values, element_count(Dims(shape.begin() + axis, shape.end())), epsilon_of(call),
                 call.node().op == "LayerNormalization");
  const std::vector<double> scale = reals(*call.constant(1));
  const std::vector<double> bias = call.has(2) ? reals(*call.constant(2)) : std::vector<double>{0};
  Walk walk(shape,
            {broadcast_strides(call.shape(1), shape), broadcast_strides(call.has(2) ? call.shape(2) : Dims{}, shape)});
  for (double& v : values) {
    v = v * scale[static_cast<std::size_t>(walk.offset(0))] + bias[static_cast<std::size_t>(walk.offset(1))];
    walk.next();
  }
  return {make_tensor(call.output().type, shape, values)};
}

// Instance and group normalization: over the elements of a channel, or of a group of them.
std::int64_t channel_groups(Call& call) {
  return call.node().op == "GroupNormalization" ? call.integer("num_groups", 0) : call.shape(0)[1];
}
void infer_channels(Call& call) {
  if (call.rank(0) < 3) return call.refuse("", "reads " + dims_text(call.shape(0)), "batch x channels x sides");
  const std::int64_t groups = channel_groups(call);
  epsilon_of(call);
  if (groups < 1 || call.shape(0)[1] % groups != 0)
    return call.refuse("num_groups", fmt::format("is {}", groups), fmt::format("a divisor of {}", call.shape(0)[1]));
  const bool per_group = call.node().op == "GroupNormalization" && call.opset() < 21;
  if (!per_group) check_per_channel(call, 1, 2);
  if (per_group && (call.shape(1) != Dims{groups} || call.shape(2) != Dims{groups}))
    return call.refuse("scale", "has the shape " + dims_text(call.shape(1)), fmt::format("{} numbers", groups));
  same_as_first(call);
}
std::vector<Tensor> channels(Call& call) {
  const Dims& shape = call.shape(0);
  std::vector<double> values = reals(*call.constant(0));
  const std::int64_t groups = channel_groups(call), inner = strides_of(shape)[1];
  normalize_runs(values, shape[1] / groups * inner, epsilon_of(call), true);
  const std::vector<double> scale = reals(*call.constant(1)), bias = reals(*call.constant(2));
  const auto run = static_cast<std::size_t>(inner * shape[1]) / scale.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = values[i] * scale[i / run % scale.size()] + bias[i / run % scale.size()];
  return {make_tensor(call.output().type, shape, values)};
}

// Local response: over neighbouring channels.
std::vector<Tensor> local_response(Call& call) {
  const Dims& shape = call.shape(0);
  if (shape.size() < 3) return {};
  const std::vector<double> x = reals(*call.constant(0));
  const std::int64_t size = call.integer("size", 1), inner = strides_of(shape)[1];
  const double alpha = call.real("alpha", 1e-4F), beta = call.real("beta", 0.75), bias = call.real("bias", 1);
  std::vector<double> out = x;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.size()); ++i) {
    const std::int64_t c = i / inner % shape[1];
    double sum = 0;
    for (std::int64_t n = std::max<std::int64_t>(0, c - (size - 1) / 2); n <= std::min(shape[1] - 1, c + size / 2);
         ++n) {
      const double v = x[static_cast<std::size_t>(i + (n - c) * inner)];
      sum += v * v;
    }
    out[static_cast<std::size_t>(i)] /= std::pow(bias + alpha / static_cast<double>(size) * sum, beta);
  }
  return {make_tensor(call.output().type, shape, out)};
}

}  // namespace

const std::vector<Operator>& norm_operators() {
  static const std::vector<Operator> table = {
      {"BatchNormalization", 5, 5, infer_batch, batch, "epsilon momentum spatial training_mode"},
      {"GroupNormalization", 3, 3, infer_channels, channels, "epsilon num_groups stash_type"},
      {"InstanceNormalization", 3, 3, infer_channels, channels, "epsilon"},
      {"LRN", 1, 1, same_as_first, local_response, "alpha beta bias size"},
      {"LayerNormalization", 2, 3, infer_layer, layer, "axis epsilon stash_type"},
      {"RMSNormalization", 2, 2, infer_layer, layer, "axis epsilon stash_type"},
  };
  return table;
}

}  // namespace tessera::import
