#include "sim/evaluation/float_network.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::evaluation {
namespace {

FloatParameters parameters_of(const import::Imported& imported, const network::Layer& layer) {
  FloatParameters p;
  if (const auto it = imported.factors.find(layer.name); it != imported.factors.end()) p.factors = it->second;
  if (const auto it = imported.epsilons.find(layer.name); it != imported.epsilons.end()) p.epsilon = it->second;
  if (const auto it = imported.limits.find(layer.name); it != imported.limits.end()) p.limit = it->second;
  const auto& weights = imported.weights[static_cast<std::size_t>(layer.id)];
  if (!weights || layer.op == network::Op::conv2d) return p;
  p.weights = weights->values();
  p.bias = weights->bias;
  return p;
}

}  // namespace

std::vector<Problem> further_inputs(const import::Imported& imported, const std::string& file) {
  std::vector<Problem> problems;
  for (const network::Layer& layer : imported.network.layers)
    if (layer.op == network::Op::constant && imported.constants.count(layer.name) == 0)
      problems.push_back({file, fmt::format("layer '{}'", layer.name),
                          "is a further input, and images are those of the first", "a network with one input"});
  return problems;
}

FloatNetwork::FloatNetwork(const import::Imported& imported) : imported_(imported) {
  for (const network::Layer& layer : imported_.network.layers) {
    parameters_.push_back(parameters_of(imported_, layer));
    const auto& weights = imported_.weights[static_cast<std::size_t>(layer.id)];
    if (weights && layer.op == network::Op::conv2d) convolutions_.emplace(layer.id, FloatConvolution(layer, *weights));
  }
}

Values FloatNetwork::computed(const network::Layer& layer, const std::vector<FloatTensor>& tensors) const {
  std::vector<const Values*> in;
  for (const network::LayerId input : layer.inputs) in.push_back(&tensors[static_cast<std::size_t>(input)].values);
  const FloatParameters& p = parameters_[static_cast<std::size_t>(layer.id)];
  if (layer.op != network::Op::conv2d) return compute_in_float(layer, p, in);
  Values out(static_cast<std::size_t>(layer.out.elements())), scaled, scratch;
  if (p.factor(0) != 1) {
    scaled = *in[0];
    for (float& v : scaled) v *= p.factor(0);
    in[0] = &scaled;
  }
  convolutions_.at(layer.id).run(in[0]->data(), out.data(), scratch);
  return out;
}

// What follows sums: the limit of a clipped ReLU, and a table.
void FloatNetwork::finish(const network::Layer& layer, FloatTensor& tensor) const {
  const double limit = parameters_[static_cast<std::size_t>(layer.id)].limit;
  if (limit > 0)
    for (float& v : tensor.values) v = std::min(v, static_cast<float>(limit));
  if (!layer.lookup || layer.op == network::Op::lookup || layer.op == network::Op::softmax) return;
  tensor.sums = tensor.values;
  for (float& v : tensor.values) v = static_cast<float>(ops::evaluate(layer.lookup, v));
}

std::vector<FloatTensor> FloatNetwork::run(const float* image,
                                           const std::map<network::LayerId, Values>& further) const {
  std::vector<FloatTensor> tensors(imported_.network.layers.size());
  for (const network::Layer& layer : imported_.network.layers) {
    FloatTensor& out = tensors[static_cast<std::size_t>(layer.id)];
    if (layer.op == network::Op::input) {
      out.values.assign(image, image + layer.out.elements());
    } else if (layer.op == network::Op::constant) {
      const auto constant = imported_.constants.find(layer.name);
      out.values = constant != imported_.constants.end() ? constant->second : further.at(layer.id);
    } else {
      out.values = computed(layer, tensors);
      finish(layer, out);
    }
  }
  return tensors;
}

}  // namespace tessera::evaluation
