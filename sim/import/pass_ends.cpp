// What picks one of the results, for a user that asks for its number alone: nothing that layers make depends on it.
#include <fmt/format.h>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

bool renames(const Node& node) {
  for (const char* op : {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
    if (node.op == op && node.domain.empty()) return true;
  return false;
}

// The node that picks what stands there, renamed or not, or by which a label is looked up; null: none does.
const Node* pick_of(const Graph& graph, const std::vector<int>& producers, ValueId id) {
  for (;;) {
    const int n = producers[static_cast<std::size_t>(id)];
    if (n < 0) return nullptr;
    const Node& node = graph.nodes[static_cast<std::size_t>(n)];
    const Value& value = graph.values[static_cast<std::size_t>(id)];
    const bool of_labels = node.op == "ArrayFeatureExtractor" && node.domain == "ai.onnx.ml" && node.inputs.size() == 2;
    if (of_labels) {
      id = node.inputs[1];
      continue;
    }
    if (value.known && is_real(value.type)) return nullptr;
    if ((node.op == "ArgMax" || node.op == "ArgMin") && node.domain.empty()) return &node;
    if (!renames(node)) return nullptr;
    id = node.inputs[0];
  }
}

}  // namespace

std::vector<std::string> end_before_picks(Graph& graph) {
  const std::vector<int> producers = producers_of(graph);
  std::vector<std::string> left_out;
  std::vector<ValueId> outputs;
  outputs.swap(graph.outputs);
  for (const ValueId output : outputs) {
    const Node* pick = pick_of(graph, producers, output);
    const ValueId end = pick == nullptr ? output : pick->inputs[0];
    if (pick != nullptr) left_out.push_back(fmt::format("{} of '{}'", pick->op, pick->name));
    if (!graph.is_output(end)) graph.outputs.push_back(end);
  }
  return left_out;
}

}  // namespace tessera::import
