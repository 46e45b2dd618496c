#include "sim/import/macs.h"
#include "sim/import/passes.h"

namespace tessera::import {

void redirect(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes)
    for (ValueId& input : node.inputs)
      if (input == from) input = to;
  for (ValueId& output : graph.outputs)
    if (output == from) output = to;
}

DeadCode remove_dead_code(Graph& graph) {
  std::vector<bool> wanted(graph.values.size(), false);
  for (const ValueId output : graph.outputs) wanted[static_cast<std::size_t>(output)] = true;
  std::vector<bool> kept(graph.nodes.size(), false);
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    // A constant stands for itself: what made it is not needed.
    for (const ValueId output : node.outputs)
      if (!graph.values[static_cast<std::size_t>(output)].constant)
        kept[n] = kept[n] || wanted[static_cast<std::size_t>(output)];
    if (!kept[n]) continue;
    for (const ValueId input : node.inputs)
      if (input != no_value) wanted[static_cast<std::size_t>(input)] = true;
  }
  DeadCode dead;
  std::vector<Node> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (kept[n]) {
      nodes.push_back(std::move(graph.nodes[n]));
      continue;
    }
    ++dead.nodes;
    dead.macs += node_macs(graph, graph.nodes[n]);
  }
  graph.nodes = std::move(nodes);
  for (std::size_t v = 0; v < graph.values.size(); ++v)
    if (!wanted[v]) graph.values[v].constant.reset();
  return dead;
}

std::vector<std::string> remove_unread_inputs(Graph& graph) {
  const std::vector<std::vector<int>> users = users_of(graph);
  std::vector<std::string> names;
  std::vector<ValueId> read;
  for (const ValueId id : graph.inputs) {
    if (!users[static_cast<std::size_t>(id)].empty() || graph.is_output(id))
      read.push_back(id);
    else
      names.push_back(graph.values[static_cast<std::size_t>(id)].name);
  }
  if (read.empty()) return {};
  graph.inputs = std::move(read);
  return names;
}

}  // namespace tessera::import
