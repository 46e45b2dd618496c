#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

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
    const Node& node = graph.nodes[n];
    const bool constant = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
      return graph.values[static_cast<std::size_t>(id)].constant.has_value();
    });
    (constant ? dead.constant_macs : dead.macs) += node_macs(graph, node);
  }
  graph.nodes = std::move(nodes);
  for (std::size_t v = 0; v < graph.values.size(); ++v)
    if (!wanted[v]) graph.values[v].constant.reset();
  return dead;
}

namespace {

// Elements that are no numbers.
std::int64_t no_numbers(const Tensor& tensor) {
  const auto is_none = [](auto v) { return std::isnan(v); };
  if (tensor.type != DataType::f32) {
    const std::vector<double> numbers = reals(tensor);
    return std::count_if(numbers.begin(), numbers.end(), is_none);
  }
  std::int64_t count = 0;
  for (std::size_t at = 0; at < tensor.bytes->size(); at += sizeof(float)) {
    float number = 0;
    std::memcpy(&number, tensor.bytes->data() + at, sizeof number);
    count += is_none(number) ? 1 : 0;
  }
  return count;
}

}  // namespace

std::vector<Problem> constants_without_numbers(const Graph& graph) {
  std::vector<Problem> problems;
  std::set<ValueId> seen;
  for (const Node& node : graph.nodes)
    for (const ValueId id : node.inputs) {
      if (id == no_value || !seen.insert(id).second) continue;
      const Value& value = graph.values[static_cast<std::size_t>(id)];
      if (!value.constant || !tensor::is_real(value.constant->type)) continue;
      const std::int64_t wrong = no_numbers(*value.constant);
      if (wrong > 0)
        problems.push_back({graph.file, node_path(node),
                            fmt::format("reads '{}', which holds {} values that are no numbers", value.name, wrong),
                            "numbers"});
    }
  return problems;
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
