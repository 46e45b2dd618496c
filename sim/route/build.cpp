#include "sim/route/build.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "sim/route/negotiation.h"
#include "sim/route/sharing.h"

namespace tessera::route {
namespace {

constexpr int most_attempts = 6;
constexpr int hopeless = 24;  // of arbiters, selections, slots and ids, beyond which another way is not tried

std::size_t index(int i) { return static_cast<std::size_t>(i); }

std::vector<Stream> streams_of(const std::vector<program::Route>& routes, const std::vector<int>& wanted) {
  std::map<program::EngineId, Stream> by_source;
  for (const int r : wanted) {
    Stream& stream = by_source[routes[static_cast<std::size_t>(r)].source];
    stream.source = routes[static_cast<std::size_t>(r)].source;
    stream.routes.push_back(r);
  }
  std::vector<Stream> streams;
  for (auto& [source, stream] : by_source) streams.push_back(std::move(stream));
  return streams;
}

std::vector<Wish> wishes_of(const std::vector<Stream>& streams, const std::vector<program::Route>& routes,
                            const program::EngineMap& map) {
  std::vector<Wish> wishes;
  for (const Stream& stream : streams) {
    Wish wish{map.info(stream.source).tile, {}};
    for (const int r : stream.routes)
      for (const program::EngineId sink : routes[static_cast<std::size_t>(r)].sinks)
        wish.to.push_back(map.info(sink).tile);
    std::sort(wish.to.begin(), wish.to.end());
    wish.to.erase(std::unique(wish.to.begin(), wish.to.end()), wish.to.end());
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

// A stream that by itself needs more slots of a port than there are goes apart: what ends in that tile, and what goes
// on.
bool split(std::vector<Stream>& streams, const std::vector<Passage>& at, Way channels, const arch::StreamSpec& spec) {
  std::map<int, std::vector<Way>> ways;  // by stream
  for (const Passage& p : at) ways[p.stream].push_back(p.way);
  bool any = false;
  for (auto& [s, of] : ways) {
    std::sort(of.begin(), of.end());
    of.erase(std::unique(of.begin(), of.end()), of.end());
    if (static_cast<int>(of.size()) <= spec.slots) continue;
    Stream& stream = streams[static_cast<std::size_t>(s)];
    Stream ending{stream.source, {}}, other{stream.source, {}};
    std::vector<char> ends(stream.routes.size());
    for (const Passage& p : at)
      if (p.stream == s) ends[static_cast<std::size_t>(p.route)] = (p.way & channels) != 0 ? 1 : 0;
    for (std::size_t r = 0; r < ends.size(); ++r) (ends[r] != 0 ? ending : other).routes.push_back(stream.routes[r]);
    if (ending.routes.empty() || other.routes.empty()) continue;
    stream = std::move(ending);
    streams.push_back(std::move(other));
    any = true;
  }
  return any;
}

// Ids: as few as tell apart, at every port that takes packets, those that leave it by different ways.
void number(Routing& routing, const Passages& passages, const arch::StreamSpec& spec) {
  struct Port {
    int tile, slave;
    Way way;
  };
  std::vector<std::vector<std::vector<Port>>> met(routing.streams.size());  // by stream and route
  for (std::size_t s = 0; s < met.size(); ++s) {
    met[s].resize(routing.streams[s].routes.size());
    routing.ids.emplace_back(met[s].size(), -1);
  }
  for (std::size_t t = 0; t < passages.size(); ++t) {
    const Way in = needs_of(passages[t], spec).packets_in;
    for (const Passage& p : passages[t])
      if ((in >> p.slave & 1) != 0)
        met[static_cast<std::size_t>(p.stream)][static_cast<std::size_t>(p.route)].push_back(
            {static_cast<int>(t), p.slave, p.way});
  }
  std::map<std::tuple<int, int, int>, Way> taken;  // tile, slave port, id
  for (std::size_t s = 0; s < met.size(); ++s)
    for (std::size_t r = 0; r < met[s].size(); ++r) {
      const auto other = [&](int id) {
        return std::any_of(met[s][r].begin(), met[s][r].end(), [&](const Port& p) {
          const auto at = taken.find({p.tile, p.slave, id});
          return at != taken.end() && at->second != p.way;
        });
      };
      if (met[s][r].empty()) continue;
      int id = 0;
      while (other(id)) ++id;
      routing.ids[s][r] = id;
      for (const Port& p : met[s][r]) taken[{p.tile, p.slave, id}] = p.way;
    }
}

// Routes that are left without an id; their sources have no room for them.
int without_id(Built& built, const Device& device) {
  int without = 0;
  for (std::size_t s = 0; s < built.routing.ids.size(); ++s)
    for (const int id : built.routing.ids[s]) {
      if (id < device.spec.packet_ids) continue;
      ++without;
      built.overfull.push_back(device.map.info(built.routing.streams[s].source).tile);
    }
  std::sort(built.overfull.begin(), built.overfull.end());
  built.overfull.erase(std::unique(built.overfull.begin(), built.overfull.end()), built.overfull.end());
  return without;
}

Way channels_of(const Grid& grid, program::TileId tile) {
  Way links = 0;
  for (const int l : grid.from(tile)) {
    const Links& side = grid.links()[static_cast<std::size_t>(l)];
    links |= ((Way{1} << side.count) - 1) << side.master;
  }
  return ~links;
}
}  // namespace

Built build(const Device& device, const std::vector<program::Route>& routes, const std::vector<int>& wanted,
            const std::vector<double>& cycles, std::int64_t most_excess) {
  std::vector<Stream> streams = streams_of(routes, wanted);
  std::vector<int> dearer(device.grid.links().size());
  Built best;
  int least = -1;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const Ways ways = negotiate(device.grid, wishes_of(streams, routes, device.map), dearer);
    Built built;
    for (const int s : ways.cut_off)
      built.cut_off.insert(built.cut_off.end(), streams[static_cast<std::size_t>(s)].routes.begin(),
                           streams[static_cast<std::size_t>(s)].routes.end());
    built.excess = ways.excess;
    if (!built.cut_off.empty() || built.excess > most_excess) return built;
    built.routing = share_links(device, routes, cycles, streams, ways);
    const Passages passages = passages_of(device.grid, device.map, routes, built.routing);
    int excess = 0;
    for (program::TileId tile = 0; tile < device.grid.tiles(); ++tile) {
      const int over = needs_of(passages[index(tile)], device.spec).excess(device.spec);
      if (over > 0) built.overfull.push_back(tile);
      excess += over;
    }
    number(built.routing, passages, device.spec);
    excess += without_id(built, device);
    const std::vector<program::TileId> overfull = built.overfull;
    if (least < 0 || excess < least) {
      least = excess;
      best = std::move(built);
    }
    if (excess == 0 || excess > hopeless) break;
    for (const program::TileId tile : overfull) {
      if (split(streams, passages[index(tile)], channels_of(device.grid, tile), device.spec)) break;
      for (std::size_t l = 0; l < dearer.size(); ++l) {
        const Links& side = device.grid.links()[l];
        dearer[l] += side.from == tile || side.to == tile ? 1 : 0;
      }
    }
  }
  return best;
}

}  // namespace tessera::route
