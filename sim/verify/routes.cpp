#include "sim/verify/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/route/packets.h"

namespace tessera::verify {
namespace {

// One port: a link between two tiles, or a channel (negative).
using PortKey = int;
PortKey link_key(const route::Hop& hop) { return hop.links * 256 + hop.link; }
PortKey channel_key(program::EngineId channel) { return -1 - channel; }

// A route in a switch: taken at `slave`, sent at `masters`.
struct Crossing {
  program::TileId tile = 0;
  PortKey slave = 0;
  int id = -1, route = 0;
  std::vector<PortKey> masters;  // ascending
};

class RoutingCheck {
 public:
  RoutingCheck(const program::Program& p, const route::Device& device, const route::Routing& routing, Findings& f)
      : p_(p), d_(device), r_(routing), f_(f), tiles_(static_cast<std::size_t>(device.grid.tiles())) {}

  void run(bool overfull) {
    for (std::size_t s = 0; s < r_.streams.size(); ++s) stream(s);
    std::sort(crossings_.begin(), crossings_.end(), [](const Crossing& a, const Crossing& b) {
      return std::tie(a.tile, a.slave, a.id, a.route) < std::tie(b.tile, b.slave, b.id, b.route);
    });
    for (auto first = crossings_.begin(); first != crossings_.end() && !f_.full();) {
      const auto last = std::find_if(first, crossings_.end(), [&](const Crossing& c) { return c.tile != first->tile; });
      if (overfull) check_switch({first, last});
      first = last;
    }
  }

 private:
  void stream(std::size_t s) {
    const route::Stream& stream = r_.streams[s];
    const program::TileId start = d_.map.info(stream.source).tile;
    for (const program::TileId tile : reached_) at(tile) = {};
    reached_ = {start};
    at(start) = {true, channel_key(stream.source), 0, {}};
    for (const route::Hop& hop : r_.trees[s]) {
      const bool known = hop.links >= 0 && hop.links < static_cast<int>(d_.grid.links().size());
      if (!known || hop.link < 0 || hop.link >= d_.grid.links()[static_cast<std::size_t>(hop.links)].count) {
        bad(stream, fmt::format("takes link {} of {}", hop.link, known ? d_.grid.name(hop.links) : "no side"));
        return;
      }
      const route::Links& links = d_.grid.links()[static_cast<std::size_t>(hop.links)];
      if (!at(links.from).reached || at(links.to).reached)
        return bad(stream, fmt::format("goes {} and is no tree there", d_.grid.name(hop.links)));
      at(links.to) = {true, link_key(hop), 0, {}};
      reached_.push_back(links.to);
      at(links.from).leaving.push_back(hop);
    }
    for (std::size_t r = 0; r < stream.routes.size(); ++r) {
      const program::Route& route = p_.routes[static_cast<std::size_t>(stream.routes[r])];
      std::size_t reached = 0;
      for (const program::EngineId sink : route.sinks) ++at(d_.map.info(sink).tile).sinks;
      follow(start, route, {r_.ids[s][r], stream.routes[r]}, reached);
      for (const program::EngineId sink : route.sinks) at(d_.map.info(sink).tile).sinks = 0;
      if (route.source != stream.source || reached != route.sinks.size())
        bad(stream,
            fmt::format("brings route {} to {} of {} receivers", stream.routes[r], reached, route.sinks.size()));
    }
  }

  // Down the tree from `tile`; whether anything of the route is there.
  bool follow(program::TileId tile, const program::Route& route, std::pair<int, int> id_and_number,
              std::size_t& reached) {
    Crossing c{tile, at(tile).entered, id_and_number.first, id_and_number.second, {}};
    if (at(tile).sinks > 0)
      for (const program::EngineId sink : route.sinks)
        if (d_.map.info(sink).tile == tile) c.masters.push_back(channel_key(sink));
    reached += c.masters.size();
    for (const route::Hop& hop : at(tile).leaving)
      if (follow(d_.grid.links()[static_cast<std::size_t>(hop.links)].to, route, id_and_number, reached))
        c.masters.push_back(link_key(hop));
    if (c.masters.empty()) return false;
    std::sort(c.masters.begin(), c.masters.end());
    crossings_.push_back(std::move(c));
    return true;
  }

  void check_switch(const std::vector<Crossing>& at) {
    std::map<PortKey, std::set<PortKey>> takers;                 // by master port: slave ports that it sends
    std::map<PortKey, std::set<std::vector<PortKey>>> by_slave;  // ways
    for (const Crossing& c : at) {
      by_slave[c.slave].insert(c.masters);
      for (const PortKey m : c.masters) takers[m].insert(c.slave);
    }
    const std::string tile = "switch of " + d_.map.tile_name(at.front().tile);
    std::set<std::vector<PortKey>> packet_ways;
    for (const auto& [slave, ways] : by_slave) {
      const bool merges =
          std::any_of(ways.begin()->begin(), ways.begin()->end(), [&](PortKey m) { return takers.at(m).size() > 1; });
      if (ways.size() == 1 && !merges && !takes_packets(at.front().tile, slave)) continue;
      packet_ways.insert(ways.begin(), ways.end());
      if (static_cast<int>(ways.size()) > d_.spec.slots)
        f_.add(tile, fmt::format("packets of one port leave in {} ways", ways.size()),
               fmt::format("legal: at most {}, a slot each", d_.spec.slots));
      ids(tile, slave, at);
    }
    arbiters(tile, packet_ways);
  }

  // Whether the routing says so, where nothing needs it.
  bool takes_packets(program::TileId tile, PortKey slave) const {
    if (r_.packets.empty()) return false;
    const int number = slave < 0 ? d_.grid.slave_of(d_.map.info(-1 - slave))
                                 : d_.grid.links()[static_cast<std::size_t>(slave / 256)].slave + slave % 256;
    return (r_.packets[static_cast<std::size_t>(tile)] >> number & 1) != 0;
  }

  // Packets of one port with the same id go the same way.
  void ids(const std::string& tile, PortKey slave, const std::vector<Crossing>& at) {
    const Crossing* last = nullptr;
    for (const Crossing& c : at) {
      if (c.slave != slave) continue;
      if (c.id < 0 || c.id >= d_.spec.packet_ids)
        f_.add(tile, fmt::format("packets of route {} have id {}", c.route, c.id),
               fmt::format("legal: 0 to {}", d_.spec.packet_ids - 1));
      else if (last != nullptr && last->id == c.id && last->masters != c.masters)
        f_.add(tile,
               fmt::format("packets of routes {} and {} have id {} and go different ways", last->route, c.route, c.id));
      last = &c;
    }
  }

  void arbiters(const std::string& tile, const std::set<std::vector<PortKey>>& ways) {
    std::vector<std::pair<std::set<PortKey>, int>> groups;  // ports that ways join, and how many ways
    for (const std::vector<PortKey>& way : ways) {
      std::pair<std::set<PortKey>, int> joined{{way.begin(), way.end()}, 1};
      for (auto g = groups.begin(); g != groups.end();) {
        const bool meets = std::any_of(way.begin(), way.end(), [&](PortKey m) { return g->first.count(m) > 0; });
        if (meets) {
          joined.first.insert(g->first.begin(), g->first.end());
          joined.second += g->second;
          g = groups.erase(g);
        } else {
          ++g;
        }
      }
      groups.push_back(std::move(joined));
    }
    std::vector<int> most;
    for (const auto& [ports, count] : groups) most.push_back(count);
    std::sort(most.rbegin(), most.rend());
    if (!most.empty() && most.front() > d_.spec.selections)
      f_.add(tile, fmt::format("one arbiter tells {} ways apart", most.front()),
             fmt::format("legal: at most {}", d_.spec.selections));
    std::vector<int> arbiters;  // each the first with room
    for (const int count : most) {
      if (static_cast<int>(most.size()) <= d_.spec.arbiters) break;
      const auto room = std::find_if(arbiters.begin(), arbiters.end(),
                                     [&](int taken) { return taken + count <= d_.spec.selections; });
      room == arbiters.end() ? arbiters.push_back(count) : void(*room += count);
    }
    if (static_cast<int>(arbiters.size()) > d_.spec.arbiters)
      f_.add(tile, fmt::format("packets need {} arbiters", arbiters.size()),
             fmt::format("legal: at most {}", d_.spec.arbiters));
  }

  void bad(const route::Stream& stream, std::string what) {
    f_.add("routing of " + d_.map.name(stream.source), std::move(what));
  }

  const program::Program& p_;
  const route::Device& d_;
  const route::Routing& r_;
  // What the stream at hand does in a tile.
  struct Visit {
    bool reached = false;
    PortKey entered = 0;
    int sinks = 0;  // of the route at hand
    std::vector<route::Hop> leaving;
  };
  Visit& at(program::TileId tile) { return tiles_[static_cast<std::size_t>(tile)]; }

  Findings& f_;
  std::vector<Visit> tiles_;
  std::vector<program::TileId> reached_;  // tiles that it comes to
  std::vector<Crossing> crossings_;
};

// Which layers a set of routes is for.
std::string layers_text(const route::RouteSet& set, const Findings& f) {
  if (set.first_layer < 0) return "routes";
  if (set.first_layer == set.last_layer) return "routes of layer " + f.layer_name(set.first_layer);
  return "routes of layers " + f.layer_name(set.first_layer) + " to " + f.layer_name(set.last_layer);
}
// Nobody writes a switch while a channel turns in a loop of its own: an id for each of the routes there.
class LoopCheck {
 public:
  LoopCheck(const program::Program& p, const route::Device& device, Findings& f) : p_(p), d_(device), f_(f) {}

  void run() {
    for (program::EngineId e = 0; e < d_.map.first_controller(); ++e) {
      if (d_.map.info(e).kind != program::EngineKind::mm2s) continue;
      const std::vector<program::Step>& steps = p_.engines[static_cast<std::size_t>(e)].steps;
      for (std::size_t s = 0; s < steps.size(); ++s) {
        if (steps[s].index >= 0) continue;
        if (steps[s].repeat > 1) loop(e, s);
        s += static_cast<std::size_t>(steps[s].body);
      }
    }
  }

 private:
  void loop(program::EngineId e, std::size_t at) {
    const program::EngineProgram& engine = p_.engines[static_cast<std::size_t>(e)];
    std::set<std::vector<program::EngineId>> receivers;
    int layer = -1;
    for (std::size_t s = at + 1; s <= at + static_cast<std::size_t>(engine.steps[at].body); ++s) {
      if (engine.steps[s].index < 0) continue;
      const program::Transfer& t = engine.transfers[static_cast<std::size_t>(engine.steps[s].index)];
      receivers.insert(p_.routes[static_cast<std::size_t>(t.route)].sinks);
      layer = t.layer;
    }
    if (receivers.size() < 2 || static_cast<int>(receivers.size()) <= d_.spec.packet_ids) return;
    f_.does_not_fit(f_.place(e, at, layer), fmt::format("a loop sends over {} routes", receivers.size()),
                    fmt::format("legal: at most {}, an id of packets each", d_.spec.packet_ids));
  }

  const program::Program& p_;
  const route::Device& d_;
  Findings& f_;
};

// A descriptor that sends several transfers as one holds the arbiters on its way until the last of them is over.
void check_joined(const program::Program& program, const route::Device& device, const route::Plan& plan,
                  Findings& findings) {
  const std::vector<bool> circuits = route::circuits_of(plan, program.routes.size());
  for (program::EngineId e = device.map.first_controller(); e < device.map.count(); ++e)
    for (std::size_t k = 0; k < program.engines[static_cast<std::size_t>(e)].control.size(); ++k) {
      const program::ControlOp& op = program.engines[static_cast<std::size_t>(e)].control[k];
      if (op.kind != program::ControlKind::write_descriptor || op.joined < 2 || op.channel < 0 ||
          op.channel >= device.map.first_controller() || device.map.info(op.channel).kind != program::EngineKind::mm2s)
        continue;
      const auto& transfers = program.engines[static_cast<std::size_t>(op.channel)].transfers;
      if (op.transfer < 0 || static_cast<std::size_t>(op.transfer) >= transfers.size()) continue;  // another's finding
      const int route = transfers[static_cast<std::size_t>(op.transfer)].route;
      if (!circuits[static_cast<std::size_t>(route)])
        findings.at(e, k, op.layer, fmt::format("joins moves of route {}, which goes as packets", route),
                    "legal: of circuits");
    }
}
}  // namespace

void check_routes(const program::Program& program, const route::Device& device, const route::Plan& plan,
                  Findings& findings) {
  LoopCheck(program, device, findings).run();
  check_joined(program, device, plan, findings);
  for (const route::RouteSet& set : plan.sets) {
    const std::string at = layers_text(set, findings);
    for (const int r : set.built.cut_off)
      findings.does_not_fit(at,
                            fmt::format("no links lead from {} to every receiver of route {}",
                                        device.map.name(program.routes[static_cast<std::size_t>(r)].source), r),
                            "legal: receivers that links of the switches lead to");
    if (set.built.cut_off.empty())
      check_routing(program, device, set.built.routing, set.built.overfull.empty(), findings);
  }
}

void check_routing(const program::Program& program, const route::Device& device, const route::Routing& routing,
                   bool overfull, Findings& findings) {
  RoutingCheck(program, device, routing, findings).run(overfull);
}

}  // namespace tessera::verify
