#include "sim/route/periods.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <set>

#include "sim/program/executions.h"

namespace tessera::route {
namespace {

struct Sequence {
  std::map<int, std::map<int, double>> layers;  // by layer: cycles by route; -1: of none
  std::set<std::pair<int, int>> next;           // layers that follow each other in some engine, or by data
};

// Layers that follow each other in an engine.
void add_order(const program::EngineProgram& engine, std::set<std::pair<int, int>>& next) {
  int before = -1;
  for (const std::int32_t i : program::execution_order(engine.steps)) {
    const auto at = static_cast<std::size_t>(i);
    const int layer = engine.transfers.empty() ? engine.core[at].layer : engine.transfers[at].layer;
    if (layer < 0 || layer == before) continue;
    if (before >= 0) next.emplace(before, layer);
    before = layer;
  }
}

// Layers of one input that are computed as one: what comes into a tile for one of them is what its core computes the
// other from.
void add_joint(const program::Program& program, const program::EngineMap& map, std::set<std::pair<int, int>>& next) {
  std::map<program::TileId, std::set<int>> brought, computed;  // by tile: layers
  for (program::EngineId e = 0; e < map.first_controller(); ++e) {
    if (map.info(e).tile_kind != program::TileKind::compute) continue;
    const program::EngineProgram& engine = program.engines[index(e)];
    for (const program::CoreInstr& c : engine.core)
      if (c.op == program::CoreOp::kernel) computed[map.info(e).tile].insert(c.layer);
    if (map.info(e).kind != program::EngineKind::s2mm) continue;
    for (const program::Transfer& t : engine.transfers)
      if (t.payload != program::Payload::weights) brought[map.info(e).tile].insert(t.layer);
  }
  const auto inputs = [&](int layer) {
    return layer < 0 || index(layer) >= program.layers.size() ? std::vector<network::LayerId>{}
                                                              : program.layers[index(layer)].layer.inputs;
  };
  for (const auto& [tile, layers] : computed)
    for (const int computes : layers)
      for (const int brings : brought[tile]) {
        if (brought[tile].count(computes) > 0 || layers.count(brings) > 0) continue;
        if (inputs(brings).empty() || inputs(brings) != inputs(computes)) continue;
        next.emplace(brings, computes);
        next.emplace(computes, brings);
      }
}

Sequence sequence_of(const program::Program& program, const Device& device) {
  Sequence sequence;
  for (program::EngineId e = 0; e < static_cast<program::EngineId>(program.engines.size()); ++e) {
    const program::EngineProgram& engine = program.engines[static_cast<std::size_t>(e)];
    if (e < device.map.first_controller()) add_order(engine, sequence.next);
    if (engine.transfers.empty() || device.map.info(e).kind != program::EngineKind::mm2s) continue;
    const std::vector<std::int64_t> times = program::executions(engine);
    for (std::size_t i = 0; i < engine.transfers.size(); ++i) {
      const program::Transfer& t = engine.transfers[i];
      sequence.layers[t.layer][t.route] +=
          static_cast<double>(t.access.stream_bytes()) * static_cast<double>(times[i]) / device.spec.bytes_per_cycle;
    }
  }
  add_joint(program, device.map, sequence.next);
  for (const program::ProgramLayer& placed : program.layers)
    for (const network::LayerId input : placed.layer.inputs) sequence.next.emplace(input, placed.layer.id);
  return sequence;
}

// By layer, where it stands among the layers: those that call kernels as their first calls, others behind what they
// read.
std::vector<std::size_t> places_of(const program::Program& program) {
  const std::size_t none = program.calls.size();
  std::vector<std::size_t> places(program.layers.size(), none);
  for (std::size_t i = program.calls.size(); i-- > 0;)
    if (const int layer = program.calls[i].layer; layer >= 0 && index(layer) < places.size()) places[index(layer)] = i;
  for (const program::ProgramLayer& placed : program.layers) {
    std::size_t& place = places[index(placed.layer.id)];
    if (place < none) continue;
    place = 0;
    for (const network::LayerId input : placed.layer.inputs) place = std::max(place, places[index(input)]);
  }
  return places;
}

}  // namespace

std::vector<Period> periods_of(const program::Program& program, const Device& device) {
  const Sequence sequence = sequence_of(program, device);
  std::vector<int> layers;
  for (const auto& [layer, cycles] : sequence.layers)
    if (layer >= 0) layers.push_back(layer);
  const auto none = sequence.layers.find(-1);
  if (layers.empty())
    return none == sequence.layers.end() ? std::vector<Period>{} : std::vector<Period>{{-1, -1, {}, none->second}};
  // Layers that send nothing stand in the order as well.
  for (const auto& [from, to] : sequence.next) {
    layers.push_back(from);
    layers.push_back(to);
  }
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  const auto vertex = [&](int layer) {
    return static_cast<std::size_t>(std::lower_bound(layers.begin(), layers.end(), layer) - layers.begin());
  };
  boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS> graph(layers.size());
  for (const auto& [from, to] : sequence.next) add_edge(vertex(from), vertex(to), graph);
  std::vector<std::size_t> component(layers.size());
  const std::size_t count = strong_components(graph, component.data());
  std::vector<Period> periods(count);
  std::vector<int> earlier(count);  // periods that have to come first and have not
  std::set<std::pair<std::size_t, std::size_t>> order;
  for (const auto& [from, to] : sequence.next)
    if (component[vertex(from)] != component[vertex(to)] &&
        order.emplace(component[vertex(from)], component[vertex(to)]).second)
      ++earlier[component[vertex(to)]];
  for (const int layer : layers) {
    Period& period = periods[component[vertex(layer)]];
    if (period.first_layer < 0) period.first_layer = layer;
    period.last_layer = layer;
    const auto sends = sequence.layers.find(layer);
    if (sends == sequence.layers.end()) continue;
    if (period.layers.empty() && none != sequence.layers.end()) period.add(none->second);
    period.layers.push_back(layer);
    period.add(sends->second);
  }
  const std::vector<std::size_t> places = places_of(program);
  std::vector<std::pair<std::size_t, int>> place(count);
  for (std::size_t p = 0; p < count; ++p) {
    const auto layer = static_cast<std::size_t>(periods[p].first_layer);
    place[p] = {layer < places.size() ? places[layer] : layer, periods[p].first_layer};
  }
  std::set<std::pair<std::pair<std::size_t, int>, std::size_t>> ready;
  for (std::size_t p = 0; p < count; ++p)
    if (earlier[p] == 0) ready.emplace(place[p], p);
  std::vector<Period> sorted;
  while (!ready.empty()) {
    const std::size_t p = ready.begin()->second;
    ready.erase(ready.begin());
    if (!periods[p].layers.empty()) sorted.push_back(std::move(periods[p]));
    for (auto after = order.lower_bound({p, 0}); after != order.end() && after->first == p; ++after)
      if (--earlier[after->second] == 0) ready.emplace(place[after->second], after->second);
  }
  return sorted;
}

}  // namespace tessera::route
