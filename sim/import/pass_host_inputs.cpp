// What the host computes before the network begins: numbers that only the integers of the inputs decide - indices,
// truth values, masks, and rows of tables that they name - and masks of reals, which are added to scores alone. Where
// layers read it, it is an input of the graph.
#include <algorithm>
#include <functional>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

class HostSide {
 public:
  explicit HostSide(Graph& graph)
      : graph_(graph),
        users_(users_of(graph)),
        hosted_(graph.values.size(), false),
        mask_(graph.values.size(), false) {}

  void run() {
    for (const ValueId input : graph_.inputs) {
      mask_[at(input)] = is_real(value(input).type) && makes_mask(input);
      if (!is_real(value(input).type) || mask_[at(input)]) hosted_[at(input)] = true;
    }
    std::vector<bool> on_host(graph_.nodes.size(), false);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      if (!computes(node)) continue;
      on_host[n] = true;
      for (const ValueId out : node.outputs) hosted_[at(out)] = true;
    }
    // What is repeated is written once.
    for (std::size_t n = graph_.nodes.size(); n-- > 0;)
      if (on_host[n] && graph_.nodes[n].op == "Expand" && read_by_layers(graph_.nodes[n].outputs[0], on_host))
        on_host[n] = false;
    std::vector<ValueId> inputs;
    std::vector<Node> rest;
    for (const ValueId input : graph_.inputs)
      if (!hosted_[at(input)] || read_by_layers(input, on_host)) inputs.push_back(input);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      Node& node = graph_.nodes[n];
      if (!on_host[n]) {
        rest.push_back(std::move(node));
        continue;
      }
      for (const ValueId out : node.outputs)
        if (read_by_layers(out, on_host)) {
          value(out).of_host = true;
          inputs.push_back(out);
        }
    }
    std::stable_partition(inputs.begin(), inputs.end(), [&](ValueId id) { return !mask_[at(id)]; });  // masks behind
    graph_.inputs = std::move(inputs);
    graph_.nodes = std::move(rest);
  }

 private:
  static std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }
  Value& value(ValueId id) { return graph_.values[at(id)]; }

  bool read_by_layers(ValueId id, const std::vector<bool>& on_host) const {
    const std::vector<int>& users = users_[at(id)];
    return std::any_of(users.begin(), users.end(), [&](int n) { return !on_host[static_cast<std::size_t>(n)]; });
  }

  static bool arranges(const Node& node) {
    for (const char* op : {"Cast", "Where", "Add", "Sub", "Mul", "Div", "Reshape", "Unsqueeze", "Squeeze", "Expand",
                           "Flatten", "Transpose", "Slice", "Concat", "Neg", "Tile", "OneHot"})
      if (node.domain.empty() && node.op == op) return true;
    return false;
  }

  bool all_users(ValueId id, const std::function<bool(const Node&)>& holds) const {
    const std::vector<int>& users = users_[at(id)];
    return !graph_.is_output(id) && !users.empty() && std::all_of(users.begin(), users.end(), [&](int n) {
      return holds(graph_.nodes[static_cast<std::size_t>(n)]);
    });
  }

  // Whether all that is made of reals, with constants, is added to scores.
  bool makes_mask(ValueId id) const {
    return all_users(id, [&](const Node& n) {
      const bool alone = std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId in) {
        return in == id || in == no_value || graph_.values[at(in)].constant;
      });
      return alone ? arranges(n) && makes_mask(n.outputs[0]) : n.op == "Add" && is_score(graph_, users_, n.outputs[0]);
    });
  }

  // Whether all its inputs stand there or are computed by the host, and it makes no more of them than a mask.
  bool computes(const Node& node) {
    bool hosted = false, reals = false;
    if (!node.domain.empty()) return false;
    for (const ValueId id : node.inputs) {
      if (id == no_value || value(id).constant) continue;
      if (!hosted_[at(id)]) return false;
      hosted = true;
      reals = reals || (is_real(value(id).type) && !mask_[at(id)]);
    }
    const Value& out = value(node.outputs[0]);
    if (!hosted || reals || !out.known) return false;
    if (!is_real(out.type)) return true;
    if (node.op == "Gather") return value(node.inputs[0]).constant && node.inputs.size() == 2;  // rows of a table
    if (arranges(node)) mask_[at(node.outputs[0])] = true;
    return arranges(node);
  }

  Graph& graph_;
  std::vector<std::vector<int>> users_;
  std::vector<bool> hosted_, mask_;  // by value; mask: made of integers alone, without a table
};

}  // namespace

void cut_host_inputs(Graph& graph) { HostSide(graph).run(); }

}  // namespace tessera::import
