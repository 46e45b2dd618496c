// Group normalization as exporters write it for operator sets without it: N x C x ... -> N x G x rest, normalized per
// group, and back.
#include "sim/import/passes.h"

namespace tessera::import {
namespace {

bool is_plain(const Node& node, const char* op) { return node.op == op && node.domain.empty(); }

const Dims& shape_of(const Graph& graph, ValueId id) { return graph.values[static_cast<std::size_t>(id)].shape; }

// The channels of a map, one after the other, in as many parts as `groups` has channels.
bool divides_channels(const Dims& map, const Dims& groups) {
  return map.size() >= 3 && groups.size() >= 3 && map[0] == groups[0] && groups[1] > 0 && map[1] % groups[1] == 0 &&
         element_count(map) == element_count(groups) && map != groups;
}

}  // namespace

void recognize_group_norm(Graph& graph) {
  const std::vector<int> producers = producers_of(graph);
  const std::vector<std::vector<int>> users = users_of(graph);
  const auto only_user = [&](ValueId id) {
    const std::vector<int>& list = users[static_cast<std::size_t>(id)];
    return list.size() == 1 && !graph.is_output(id) ? &graph.nodes[static_cast<std::size_t>(list[0])] : nullptr;
  };
  for (const Node& norm : graph.nodes) {
    if (!is_plain(norm, "InstanceNormalization")) continue;
    const int before = producers[static_cast<std::size_t>(norm.inputs[0])];
    if (before < 0 || !is_plain(graph.nodes[static_cast<std::size_t>(before)], "Reshape")) continue;
    const ValueId map = graph.nodes[static_cast<std::size_t>(before)].inputs[0];
    Node* after = only_user(norm.outputs[0]);
    if (after == nullptr || !is_plain(*after, "Reshape")) continue;
    const Dims groups = shape_of(graph, norm.inputs[0]);
    if (!divides_channels(shape_of(graph, map), groups) || shape_of(graph, after->outputs[0]) != shape_of(graph, map))
      continue;
    after->op = "GroupNormalization";
    after->inputs = {map, norm.inputs[1], norm.inputs[2]};
    after->attributes = norm.attributes;
    after->attributes["num_groups"] = groups[1];
  }
}

}  // namespace tessera::import
