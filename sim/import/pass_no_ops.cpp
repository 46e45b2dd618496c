#include <algorithm>
#include <functional>
#include <optional>

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

// Parts without elements, which an exporter joins where a side happens to be 1.
void drop_empty_parts(const Graph& graph, Node& node) {
  if (node.op != "Concat" || !node.domain.empty()) return;
  const auto empty = [&](ValueId id) {
    const Value& part = graph.values[static_cast<std::size_t>(id)];
    return part.known && element_count(part.shape) == 0;
  };
  if (std::all_of(node.inputs.begin(), node.inputs.end(), empty)) return;
  node.inputs.erase(std::remove_if(node.inputs.begin(), node.inputs.end(), empty), node.inputs.end());
}

// Which input a node hands on, if it does nothing else: the first, or what Where takes everywhere.
std::size_t chosen(const Graph& graph, const Node& node) {
  const Tensor* condition = node.op == "Where" ? constant_input(graph, node, 0) : nullptr;
  if (condition == nullptr) return 0;
  const Dims truth = integers(*condition);
  if (truth.empty() || std::adjacent_find(truth.begin(), truth.end(), std::not_equal_to<>()) != truth.end()) return 0;
  return truth[0] != 0 ? 1 : 2;
}

bool hands_on(const Graph& graph, const Node& node, std::size_t input) {
  if (!node.domain.empty() || node.inputs.size() <= input || node.inputs[input] == no_value) return false;
  const Value& in = graph.values[static_cast<std::size_t>(node.inputs[input])];
  const Value& out = graph.values[static_cast<std::size_t>(node.outputs[0])];
  if (!in.known || !out.known || in.type != out.type || in.shape != out.shape) return false;
  const std::string& op = node.op;
  if (op == "Concat" || op == "Sum" || op == "Max" || op == "Min" || op == "Mean") return node.inputs.size() == 1;
  if (op == "Where") return input > 0;
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

// The shape that values broadcast to; nothing where they do not.
std::optional<Dims> broadcast_shape(const Graph& graph, const std::vector<ValueId>& list) {
  Dims shape;
  for (const ValueId id : list) {
    const Value& value = graph.values[static_cast<std::size_t>(id)];
    if (!value.known) return std::nullopt;
    Dims of = value.shape;
    while (of.size() < shape.size()) of.insert(of.begin(), 1);
    while (shape.size() < of.size()) shape.insert(shape.begin(), 1);
    for (std::size_t d = 0; d < of.size(); ++d) {
      if (shape[d] == 1) shape[d] = of[d];
      if (of[d] != 1 && of[d] != shape[d]) return std::nullopt;
    }
  }
  return shape;
}

bool broadcasts(const Node& node) {
  const char* names =
      "Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mul Or Pow Sub Sum Where Xor";
  return is_among(node, names) && std::find(node.inputs.begin(), node.inputs.end(), no_value) == node.inputs.end();
}

}  // namespace

void skip_expands(Graph& graph) {
  const std::vector<int> producer = producers_of(graph);
  for (Node& node : graph.nodes) {
    if (!broadcasts(node) || !graph.values[static_cast<std::size_t>(node.outputs[0])].known) continue;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const int made = producer[static_cast<std::size_t>(node.inputs[i])];
      if (made < 0 || graph.nodes[static_cast<std::size_t>(made)].op != "Expand") continue;
      std::vector<ValueId> inputs = node.inputs;
      inputs[i] = graph.nodes[static_cast<std::size_t>(made)].inputs[0];
      if (broadcast_shape(graph, inputs) == graph.values[static_cast<std::size_t>(node.outputs[0])].shape)
        node.inputs = inputs;
    }
  }
}

void remove_no_ops(Graph& graph) {
  std::vector<ValueId> source(graph.values.size());
  for (std::size_t v = 0; v < source.size(); ++v) source[v] = static_cast<ValueId>(v);
  for (Node& node : graph.nodes) {
    for (ValueId& input : node.inputs)
      if (input != no_value) input = source[static_cast<std::size_t>(input)];
    drop_empty_parts(graph, node);
    const std::size_t input = chosen(graph, node);
    if (hands_on(graph, node, input)) source[static_cast<std::size_t>(node.outputs[0])] = node.inputs[input];
  }
  for (ValueId& output : graph.outputs) output = source[static_cast<std::size_t>(output)];
}

}  // namespace tessera::import
