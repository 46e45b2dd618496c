#include "sim/route/packets.h"

#include <algorithm>
#include <numeric>

namespace tessera::route {

std::vector<int> ids_of(const Routing& routing, std::size_t routes) {
  std::vector<int> ids(routes, -1);
  for (std::size_t s = 0; s < routing.streams.size(); ++s)
    for (std::size_t r = 0; r < routing.streams[s].routes.size(); ++r)
      ids[index(routing.streams[s].routes[r])] = routing.ids[s][r];
  return ids;
}

void give_ids(Routing& routing, const Passages& passages, const arch::StreamSpec& spec,
              const std::vector<int>& former) {
  struct Port {
    std::size_t at;  // of `taken`
    Way way;
  };
  routing.ids.clear();
  std::vector<std::size_t> first;  // by stream: its first route among those of all streams
  std::size_t routes = 0;
  for (const Stream& stream : routing.streams) {
    first.push_back(routes);
    routes += stream.routes.size();
    routing.ids.emplace_back(stream.routes.size(), -1);
  }
  std::vector<std::vector<Way>> taken;               // by port and id: its way; 0: none
  std::vector<std::pair<std::size_t, Port>> passed;  // routes and the ports that they pass
  std::vector<std::size_t> end(routes + 1);          // by route: how many it and those before it pass
  for (std::size_t tile = 0; tile < passages.size(); ++tile) {
    const std::vector<Passage>& at = passages[tile];
    const Way in = needs_of(passages, routing, static_cast<program::TileId>(tile), spec).packets_in;
    int slave = -1;  // the last one
    for (const Passage& p : at) {
      if ((in >> p.slave & 1) == 0) continue;
      if (p.slave != slave) taken.emplace_back(static_cast<std::size_t>(spec.packet_ids));
      slave = p.slave;
      passed.emplace_back(first[index(p.stream)] + index(p.route), Port{taken.size() - 1, p.way});
      ++end[passed.back().first + 1];
    }
  }
  std::partial_sum(end.begin(), end.end(), end.begin());
  std::vector<Port> ports(passed.size());
  std::vector<std::size_t> next(end.begin(), end.end() - 1);
  for (const auto& [route, port] : passed) ports[next[route]++] = port;
  for (const bool keeps : {true, false})
    for (std::size_t s = 0; s < routing.streams.size(); ++s)
      for (std::size_t r = 0; r < routing.streams[s].routes.size(); ++r) {
        const auto begin = ports.begin() + static_cast<std::ptrdiff_t>(end[first[s] + r]),
                   behind = ports.begin() + static_cast<std::ptrdiff_t>(end[first[s] + r + 1]);
        const auto other = [&](int id) {
          return std::any_of(begin, behind, [&](const Port& p) {
            const std::vector<Way>& ways = taken[p.at];
            return index(id) < ways.size() && ways[index(id)] != 0 && ways[index(id)] != p.way;
          });
        };
        int& id = routing.ids[s][r];
        if (begin == behind || id >= 0) continue;
        const int before = former[index(routing.streams[s].routes[r])];
        if (keeps && (before < 0 || other(before))) continue;
        id = keeps ? before : 0;
        while (other(id)) ++id;
        for (auto p = begin; p != behind; ++p) {
          std::vector<Way>& ways = taken[p->at];
          if (index(id) >= ways.size()) ways.resize(index(id) + 1);
          ways[index(id)] = p->way;
        }
      }
}

std::optional<Routing> keep_packets(const Device& device, const Passages& passages, const SwitchRegisters& now,
                                    const std::vector<int>& former, const Routing& routing) {
  std::vector<Way> kept(passages.size());
  bool any = false;
  for (program::TileId tile = 0; tile < device.grid.tiles(); ++tile) {
    const std::vector<Passage>& at = passages[index(tile)];
    Way& ports = kept[index(tile)];
    const Way needed = needs_of(at, device.spec).packets_in;
    int last = -1;
    for (const Passage& p : at) {
      const Way port = Way{1} << p.slave;
      if (p.slave == last || (needed & port) != 0) continue;
      last = p.slave;
      const auto mode = now.find({tile, false, p.slave, -1});
      if (mode == now.end() || mode->second.front() == 0) continue;
      if (needs_of(at, device.spec, ports | port).excess(device.spec) == 0) ports |= port;
    }
    any = any || ports != 0;
  }
  if (!any) return std::nullopt;
  Routing packed = routing;
  packed.packets = std::move(kept);
  give_ids(packed, passages, device.spec, former);
  const bool enough = std::all_of(packed.ids.begin(), packed.ids.end(), [&](const std::vector<int>& ids) {
    return std::all_of(ids.begin(), ids.end(), [&](int id) { return id < device.spec.packet_ids; });
  });
  return enough ? std::optional(std::move(packed)) : std::nullopt;
}

std::vector<bool> circuits_of(const Plan& plan, std::size_t routes) {
  std::vector<bool> circuits(routes, true);
  for (const RouteSet& set : plan.sets) {
    const std::vector<int> ids = ids_of(set.built.routing, routes);
    for (std::size_t r = 0; r < routes; ++r) circuits[r] = circuits[r] && ids[r] < 0;
  }
  return circuits;
}

}  // namespace tessera::route
