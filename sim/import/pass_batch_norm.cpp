#include <algorithm>
#include <cmath>

#include "sim/import/passes.h"

namespace tessera::import {

const Tensor* constant_input(const Graph& graph, const Node& node, std::size_t input) {
  if (input >= node.inputs.size() || node.inputs[input] == no_value) return nullptr;
  const Value& value = graph.values[static_cast<std::size_t>(node.inputs[input])];
  return value.constant ? &*value.constant : nullptr;
}

Tensor scaled_channels(const Tensor& tensor, std::size_t axis, const std::vector<double>& factors) {
  std::vector<double> values = reals(tensor);
  const auto inner = static_cast<std::size_t>(strides_of(tensor.shape)[axis]);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= factors[i / inner % factors.size()];
  return make_tensor(DataType::f32, tensor.shape, values);
}

namespace {

// The axis of the weights that runs over the output channels; -1: none that fits.
int channel_axis(const Node& producer) {
  if (producer.op == "Conv") return 0;
  if (producer.op == "Gemm") return integer_of(producer, "transB", 0) != 0 ? 0 : 1;
  if (producer.op == "MatMul") return 1;
  if (producer.op == "ConvTranspose" && integer_of(producer, "group", 1) == 1) return 1;
  return -1;
}

struct Affine {
  std::vector<double> scale, shift;  // per channel: x * scale + shift
};
std::optional<Affine> affine_of(const Graph& graph, const Node& norm) {
  std::vector<double> parameters[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor* given = constant_input(graph, norm, i + 1);
    if (given == nullptr) return std::nullopt;
    parameters[i] = reals(*given);
  }
  const double epsilon = real_of(norm, "epsilon", 1e-5F);
  Affine affine;
  for (std::size_t c = 0; c < parameters[0].size(); ++c) {
    affine.scale.push_back(parameters[0][c] / std::sqrt(parameters[3][c] + epsilon));
    affine.shift.push_back(parameters[1][c] - parameters[2][c] * affine.scale[c]);
  }
  return affine;
}

// The dimension of a producer's output that is its channel.
std::size_t channel_dimension_of(const Node& producer, std::size_t rank) {
  return producer.op == "Conv" || producer.op == "ConvTranspose" ? 1 : rank - 1;
}

// The same of a product with a constant per channel. `turn`: a Transpose between both, or null.
std::optional<Affine> affine_of_product(const Graph& graph, const Node& mul, std::size_t constant, const Node& producer,
                                        const Node* turn) {
  const Tensor* factors = constant_input(graph, mul, constant);
  const Dims& shape = graph.values[static_cast<std::size_t>(mul.inputs[1 - constant])].shape;
  if (factors == nullptr || factors->elements() == 1 || shape.size() < 2 ||
      shape != graph.values[static_cast<std::size_t>(mul.outputs[0])].shape)
    return std::nullopt;
  std::size_t channel = channel_dimension_of(producer, shape.size());
  if (turn != nullptr) {
    const auto perm = turn->attributes.find("perm");
    if (perm == turn->attributes.end()) return std::nullopt;
    const Dims& order = std::get<Dims>(perm->second);
    channel = static_cast<std::size_t>(std::find(order.begin(), order.end(), static_cast<std::int64_t>(channel)) -
                                       order.begin());
  }
  const auto numbers = numbers_per_channel(*factors, shape.size() - channel, shape[channel]);
  if (!numbers) return std::nullopt;
  return Affine{*numbers, std::vector<double>(numbers->size(), 0)};
}

// Weights with the integers that they were made of, whose scales take the factors where they are positive.
ValueId scaled_weights(Graph& graph, const Node& producer, int axis, const std::vector<double>& factors) {
  Value scaled = graph.values[static_cast<std::size_t>(producer.inputs[1])];
  scaled.name = producer.name + ".weight";
  scaled.constant = scaled_channels(*scaled.constant, static_cast<std::size_t>(axis), factors);
  scaled.type = scaled.constant->type;
  const bool positive = std::all_of(factors.begin(), factors.end(), [](double f) { return f > 0; });
  if (scaled.quantization && positive &&
      (scaled.quantization->scales.size() == 1 || scaled.quantization->axis == axis)) {
    Quantization& q = *scaled.quantization;
    q.scales.resize(factors.size(), q.scales[0]);
    q.zeros.resize(factors.size(), q.zeros[0]);
    q.axis = axis;
    for (std::size_t c = 0; c < factors.size(); ++c) q.scales[c] *= factors[c];
  } else {
    scaled.quantization.reset();
  }
  return graph.add_value(std::move(scaled));
}

// Whether the producer's bias, which may be missing, can take a number per channel.
bool has_plain_bias(const Graph& graph, const Node& producer, std::size_t channels) {
  if (producer.inputs.size() <= 2 || producer.inputs[2] == no_value) return true;
  const Tensor* bias = constant_input(graph, producer, 2);
  return bias != nullptr && bias->elements() == static_cast<std::int64_t>(channels);
}

void fold(Graph& graph, Node& producer, const Affine& affine, int axis) {
  const bool gemm = producer.op == "Gemm";
  const double alpha = gemm ? real_of(producer, "alpha", 1) : 1, beta = gemm ? real_of(producer, "beta", 1) : 1;
  std::vector<double> shift = affine.shift, factors = affine.scale;
  if (const Tensor* bias = constant_input(graph, producer, 2)) {
    const std::vector<double> old = reals(*bias);
    for (std::size_t c = 0; c < shift.size(); ++c) shift[c] += beta * old[c] * affine.scale[c];
  }
  for (double& factor : factors) factor *= alpha;
  producer.attributes.erase("alpha");
  producer.attributes.erase("beta");
  producer.inputs[1] = scaled_weights(graph, producer, axis, factors);
  const bool biased = producer.inputs.size() > 2 && producer.inputs[2] != no_value;
  if (!biased && std::all_of(shift.begin(), shift.end(), [](double s) { return s == 0; })) return;
  producer.inputs.resize(3, no_value);
  const Dims sides{static_cast<std::int64_t>(shift.size())};
  producer.inputs[2] = graph.add_constant(producer.name + ".bias", make_tensor(DataType::f32, sides, shift));
}

class AffineFold {
 public:
  explicit AffineFold(Graph& graph) : graph_(graph), producers_(producers_of(graph)), users_(users_of(graph)) {}

  void run() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node node = graph_.nodes[n];
      if (node.domain.empty() && (node.op == "BatchNormalization" || node.op == "Mul")) take(node);
    }
  }

 private:
  // What makes a value that one node alone reads.
  Node* only_made(ValueId id) {
    const int from = id < static_cast<ValueId>(producers_.size()) ? producers_[static_cast<std::size_t>(id)] : -1;
    if (from < 0 || users_[static_cast<std::size_t>(id)].size() != 1 || graph_.is_output(id)) return nullptr;
    return &graph_.nodes[static_cast<std::size_t>(from)];
  }

  void take(const Node& node) {
    const bool norm = node.op == "BatchNormalization";
    const std::size_t side = !norm && constant_input(graph_, node, 0) != nullptr ? 1 : 0;
    const ValueId in = node.inputs[side], out = node.outputs[0];
    Node *producer = only_made(in), *turn = nullptr;
    if (!norm && producer != nullptr && producer->op == "Transpose" && producer->domain.empty()) {
      turn = producer;
      producer = only_made(turn->inputs[0]);
    }
    if (producer == nullptr || !producer->domain.empty()) return;
    const int axis = channel_axis(*producer);
    const Tensor* weights = axis < 0 ? nullptr : constant_input(graph_, *producer, 1);
    const bool rows = producer->op == "MatMul";  // whose channel is the last dimension
    const std::size_t rank = graph_.values[static_cast<std::size_t>(out)].shape.size();
    if (weights == nullptr || (rows && (weights->shape.size() != 2 || (norm && rank != 2)))) return;
    const std::optional<Affine> affine =
        norm ? affine_of(graph_, node) : affine_of_product(graph_, node, 1 - side, *producer, turn);
    if (!affine || !has_plain_bias(graph_, *producer, affine->scale.size())) return;
    fold(graph_, *producer, *affine, axis);
    redirect(graph_, out, in);
    users_[static_cast<std::size_t>(in)] = users_[static_cast<std::size_t>(out)];
  }

  Graph& graph_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> users_;
};

}  // namespace

void fold_batch_norm(Graph& graph) { AffineFold(graph).run(); }

}  // namespace tessera::import
