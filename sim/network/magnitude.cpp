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

}  // namespace

void assign_default_shifts(Network& network) {
  std::vector<double> rms(network.layers.size(), input_rms);
  for (Layer& layer : network.layers) {
    double& out = rms[layer.id];
    const auto in = [&](std::size_t i) { return rms[layer.inputs[i]]; };
    switch (layer.op) {
      case Op::input:
        break;
      case Op::conv2d:
      case Op::depthwise: {
        const double ins = ops::sums_channels(layer) ? static_cast<double>(layer.in.c) / layer.groups : 1.0;
        const double fan_in = ins * layer.window.kh * layer.window.kw;
        const double accumulated = in(0) * weight_rms() * std::sqrt(fan_in);
        if (layer.shift == default_shift)
          layer.shift = std::max(0, static_cast<int>(std::lround(std::log2(accumulated / target_rms))));
        out = accumulated * multiplier(layer, 0) / std::exp2(layer.shift) * (layer.relu ? relu_factor : 1.0);
        if (layer.lookup) out = looked_up(layer.lookup, out);
        break;
      }
      case Op::mul: {
        const double product = in(0) * in(1);
        if (layer.shift == default_shift)
          layer.shift = std::max(0, static_cast<int>(std::lround(std::log2(product / target_rms))));
        out = product * multiplier(layer, 0) / std::exp2(layer.shift) * (layer.relu ? relu_factor : 1.0);
        break;
      }
      case Op::lookup:
        out = looked_up(layer.lookup, in(0));
        break;
      case Op::select:
      case Op::pick:
      case Op::resize:
      case Op::depth_to_space:
      case Op::remap:
      case Op::transpose:
        out = in(0);
        break;
      case Op::constant:
        out = input_rms / 2;
        break;
      case Op::matmul: {
        const double steps = layer.matmul.by_rows ? layer.matmul.depth : layer.matmul.second_rows;
        const double product = in(0) * in(1) * std::sqrt(steps);
        if (layer.shift == default_shift)
          layer.shift = std::max(0, static_cast<int>(std::lround(std::log2(product / target_rms))));
        out = product * multiplier(layer, 0) / std::exp2(layer.shift);
        break;
      }
      case Op::softmax:
        out = std::max(1.0, 128.0 / layer.out.c);
        break;
      case Op::layernorm:  // of factors up to random_weight_limit
        if (layer.shift == default_shift)
          layer.shift = std::max(0, static_cast<int>(std::lround(std::log2(1024 * weight_rms() / target_rms))));
        out = 1024 * weight_rms() * multiplier(layer, 0) / std::exp2(layer.shift);
        break;
      case Op::maxpool:
        out = in(0) * 2.2;
        break;
      case Op::avgpool:
        out = in(0) * 0.6;  // what is averaged is positive and correlated
        if (layer.scaling != Scaling::power)
          out *= multiplier(layer, 0) / std::exp2(layer.shift) * layer.window.kh * layer.window.kw;
        break;
      case Op::add:
      case Op::sub:
        out = std::hypot(in(0) * multiplier(layer, 0), in(1) * multiplier(layer, 1)) / std::exp2(layer.shift) *
              (layer.relu ? 0.85 : 1.0);
        break;
      case Op::concat: {
        double power = 0;
        for (LayerId i : layer.inputs) power += rms[i] * rms[i] * network.layers[i].out.c;
        out = std::sqrt(power / layer.out.c);
        break;
      }
    }
    out = std::min(out, max_rms);
  }
}

}  // namespace tessera::network
