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

// The node that picks what stands there, renamed or not; null: none does.
const Node* pick_of(const Graph& graph, const std::vector<int>& producers, ValueId id) {
  while (!is_real(graph.values[static_cast<std::size_t>(id)].type)) {
    const int n = producers[static_cast<std::size_t>(id)];
    if (n < 0) return nullptr;
    const Node& node = graph.nodes[static_cast<std::size_t>(n)];
    if ((node.op == "ArgMax" || node.op == "ArgMin") && node.domain.empty()) return &node;
    if (!renames(node)) return nullptr;
    id = node.inputs[0];
  }
  return nullptr;
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
