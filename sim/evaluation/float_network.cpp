#include "sim/evaluation/float_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tessera::evaluation {
namespace {

using Values = std::vector<float>;

// A pool over the part of each window that lies in the map; an average counts the padding.
void pool(const network::Layer& layer, const Values& in, Values& out) {
  const network::Window& k = layer.window;
  const bool average = layer.op == network::Op::avgpool;
  const auto count = static_cast<float>(k.kh * k.kw);
  std::size_t at = 0;
  for (int y = 0; y < layer.out.h; ++y)
    for (int x = 0; x < layer.out.w; ++x, at += static_cast<std::size_t>(layer.out.c)) {
      float* to = &out[at];
      std::fill_n(to, layer.out.c, average ? 0.0F : -std::numeric_limits<float>::infinity());
      const int y0 = y * k.sh - k.pad_top, x0 = x * k.sw - k.pad_left;
      for (int iy = std::max(0, y0); iy < std::min(layer.in.h, y0 + k.kh); ++iy)
        for (int ix = std::max(0, x0); ix < std::min(layer.in.w, x0 + k.kw); ++ix) {
          const float* from = &in[(static_cast<std::size_t>(iy) * layer.in.w + ix) * layer.in.c];
          for (int c = 0; c < layer.out.c; ++c) to[c] = average ? to[c] + from[c] : std::max(to[c], from[c]);
        }
      for (int c = 0; average && c < layer.out.c; ++c) to[c] /= count;
    }
}

void add(const network::Layer& layer, const Values& a, const Values& b, Values& out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = layer.relu ? std::max(a[i] + b[i], 0.0F) : a[i] + b[i];
}

void concatenate(const network::Layer& layer, const network::Network& network, const std::vector<Values>& tensors,
                 Values& out) {
  auto to = out.begin();
  for (std::int64_t pixel = 0; pixel < std::int64_t{layer.out.h} * layer.out.w; ++pixel)
    for (const network::LayerId part : layer.inputs) {
      const int c = network.layers[static_cast<std::size_t>(part)].out.c;
      to = std::copy_n(tensors[static_cast<std::size_t>(part)].begin() + pixel * c, c, to);
    }
}

}  // namespace

std::vector<Problem> no_float_layers(const import::Imported& imported, const std::string& file) {
  std::vector<Problem> problems;
  for (const network::Layer& layer : imported.network.layers) {
    const auto factors = imported.factors.find(layer.name);
    if (factors != imported.factors.end() &&
        std::any_of(factors->second.begin(), factors->second.end(), [](double f) { return f != 1; })) {
      problems.push_back({file, fmt::format("layer '{}'", layer.name),
                          "a constant factor in front of it has no float arithmetic here", "inputs as they are"});
      continue;
    }
    const bool sum = layer.op == network::Op::add && layer.second == layer.in && layer.most == 127;
    const bool pool = (layer.op == network::Op::maxpool || layer.op == network::Op::avgpool) && layer.window.dh == 1 &&
                      layer.window.dw == 1;
    if (layer.op == network::Op::input || layer.op == network::Op::concat || sum || pool ||
        ops::is_plain_convolution(layer))
      continue;
    problems.push_back({file, fmt::format("layer '{}'", layer.name),
                        fmt::format("{} has no float arithmetic here", op_name(layer.op)),
                        "conv2d of one group, gemm, maxpool, avgpool, add, concat, with ReLU alone behind them"});
  }
  return problems;
}

FloatNetwork::FloatNetwork(const import::Imported& imported) : network_(imported.network) {
  for (const network::Layer& layer : network_.layers)
    if (const auto& weights = imported.weights[static_cast<std::size_t>(layer.id)])
      convolutions_.emplace(layer.id, FloatConvolution(layer, *weights));
}

std::vector<std::vector<float>> FloatNetwork::run(const float* image) const {
  std::vector<Values> tensors(network_.layers.size());
  std::vector<float> scratch;
  for (const network::Layer& layer : network_.layers) {
    Values& out = tensors[static_cast<std::size_t>(layer.id)];
    const auto in = [&](std::size_t i) -> const Values& { return tensors[static_cast<std::size_t>(layer.inputs[i])]; };
    out.resize(static_cast<std::size_t>(layer.out.elements()));
    if (layer.op == network::Op::input)
      std::copy_n(image, out.size(), out.begin());
    else if (layer.op == network::Op::conv2d)
      convolutions_.at(layer.id).run(in(0).data(), out.data(), scratch);
    else if (layer.op == network::Op::add)
      add(layer, in(0), in(1), out);
    else if (layer.op == network::Op::concat)
      concatenate(layer, network_, tensors, out);
    else
      pool(layer, in(0), out);
  }
  return tensors;
}

}  // namespace tessera::evaluation
