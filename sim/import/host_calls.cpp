#include "sim/import/host_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/import/passes.h"

namespace tessera::import {

std::string full_name(const Node& node) { return node.domain.empty() ? node.op : node.domain + "." + node.op; }

namespace {

class HostCut {
 public:
  HostCut(const Graph& graph, const HostTimes& times)
      : graph_(graph),
        times_(times),
        stage_(graph.values.size(), 0),
        made_by_(producers_of(graph)),
        read_(graph.outputs.begin(), graph.outputs.end()) {
    for (const Node& node : graph.nodes) read_.insert(node.inputs.begin(), node.inputs.end());
  }

  Expected<HostStages> run() {
    for (const Node& node : graph_.nodes) place(node);
    for (const auto& [op, us] : times_)
      if (found_.count(op) == 0)
        problems_.push_back({graph_.file, "--host", fmt::format("names {}, which no node has", op),
                             "legal: an operator of the file, as messages name it"});
    HostStages stages;
    for (int s = 0; s <= last_; ++s) {
      stages.graphs.push_back(part(s));
      stages.calls.push_back(std::move(calls_[s]));
    }
    if (!problems_.empty()) return Failure{ExitCode::bad_input, std::move(problems_)};
    return stages;
  }

 private:
  const Value& value(ValueId id) const { return graph_.values[static_cast<std::size_t>(id)]; }
  int& stage(ValueId id) { return stage_[static_cast<std::size_t>(id)]; }
  bool on_host(const Node& node) const { return times_.count(full_name(node)) > 0; }
  std::int64_t elements(ValueId id) const { return value(id).known ? element_count(value(id).shape) : 0; }

  // The stage of a node's outputs: that of its inputs, or the next one behind the host.
  void place(const Node& node) {
    int s = 0;
    for (const ValueId in : node.inputs)
      if (in != no_value) s = std::max(s, stage(in));
    if (on_host(node)) {
      found_.insert(full_name(node));
      HostCall call{node.name, full_name(node), times_.at(full_name(node)), 0, 0};
      for (const ValueId in : node.inputs) call.reads += in == no_value || value(in).constant ? 0 : elements(in);
      for (const ValueId out : node.outputs) call.makes += read_.count(out) > 0 ? elements(out) : 0;
      calls_[++s].push_back(std::move(call));
    }
    for (const ValueId out : node.outputs) stage(out) = s;
    if (on_host(node)) made_on_host_.insert(node.outputs.begin(), node.outputs.end());
    last_ = std::max(last_, s);
  }

  bool made_in(ValueId id, int s) const {
    const int producer = made_by_[static_cast<std::size_t>(id)];
    if (producer < 0 || stage_[static_cast<std::size_t>(id)] != s) return false;
    return !on_host(graph_.nodes[static_cast<std::size_t>(producer)]);
  }

  Graph part(int s) {
    Graph graph = graph_;
    graph.name += fmt::format("_stage{}", s + 1);
    graph.nodes.clear();
    graph.inputs.clear();
    graph.outputs.clear();
    std::set<ValueId> read_elsewhere, inputs;
    for (const Node& node : graph_.nodes) {
      const bool own = !on_host(node) && std::any_of(node.outputs.begin(), node.outputs.end(),
                                                     [&](ValueId id) { return stage(id) == s; });
      if (own) graph.nodes.push_back(node);
      for (const ValueId in : node.inputs) {
        if (in == no_value || value(in).constant) continue;
        if (!own) read_elsewhere.insert(in);
        if (own && !made_in(in, s) && inputs.insert(in).second) read(node, in, graph);
      }
    }
    for (std::size_t id = 0; id < graph_.values.size(); ++id) {
      const auto v = static_cast<ValueId>(id);
      if (made_in(v, s) && (graph_.is_output(v) || read_elsewhere.count(v) > 0)) graph.outputs.push_back(v);
    }
    return graph;
  }

  void read(const Node& node, ValueId in, Graph& graph) {
    graph.inputs.push_back(in);
    graph.values[static_cast<std::size_t>(in)].of_host = made_on_host_.count(in) > 0;
    if (value(in).known) return;
    problems_.push_back({graph_.file, node_path(node),
                         fmt::format("reads '{}' of the host, of unknown size", value(in).name),
                         "a file whose value_info says its shape"});
  }

  const Graph& graph_;
  const HostTimes& times_;
  std::vector<int> stage_;  // by value
  std::vector<int> made_by_;
  std::set<ValueId> read_;                      // by nodes, or from the graph
  std::map<int, std::vector<HostCall>> calls_;  // before that stage
  std::set<std::string> found_;
  std::set<ValueId> made_on_host_;
  int last_ = 0;
  std::vector<Problem> problems_;
};

}  // namespace

Expected<HostStages> cut_at_host(const Graph& graph, const HostTimes& times) { return HostCut(graph, times).run(); }

}  // namespace tessera::import
