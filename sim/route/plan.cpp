#include "sim/route/plan.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "sim/program/executions.h"
#include "sim/route/link_use.h"
#include "sim/route/registers.h"

namespace tessera::route {
namespace {

constexpr std::int64_t few_streams = 6;  // beyond the links, that may share some where layers have one set

// Layers that have one set in any case, and what they send: by RouteId, cycles on a link.
struct Period {
  int first_layer = -1, last_layer = -1;
  std::map<int, double> cycles;

  void add(const std::map<int, double>& more) {
    for (const auto& [route, sum] : more) cycles[route] += sum;
  }
};

struct Sequence {
  std::map<int, std::map<int, double>> layers;  // by layer: cycles by route; -1: of none
  std::set<std::pair<int, int>> next;           // layers that follow each other in some channel
};

Sequence sequence_of(const program::Program& program, const Device& device) {
  Sequence sequence;
  for (program::EngineId e = 0; e < static_cast<program::EngineId>(program.engines.size()); ++e) {
    const program::EngineProgram& engine = program.engines[static_cast<std::size_t>(e)];
    if (engine.transfers.empty() || device.map.info(e).kind != program::EngineKind::mm2s) continue;
    const std::vector<std::int64_t> times = program::executions(engine);
    int before = -1;
    for (std::size_t i = 0; i < engine.transfers.size(); ++i) {
      const program::Transfer& t = engine.transfers[i];
      sequence.layers[t.layer][t.route] +=
          static_cast<double>(t.access.stream_bytes()) * static_cast<double>(times[i]) / device.spec.bytes_per_cycle;
      if (t.layer < 0) continue;
      if (before >= 0 && before != t.layer) sequence.next.emplace(before, t.layer);
      before = t.layer;
    }
  }
  return sequence;
}

// Layers that take turns in a channel, directly or through others, are one period. Periods stand in the order of the
// channels, otherwise in that of their layers.
std::vector<Period> periods_of(const program::Program& program, const Device& device) {
  const Sequence sequence = sequence_of(program, device);
  const auto none = sequence.layers.find(-1);
  std::vector<int> layers;
  for (const auto& [layer, cycles] : sequence.layers)
    if (layer >= 0) layers.push_back(layer);
  if (layers.empty())
    return none == sequence.layers.end() ? std::vector<Period>{} : std::vector<Period>{{-1, -1, none->second}};
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
    period.add(sequence.layers.at(layer));
    if (layer == period.first_layer && none != sequence.layers.end()) period.add(none->second);  // there at any time
  }
  std::set<std::pair<int, std::size_t>> ready;  // by first layer
  for (std::size_t p = 0; p < count; ++p)
    if (earlier[p] == 0) ready.emplace(periods[p].first_layer, p);
  std::vector<Period> sorted;
  while (!ready.empty()) {
    const std::size_t p = ready.begin()->second;
    ready.erase(ready.begin());
    sorted.push_back(std::move(periods[p]));
    for (auto after = order.lower_bound({p, 0}); after != order.end() && after->first == p; ++after)
      if (--earlier[after->second] == 0) ready.emplace(periods[after->second].first_layer, after->second);
  }
  return sorted;
}

// The channel with most to do.
double busiest_channel(const std::vector<double>& cycles, const program::Program& program) {
  std::map<program::EngineId, double> load;
  for (std::size_t r = 0; r < cycles.size(); ++r) {
    if (cycles[r] <= 0) continue;
    load[program.routes[r].source] += cycles[r];
    for (const program::EngineId sink : program.routes[r].sinks) load[sink] += cycles[r];
  }
  double most = 0;
  for (const auto& [channel, sum] : load) most = std::max(most, sum);
  return most;
}

class Planner {
 public:
  Planner(const program::Program& program, const Device& device) : program_(program), device_(device) {}

  Plan run() {
    for (const Period& period : periods_of(program_, device_)) {
      std::vector<int> routes;
      std::vector<double> cycles(program_.routes.size());
      for (const auto& [route, sum] : period.cycles) {
        routes.push_back(route);
        cycles[static_cast<std::size_t>(route)] = sum;
      }
      if (!joins(routes, cycles)) open(period.first_layer, std::move(routes), cycles);
      RouteSet& set = plan_.sets.back();
      set.last_layer = period.last_layer;
      for (std::size_t r = 0; r < cycles.size(); ++r) set.cycles[r] += cycles[r];
      periods_.push_back(std::move(cycles));
    }
    finish();
    return std::move(plan_);
  }

 private:
  // Whether layers go with the set before.
  bool joins(const std::vector<int>& routes, const std::vector<double>& cycles) {
    if (plan_.sets.empty()) return false;
    RouteSet& last = plan_.sets.back();
    if (routes == last.routes) return true;
    if (!last.built.complete()) return false;
    std::vector<int> both;
    std::set_union(last.routes.begin(), last.routes.end(), routes.begin(), routes.end(), std::back_inserter(both));
    if (both == last.routes) return shares_freely(last.built, cycles);
    std::vector<double> sum = last.cycles;
    for (std::size_t r = 0; r < sum.size(); ++r) sum[r] += cycles[r];
    Built built = build(device_, program_.routes, both, sum, few_streams);
    const auto freely = [&](const std::vector<double>& period) { return shares_freely(built, period); };
    if (built.excess > few_streams || !built.complete() || !freely(cycles) ||
        !std::all_of(periods_.begin(), periods_.end(), freely))
      return false;
    last.built = std::move(built);
    last.routes = std::move(both);
    return true;
  }

  // Whether links that streams share have no more to do than the busiest channel.
  bool shares_freely(const Built& built, const std::vector<double>& cycles) const {
    const double most = busiest_channel(cycles, program_);
    for (const std::vector<LinkUse>& side : use_of(device_, program_.routes, built.routing, cycles))
      for (const LinkUse& link : side)
        if (link.streams > 1 && link.cycles > most) return false;
    return true;
  }

  void open(int layer, std::vector<int> routes, const std::vector<double>& cycles) {
    const auto [known, fresh] = known_.emplace(routes, Built{});
    if (fresh)
      known->second = build(device_, program_.routes, routes, cycles, std::numeric_limits<std::int64_t>::max());
    RouteSet set;
    set.first_layer = layer;
    set.routes = std::move(routes);
    set.cycles.resize(program_.routes.size());
    set.built = known->second;
    plan_.sets.push_back(std::move(set));
    periods_.clear();
  }

  void finish() {
    SwitchRegisters now;
    for (RouteSet& set : plan_.sets) {
      const bool first = &set == &plan_.sets.front();
      std::vector<int> written =
          rewrite(now, registers_of(device_, program_.routes, set.built.routing), device_.grid.tiles());
      if (!first) set.rewritten = std::move(written);
    }
  }

  const program::Program& program_;
  const Device& device_;
  Plan plan_;
  std::vector<std::vector<double>> periods_;  // of the last set: cycles by RouteId
  std::map<std::vector<int>, Built> known_;   // by routes, of layers alone
};

}  // namespace

Plan plan_routes(const program::Program& program, const Device& device) { return Planner(program, device).run(); }

}  // namespace tessera::route
