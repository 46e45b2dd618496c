#include "sim/network/magnitude.h"

#include <algorithm>
#include <cmath>

namespace tessera::network {
namespace {

constexpr double input_rms = 73.9;      // uniform over int8
constexpr double target_rms = 40;       // of a convolution before ReLU: 3 sigma within int8
constexpr double relu_factor = 0.7071;  // root mean square of a half-rectified symmetric value
constexpr double max_rms = 100;

double weight_rms() {
  const double n = random_weight_limit;
  return std::sqrt(n * (n + 1) / 3);
}

// What a sum, or an operand of an addition, is multiplied with before the shift.
double multiplier(const Layer& layer, std::size_t operand) {
  if (layer.scaling == Scaling::channel) return random_multiplier;
  return layer.scaling == Scaling::power ? 1 : layer.multiplier[operand];
}

// Root mean square of the results for arguments within two root mean squares.
double looked_up(const ops::Lookup& lookup, double rms) {
  const ops::Table table = ops::table_of(lookup);
  const int reach = std::clamp(static_cast<int>(2 * rms), 1, 127);
  double power = 0;
  for (int x = -reach; x <= reach; ++x) power += std::pow(table[static_cast<std::size_t>(x + 128)], 2);
  return std::max(1.0, std::sqrt(power / (2 * reach + 1)));
}

// Settles the default shift for sums of the given root mean square, and gives that of the shifted result.
double shifted(Layer& layer, double sums) {
  if (layer.shift == default_shift)
    layer.shift = std::max(0, static_cast<int>(std::lround(std::log2(sums / target_rms))));
  return sums * multiplier(layer, 0) / std::exp2(layer.shift);
}

double convolved(Layer& layer, double in) {
  const double ins = ops::sums_channels(layer) ? static_cast<double>(layer.in.c) / layer.groups : 1.0;
  const double sums = in * weight_rms() * std::sqrt(ins * layer.window.kh * layer.window.kw);
  const double out = shifted(layer, sums) * (layer.relu ? relu_factor : 1.0);
  return layer.lookup ? looked_up(layer.lookup, out) : out;
}

double averaged(const Layer& layer, double in) {
  const double out = in * 0.6;  // what is averaged is positive and correlated
  if (layer.scaling == Scaling::power) return out;
  return out * multiplier(layer, 0) / std::exp2(layer.shift) * layer.window.kh * layer.window.kw;
}

double concatenated(const Network& network, const Layer& layer, const std::vector<double>& rms) {
  double power = 0;
  for (LayerId i : layer.inputs) power += rms[i] * rms[i] * network.layers[i].out.c;
  return std::sqrt(power / layer.out.c);
}

// Root mean square of the layer's outputs; `rms`: of the layers before.
double output_rms(const Network& network, Layer& layer, const std::vector<double>& rms) {
  const auto in = [&](std::size_t i) { return rms[layer.inputs[i]]; };
  switch (layer.op) {
    case Op::input:
      return input_rms;
    case Op::constant:
      return input_rms / 2;
    case Op::conv2d:
    case Op::depthwise:
      return convolved(layer, in(0));
    case Op::mul:
      return shifted(layer, in(0) * in(1)) * (layer.relu ? relu_factor : 1.0);
    case Op::matmul:
      return shifted(layer,
                     in(0) * in(1) * std::sqrt(layer.matmul.by_rows ? layer.matmul.depth : layer.matmul.second_rows));
    case Op::layernorm:  // of factors up to random_weight_limit
      return shifted(layer, 1024 * weight_rms());
    case Op::lookup:
      return looked_up(layer.lookup, in(0));
    case Op::select:
    case Op::pick:
    case Op::resize:
    case Op::depth_to_space:
    case Op::remap:
    case Op::transpose:
      return in(0);
    case Op::softmax:
      return std::max(1.0, 128.0 / layer.out.c);
    case Op::maxpool:
      return in(0) * 2.2;
    case Op::avgpool:
      return averaged(layer, in(0));
    case Op::add:
    case Op::sub:
      return std::hypot(in(0) * multiplier(layer, 0), in(1) * multiplier(layer, 1)) / std::exp2(layer.shift) *
             (layer.relu ? 0.85 : 1.0);
    case Op::concat:
      return concatenated(network, layer, rms);
  }
  return input_rms;
}

}  // namespace

void assign_default_shifts(Network& network) {
  std::vector<double> rms(network.layers.size(), input_rms);
  for (Layer& layer : network.layers) rms[layer.id] = std::min(output_rms(network, layer, rms), max_rms);
}

}  // namespace tessera::network
