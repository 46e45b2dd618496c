#include <algorithm>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

bool keeps_order(const Graph& graph, const Node& node) {
  const auto it = node.attributes.find("perm");
  if (it == node.attributes.end() || !std::holds_alternative<Dims>(it->second)) return false;
  // Moving dimensions of size 1 moves no element; the others must stay in order.
  const Dims& shape = graph.values[static_cast<std::size_t>(node.inputs[0])].shape;
  std::int64_t last = -1;
  for (const std::int64_t d : std::get<Dims>(it->second)) {
    if (shape[static_cast<std::size_t>(d)] == 1) continue;
    if (d < last) return false;
    last = d;
  }
  return true;
}

bool hands_on(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || node.inputs.empty() || node.inputs[0] == no_value) return false;
  const Value& in = graph.values[static_cast<std::size_t>(node.inputs[0])];
  const Value& out = graph.values[static_cast<std::size_t>(node.outputs[0])];
  if (!in.known || !out.known || in.type != out.type || in.shape != out.shape) return false;
  const std::string& op = node.op;
  if (op == "Concat" || op == "Sum" || op == "Max" || op == "Min" || op == "Mean") return node.inputs.size() == 1;
  if (op == "Transpose") return keeps_order(graph, node);
  if (op == "Pad") {  // one that adds as much as it cuts moves everything
    const Tensor* amounts = constant_input(graph, node, 1);
    const Dims list = amounts == nullptr ? Dims{1} : integers(*amounts);
    return std::all_of(list.begin(), list.end(), [](std::int64_t n) { return n == 0; });
  }
  for (const char* name :
       {"Identity", "Dropout", "Cast", "CastLike", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand", "Tile"})
    if (op == name) return true;
  return false;
}

}  // namespace

void remove_no_ops(Graph& graph) {
  std::vector<ValueId> source(graph.values.size());
  for (std::size_t v = 0; v < source.size(); ++v) source[v] = static_cast<ValueId>(v);
  for (Node& node : graph.nodes) {
    for (ValueId& input : node.inputs)
      if (input != no_value) input = source[static_cast<std::size_t>(input)];
    if (hands_on(graph, node)) source[static_cast<std::size_t>(node.outputs[0])] = node.inputs[0];
  }
  for (ValueId& output : graph.outputs) output = source[static_cast<std::size_t>(output)];
}

}  // namespace tessera::import
