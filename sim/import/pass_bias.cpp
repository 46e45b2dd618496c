#include "sim/import/passes.h"

namespace tessera::import {

std::optional<std::vector<double>> numbers_per_channel(const Tensor& constant, std::size_t from_end,
                                                       std::int64_t channels) {
  for (std::size_t d = 0; d < constant.shape.size(); ++d)
    if (constant.shape[d] != 1 && (constant.shape.size() - d != from_end || constant.shape[d] != channels))
      return std::nullopt;
  std::vector<double> values = reals(constant);
  if (values.empty()) return std::nullopt;
  values.resize(static_cast<std::size_t>(channels), values[0]);
  return values;
}

namespace {

// The dimension of the output that is the channel, counted from its end; 0: the node takes no bias.
std::size_t channel_from_end(const Graph& graph, const Node& producer) {
  const std::size_t rank = graph.values[static_cast<std::size_t>(producer.outputs[0])].shape.size();
  if (producer.op == "Conv" || producer.op == "ConvTranspose") return rank - 1;
  if (producer.op == "Gemm") return real_of(producer, "beta", 1) == 1 ? 1 : 0;
  return producer.op == "MatMul" && rank >= 2 ? 1 : 0;
}

bool take(Graph& graph, Node& producer, const Tensor& addend) {
  const std::size_t from_end = channel_from_end(graph, producer);
  const Dims shape = graph.values[static_cast<std::size_t>(producer.outputs[0])].shape;
  if (from_end == 0 || from_end > shape.size() || addend.shape.size() > shape.size()) return false;
  const std::int64_t channels = shape[shape.size() - from_end];
  std::optional<std::vector<double>> bias = numbers_per_channel(addend, from_end, channels);
  if (!bias || constant_input(graph, producer, 1) == nullptr) return false;
  if (producer.inputs.size() > 2 && producer.inputs[2] != no_value) {
    const Tensor* old = constant_input(graph, producer, 2);
    if (old == nullptr || old->elements() != channels) return false;
    const std::vector<double> before = reals(*old);
    for (std::size_t c = 0; c < bias->size(); ++c) (*bias)[c] += before[c];
  }
  producer.inputs.resize(3, no_value);
  producer.inputs[2] = graph.add_constant(producer.name + ".bias", make_tensor(DataType::f32, {channels}, *bias));
  return true;
}

}  // namespace

void fold_bias(Graph& graph) {
  const std::vector<int> producers = producers_of(graph);
  std::vector<std::vector<int>> users = users_of(graph);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& add = graph.nodes[n];
    if (add.op != "Add" || !add.domain.empty()) continue;
    for (const std::size_t side : {0U, 1U}) {
      const ValueId in = add.inputs[side], out = add.outputs[0];
      const Tensor* addend = constant_input(graph, add, 1 - side);
      const int from =
          in >= 0 && in < static_cast<ValueId>(producers.size()) ? producers[static_cast<std::size_t>(in)] : -1;
      if (addend == nullptr || from < 0 || users[static_cast<std::size_t>(in)].size() != 1 || graph.is_output(in))
        continue;
      const Tensor constant = *addend;
      if (!take(graph, graph.nodes[static_cast<std::size_t>(from)], constant)) continue;
      redirect(graph, out, in);
      users[static_cast<std::size_t>(in)] = users[static_cast<std::size_t>(out)];
      break;
    }
  }
}

}  // namespace tessera::import
