#include "sim/run/routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/control/lower.h"
#include "sim/route/link_use.h"
#include "sim/route/packets.h"
#include "sim/route/switch_writes.h"

namespace tessera::run {
namespace {

std::string at_layer(const route::RouteSet& set, const program::Program& program) {
  return set.first_layer < 0 ? "" : ", layer " + program.layers[static_cast<std::size_t>(set.first_layer)].layer.name;
}

std::string lacks(const route::RouteSet& set, const route::Device& device, const program::Program& program) {
  const program::TileId tile = set.built.overfull.front();
  const route::Passages passages = route::passages_of(device.grid, device.map, program.routes, set.built.routing);
  const route::SwitchNeeds needs = route::needs_of(passages, set.built.routing, tile, device.spec);
  const std::string what = needs.slots > device.spec.slots ? fmt::format("{} slots of a port", needs.slots)
                           : needs.selections > device.spec.selections
                               ? fmt::format("{} selections of an arbiter", needs.selections)
                           : needs.arbiters > device.spec.arbiters ? fmt::format("{} arbiters", needs.arbiters)
                                                                   : std::string("more packet ids");
  return fmt::format("{}: {}{}", device.map.tile_name(tile), what, at_layer(set, program));
}

// Notes the ids of a set; how many routes had another one before.
std::int64_t changed_ids(const route::Routing& routing, std::vector<int>& ids) {
  std::int64_t changed = 0;
  for (std::size_t s = 0; s < routing.streams.size(); ++s)
    for (std::size_t r = 0; r < routing.streams[s].routes.size(); ++r) {
      const int id = routing.ids[s][r];
      if (id < 0) continue;
      int& last = ids[static_cast<std::size_t>(routing.streams[s].routes[r])];
      changed += last >= 0 && last != id ? 1 : 0;
      last = id;
    }
  return changed;
}
}  // namespace

Expected<program::Program> with_controllers(program::Program program, const arch::ArraySpec& array,
                                            const std::vector<Millicycles>& durations, route::KnownPlans* known) {
  const program::EngineMap map(array);
  if (map.controllers() == 0 || program.engines.empty()) return program;
  const route::Device device(array, map);
  route::KnownPlans own;
  const route::Plan& plan = (known == nullptr ? own : *known).of(program, device);
  const std::vector<program::SwitchWrite> switches = route::switch_writes(program, device, plan);
  Expected<program::Program> written =
      control::lower(program, array, durations, switches, route::circuits_of(plan, program.routes.size()));
  if (written || switches.empty() || written.failure().code != ExitCode::deadlock) return written;
  const std::vector<bool> at_once = route::circuits_of(plan_as_one(program, device), program.routes.size());
  return control::lower(std::move(program), array, durations, {}, at_once);
}

result::Routing routing_result(const program::Program& program, const arch::ArraySpec& array, const route::Plan& plan) {
  const program::EngineMap map(array);
  const route::Device device(array, map);
  result::Routing result;
  std::set<program::EngineId> sources;
  std::set<int> routes;
  std::vector<int> ids(program.routes.size(), -1);
  double shared_cycles = 0;
  for (const route::RouteSet& set : plan.sets) {
    result.changed_ids += changed_ids(set.built.routing, ids);
    for (const int r : set.routes) sources.insert(program.routes[static_cast<std::size_t>(r)].source);
    routes.insert(set.routes.begin(), set.routes.end());
    const auto use = route::use_of(device, program.routes, set.built.routing, set.cycles);
    std::int64_t used = 0, shared = 0;
    double busiest = 0;
    for (std::size_t l = 0; l < use.size(); ++l) {
      std::int64_t here = 0;
      for (const route::LinkUse& link : use[l]) {
        here += link.streams > 0 ? 1 : 0;
        if (link.streams < 2) continue;
        ++shared;
        busiest = std::max(busiest, link.cycles);
      }
      used += here;
      const double share = static_cast<double>(here) / device.grid.links()[l].count;
      if (share <= result.fullest_share) continue;
      result.fullest_share = share;
      result.fullest = device.grid.name(static_cast<int>(l));
    }
    result.used_links = std::max(result.used_links, used);
    result.shared_links = std::max(result.shared_links, shared);
    shared_cycles += busiest;
    for (const route::RegisterBlock& block : set.writes)
      result.port_writes += static_cast<std::int64_t>(block.changes.size());
    result.write_blocks += static_cast<std::int64_t>(set.writes.size());
    const auto overfull = static_cast<std::int64_t>(set.built.overfull.size());
    if (overfull > result.overfull_switches) {
      result.overfull_switches = overfull;
      result.overfull = lacks(set, device, program);
    }
    result.overfull_sets += overfull > 0 ? 1 : 0;
    if (!set.impossible) continue;
    if (!result.impossible) result.impossible = *set.impossible + at_layer(set, program);
    ++result.impossible_sets;
  }
  result.streams = static_cast<std::int64_t>(sources.size());
  result.routes = static_cast<std::int64_t>(routes.size());
  result.links = device.grid.count();
  result.sets = static_cast<std::int64_t>(plan.sets.size());
  if (result.shared_links > 0) result.shared_us = shared_cycles / array.clock_hz * 1e6;
  return result;
}

}  // namespace tessera::run
