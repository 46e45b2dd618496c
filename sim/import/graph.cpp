#include "sim/import/graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/network/graph.h"

namespace tessera::import {

ValueId Graph::add_constant(std::string value_name, Tensor tensor) {
  Value value;
  value.name = std::move(value_name);
  value.known = true;
  value.type = tensor.type;
  value.shape = tensor.shape;
  value.constant = std::move(tensor);
  return add_value(std::move(value));
}

bool Graph::is_output(ValueId value) const { return std::find(outputs.begin(), outputs.end(), value) != outputs.end(); }

std::int64_t integer_of(const Node& node, const char* attribute, std::int64_t otherwise) {
  const auto it = node.attributes.find(attribute);
  const auto* value = it == node.attributes.end() ? nullptr : std::get_if<std::int64_t>(&it->second);
  return value == nullptr ? otherwise : *value;
}

double real_of(const Node& node, const char* attribute, double otherwise) {
  const auto it = node.attributes.find(attribute);
  const auto* value = it == node.attributes.end() ? nullptr : std::get_if<float>(&it->second);
  return value == nullptr ? otherwise : *value;
}

bool is_among(const Node& node, const std::string& names) {
  return node.domain.empty() && (" " + names + " ").find(" " + node.op + " ") != std::string::npos;
}

std::string node_path(const Node& node) { return fmt::format("node '{}' ({})", node.name, node.op); }

std::vector<std::vector<int>> users_of(const Graph& graph) {
  std::vector<std::vector<int>> users(graph.values.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n)
    for (const ValueId v : graph.nodes[n].inputs)
      if (v != no_value) users[static_cast<std::size_t>(v)].push_back(static_cast<int>(n));
  return users;
}

bool is_score(const Graph& graph, const std::vector<std::vector<int>>& users, ValueId value) {
  const std::vector<int>& readers = users[static_cast<std::size_t>(value)];
  return !graph.is_output(value) && !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](int n) {
    const Node& node = graph.nodes[static_cast<std::size_t>(n)];
    return node.op == "Softmax" ||
           ((node.op == "Add" || node.op == "Reshape") && is_score(graph, users, node.outputs[0]));
  });
}

std::vector<int> producers_of(const Graph& graph) {
  std::vector<int> producers(graph.values.size(), -1);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n)
    for (const ValueId v : graph.nodes[n].outputs)
      if (v != no_value) producers[static_cast<std::size_t>(v)] = static_cast<int>(n);
  return producers;
}

std::optional<Problem> sort_nodes(Graph& graph) {
  const std::vector<int> producers = producers_of(graph);
  network::InputLists inputs(graph.nodes.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n)
    for (const ValueId v : graph.nodes[n].inputs)
      if (v != no_value) inputs[n].push_back(producers[static_cast<std::size_t>(v)]);
  const std::vector<int> order = network::topological_order(inputs);
  if (order.size() < graph.nodes.size()) {
    std::vector<std::string> chain;
    const std::vector<std::vector<int>> cycles = network::find_cycles(inputs);
    for (const int n : cycles.front()) chain.push_back(graph.nodes[static_cast<std::size_t>(n)].name);
    chain.push_back(chain.front());
    return Problem{graph.file, "graph", fmt::format("has a cycle: {}", fmt::join(chain, " -> ")),
                   "every node may read only what does not depend on it"};
  }
  std::vector<Node> sorted;
  for (const int n : order) sorted.push_back(std::move(graph.nodes[static_cast<std::size_t>(n)]));
  graph.nodes = std::move(sorted);
  return std::nullopt;
}

}  // namespace tessera::import
