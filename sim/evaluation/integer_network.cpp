#include "sim/evaluation/integer_network.h"

#include <algorithm>
#include <cmath>

#include "sim/import/scales.h"
#include "sim/reference/reference.h"

namespace tessera::evaluation {

IntegerNetwork::IntegerNetwork(const network::Network& network, std::vector<sparsity::WeightTensor> weights)
    : network_(network), weights_(std::move(weights)), last_use_(network.layers.size()) {
  for (const network::Layer& layer : network_.layers) {
    for (const network::LayerId input : layer.inputs) last_use_[static_cast<std::size_t>(input)] = layer.id;
    if (ops::is_plain_convolution(layer))
      convolutions_.emplace(layer.id, IntegerConvolution(layer, weights_[static_cast<std::size_t>(layer.id)]));
  }
}

std::vector<std::int8_t> IntegerNetwork::run(std::vector<std::int8_t> image) const {
  return run(std::move(image), network_.layers.back().id);
}

std::vector<std::int8_t> IntegerNetwork::run(std::vector<std::int8_t> image, network::LayerId output) const {
  std::vector<reference::Tensor> tensors(network_.layers.size());
  std::vector<std::int16_t> scratch;
  for (const network::Layer& layer : network_.layers) {
    reference::Tensor& out = tensors[static_cast<std::size_t>(layer.id)];
    if (layer.op == network::Op::input) {
      out = {layer.out, std::move(image)};
    } else if (layer.op == network::Op::constant) {
      out = {layer.out, weights_[static_cast<std::size_t>(layer.id)].values};
    } else if (ops::is_plain_convolution(layer)) {
      out = {layer.out, std::vector<std::int8_t>(static_cast<std::size_t>(layer.out.elements()))};
      convolutions_.at(layer.id).run(tensors[static_cast<std::size_t>(layer.inputs[0])].values.data(),
                                     out.values.data(), scratch);
    } else {
      out = reference::compute_layer(layer, tensors, weights_[static_cast<std::size_t>(layer.id)]);
    }
    if (layer.id == output) return std::move(out.values);
    for (const network::LayerId input : layer.inputs)
      if (last_use_[static_cast<std::size_t>(input)] == layer.id) tensors[static_cast<std::size_t>(input)] = {};
  }
  return {};
}

std::vector<sparsity::WeightTensor> integer_weights(const import::Imported& imported,
                                                    const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  std::vector<sparsity::WeightTensor> weights(imported.network.layers.size());
  for (const network::Layer& layer : imported.network.layers) {
    const auto id = static_cast<std::size_t>(layer.id);
    if (const auto constant = imported.constants.find(layer.name); constant != imported.constants.end())
      weights[id].values = import::quantized_constant(constant->second, imported.scales[id].step);
    if (!imported.weights[id]) continue;
    weights[id] = import::quantized(imported, layer);
    if (id < masks.size() && masks[id]) clear_zero_blocks(weights[id], *masks[id]);
  }
  return weights;
}

std::vector<std::int8_t> quantize(const float* values, std::int64_t count, double step) {
  std::vector<std::int8_t> out(static_cast<std::size_t>(count));
  const auto single = static_cast<float>(step);  // as QuantizeLinear divides
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(values[i] / single), -128.0F, 127.0F));
  return out;
}

}  // namespace tessera::evaluation
