#include "sim/network/graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dag_shortest_paths.hpp>
#include <boost/graph/strong_components.hpp>
#include <deque>
#include <functional>
#include <queue>

#include "sim/network/shapes.h"

namespace tessera::network {
namespace {

using EdgeCost = boost::property<boost::edge_weight_t, double>;
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, boost::no_property, EdgeCost>;

Graph make_graph(const InputLists& inputs) {
  Graph g(inputs.size());
  for (std::size_t node = 0; node < inputs.size(); ++node)
    for (int from : inputs[node])
      if (from >= 0) boost::add_edge(static_cast<std::size_t>(from), node, EdgeCost(0), g);
  return g;
}

// Shortest walk from `start` back to itself inside its component, by breadth first search; empty when there is none.
std::vector<int> cycle_through(const Graph& g, int start, const std::vector<int>& component) {
  std::vector<int> parent(boost::num_vertices(g), -1);
  std::deque<int> queue{start};
  while (!queue.empty()) {
    const int node = queue.front();
    queue.pop_front();
    for (auto [it, end] = boost::adjacent_vertices(static_cast<std::size_t>(node), g); it != end; ++it) {
      const auto next = static_cast<int>(*it);
      if (component[next] != component[start]) continue;
      if (next == start) {
        std::vector<int> cycle;
        for (int n = node; n != start; n = parent[n]) cycle.push_back(n);
        cycle.push_back(start);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (parent[next] < 0) {
        parent[next] = node;
        queue.push_back(next);
      }
    }
  }
  return {};
}

}  // namespace

std::vector<int> topological_order(const InputLists& inputs) {
  const Graph g = make_graph(inputs);
  std::vector<std::size_t> missing(inputs.size());
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (std::size_t node = 0; node < inputs.size(); ++node) {
    missing[node] = boost::in_degree(node, g);
    if (missing[node] == 0) ready.push(static_cast<int>(node));
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (auto [it, end] = boost::adjacent_vertices(static_cast<std::size_t>(node), g); it != end; ++it)
      if (--missing[*it] == 0) ready.push(static_cast<int>(*it));
  }
  return order;
}

std::vector<std::vector<int>> find_cycles(const InputLists& inputs) {
  const Graph g = make_graph(inputs);
  std::vector<int> component(inputs.size());
  const int count = boost::strong_components(
      g, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, g)));
  std::vector<std::vector<int>> cycles;
  std::vector<bool> seen(static_cast<std::size_t>(count), false);
  for (std::size_t node = 0; node < inputs.size(); ++node) {
    if (seen[component[node]]) continue;
    seen[component[node]] = true;
    std::vector<int> cycle = cycle_through(g, static_cast<int>(node), component);
    if (!cycle.empty()) cycles.push_back(std::move(cycle));
  }
  return cycles;
}

std::vector<LayerId> last_use(const Network& network) {
  const auto count = static_cast<LayerId>(network.layers.size());
  std::vector<std::vector<LayerId>> readers(network.layers.size());
  for (const Layer& layer : network.layers)
    for (LayerId t : layer.inputs) readers[t].push_back(layer.id);
  std::vector<LayerId> last(network.layers.size(), count);
  for (LayerId t = count - 1; t >= 0; --t) {
    if (readers[t].empty()) continue;
    last[t] = readers[t].back();
    for (LayerId r : readers[t])
      if (network.layers[r].op == Op::concat) last[t] = std::max(last[t], last[r]);
  }
  return last;
}

LivePeak live_peak(const Network& network, bool products) {
  const std::vector<LayerId> last = last_use(network);
  std::vector<Bytes> sizes;
  for (const Layer& l : network.layers)
    sizes.push_back(l.op == Op::concat ? 0 : std::int64_t{l.out.h} * l.out.w * output_pixel_bytes(l, products));
  for (const Layer& l : network.layers)  // an input has the type of the product that reads it
    if (l.is_gemm && network.layers[l.inputs[0]].op == Op::input)
      sizes[l.inputs[0]] = std::int64_t{l.in.h} * l.in.w * input_pixel_bytes(l, products);
  LivePeak peak;
  for (const Layer& at : network.layers) {
    Bytes bytes = 0;
    for (LayerId t = 0; t <= at.id; ++t)
      if (last[t] >= at.id) bytes += sizes[t];
    if (bytes > peak.bytes) peak = {bytes, at.id};
  }
  return peak;
}

CriticalPath critical_path(const Network& network, const std::vector<double>& cost) {
  // Longest path as the shortest with negated costs; one extra node in front of all layers carries the first cost.
  const std::size_t n = network.layers.size();
  Graph g(n + 1);
  for (const Layer& layer : network.layers) {
    const auto to = static_cast<std::size_t>(layer.id);
    for (LayerId from : layer.inputs) boost::add_edge(static_cast<std::size_t>(from), to, EdgeCost(-cost[to]), g);
    if (layer.inputs.empty()) boost::add_edge(n, to, EdgeCost(-cost[to]), g);
  }
  std::vector<double> distance(n + 1);
  std::vector<std::size_t> parent(n + 1);
  const auto index = boost::get(boost::vertex_index, g);
  boost::dag_shortest_paths(g, n,
                            boost::distance_map(boost::make_iterator_property_map(distance.begin(), index))
                                .predecessor_map(boost::make_iterator_property_map(parent.begin(), index)));
  CriticalPath path;
  std::size_t node = n;
  for (std::size_t i = 0; i < n; ++i)
    if (-distance[i] > path.cost) {
      path.cost = -distance[i];
      node = i;
    }
  for (; node != n; node = parent[node]) path.layers.push_back(static_cast<LayerId>(node));
  std::reverse(path.layers.begin(), path.layers.end());
  return path;
}

std::vector<int> cheapest_choices(const std::vector<std::vector<std::vector<double>>>& costs) {
  // A node per stage and choice, and one node each before the first stage and behind the last.
  std::vector<std::size_t> first{1};
  for (const auto& stage : costs) first.push_back(first.back() + stage.size());
  const std::size_t last_choices = costs.empty() ? 0 : costs.back().front().size(), end = first.back() + last_choices;
  Graph g(end + 1);
  // Edges to the last choice first: nodes are then settled from the first choice on, and the first of equals stays.
  for (std::size_t k = 0; k < costs.size(); ++k)
    for (std::size_t i = costs[k].size(); i-- > 0;) {
      if (k == 0) boost::add_edge(0, first[0] + i, EdgeCost(0), g);
      for (std::size_t j = costs[k][i].size(); j-- > 0;)
        boost::add_edge(first[k] + i, first[k + 1] + j, EdgeCost(costs[k][i][j]), g);
    }
  for (std::size_t j = 0; j < last_choices; ++j) boost::add_edge(first.back() + j, end, EdgeCost(0), g);
  std::vector<std::size_t> parent(end + 1);
  boost::dag_shortest_paths(
      g, 0,
      boost::predecessor_map(boost::make_iterator_property_map(parent.begin(), boost::get(boost::vertex_index, g))));
  std::vector<int> choices;
  std::size_t stage = first.size() - 1;
  for (std::size_t node = parent[end]; node != 0 && node != end; node = parent[node])
    choices.push_back(static_cast<int>(node - first[stage--]));
  std::reverse(choices.begin(), choices.end());
  return choices;
}

}  // namespace tessera::network
