#include "sim/route/build.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "sim/route/negotiation.h"
#include "sim/route/packets.h"
#include "sim/route/sharing.h"

namespace tessera::route {
namespace {

constexpr int most_attempts = 30, fewest_attempts = 2;
constexpr std::size_t attempt_effort = 2000000;  // attempts x streams x sides of tiles that the attempts may take
constexpr int fewest_bundled = 5;                // senders of a receiver: more than a tile has links to one side
constexpr int hopeless = 10;  // of arbiters, selections, slots and ids, beyond which another way is not tried

// Streams, and what each keeps of a tree that it had.
struct Draft {
  std::vector<Stream> streams;
  std::vector<std::vector<Hop>> trees;
};

// By RouteId, whether it is one of many to a single receiver in a memory tile or shim: these take the same links there,
// which have no more to do then than the receiver, each as a stream of its own.
std::vector<char> bundled_routes(const Device& device, const std::vector<program::Route>& routes,
                                 const std::vector<int>& wanted) {
  const auto receiver = [&](int r) {
    const std::vector<program::EngineId>& sinks = routes[index(r)].sinks;
    return sinks.size() == 1 && device.map.info(sinks.front()).tile_kind != program::TileKind::compute ? sinks.front()
                                                                                                       : -1;
  };
  std::vector<int> senders(static_cast<std::size_t>(device.map.count()));
  for (const int r : wanted)
    if (receiver(r) >= 0) ++senders[index(receiver(r))];
  std::vector<char> bundled(routes.size());
  for (const int r : wanted)
    bundled[index(r)] = receiver(r) >= 0 && senders[index(receiver(r))] >= fewest_bundled ? 1 : 0;
  return bundled;
}

// Routes of one stream stay together; a new one joins the first stream of its channel.
Draft begin_with(const Device& device, const Routing& before, const std::vector<program::Route>& routes,
                 const std::vector<int>& wanted) {
  std::vector<int> known(routes.size(), -1);  // by RouteId: its stream before
  for (std::size_t s = 0; s < before.streams.size(); ++s)
    for (const int r : before.streams[s].routes) known[index(r)] = static_cast<int>(s);
  std::map<std::pair<program::EngineId, int>, Stream> streams;
  const std::vector<char> bundled = bundled_routes(device, routes, wanted);
  for (const int r : wanted)
    if (known[index(r)] >= 0) streams[{routes[index(r)].source, known[index(r)]}].routes.push_back(r);
  for (const int r : wanted) {
    if (known[index(r)] >= 0) continue;
    const program::EngineId source = routes[index(r)].source;
    if (bundled[index(r)] != 0) {
      streams[{source, -2 - r}].routes.push_back(r);
      continue;
    }
    auto at = streams.lower_bound({source, -1});
    if (at == streams.end() || at->first.first != source) at = streams.emplace(std::pair(source, -1), Stream{}).first;
    at->second.routes.push_back(r);
  }
  Draft draft;
  for (auto& [from, stream] : streams) {
    stream.source = from.first;
    std::sort(stream.routes.begin(), stream.routes.end());
    draft.streams.push_back(std::move(stream));
    draft.trees.push_back(from.second < 0 ? std::vector<Hop>{} : before.trees[index(from.second)]);
  }
  return draft;
}

// Without branches that lead to none of the receivers.
void prune(std::vector<Hop>& tree, const Grid& grid, const std::vector<program::TileId>& to) {
  std::vector<char> leads(static_cast<std::size_t>(grid.tiles()));
  for (const program::TileId t : to) leads[index(t)] = 1;
  std::vector<Hop> kept;
  for (auto hop = tree.rbegin(); hop != tree.rend(); ++hop) {
    const Links& links = grid.links()[index(hop->links)];
    if (leads[index(links.to)] == 0) continue;
    leads[index(links.from)] = 1;
    kept.push_back(*hop);
  }
  tree.assign(kept.rbegin(), kept.rend());
}

std::vector<std::vector<int>> sides_of(const std::vector<std::vector<Hop>>& trees) {
  std::vector<std::vector<int>> sides;
  for (const std::vector<Hop>& tree : trees) {
    sides.emplace_back();
    for (const Hop& hop : tree) sides.back().push_back(hop.links);
  }
  return sides;
}

// Trees of the ways; a side that the draft's tree leaves by has the link that it has there.
std::vector<std::vector<Hop>> trees_of(const Ways& ways, const Draft& draft, const Grid& grid) {
  std::vector<std::vector<Hop>> trees;
  std::vector<int> link(grid.links().size(), -1);
  for (std::size_t s = 0; s < ways.trees.size(); ++s) {
    for (const Hop& hop : draft.trees[s]) link[index(hop.links)] = hop.link;
    trees.emplace_back();
    for (const int l : ways.trees[s]) trees.back().push_back({l, link[index(l)]});
    for (const Hop& hop : draft.trees[s]) link[index(hop.links)] = -1;
  }
  return trees;
}

std::vector<Wish> wishes_of(const std::vector<Stream>& streams, const std::vector<program::Route>& routes,
                            const program::EngineMap& map) {
  std::vector<Wish> wishes;
  std::map<program::EngineId, int> bundles;  // by receiver
  for (const Stream& stream : streams) {
    Wish wish{map.info(stream.source).tile, {}, -1};
    for (const int r : stream.routes)
      for (const program::EngineId sink : routes[index(r)].sinks) wish.to.push_back(map.info(sink).tile);
    std::sort(wish.to.begin(), wish.to.end());
    wish.to.erase(std::unique(wish.to.begin(), wish.to.end()), wish.to.end());
    const std::vector<program::EngineId>& sinks = routes[index(stream.routes.front())].sinks;
    if (stream.routes.size() == 1 && sinks.size() == 1)
      wish.bundle = bundles.emplace(sinks.front(), static_cast<int>(bundles.size())).first->second;
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

// A stream that by itself needs more slots of a port than there are goes apart: what ends in that tile, and what goes
// on.
bool split(Draft& draft, const std::vector<Passage>& at, Way channels, const arch::StreamSpec& spec) {
  std::map<int, std::vector<Way>> ways;  // by stream
  for (const Passage& p : at) ways[p.stream].push_back(p.way);
  bool any = false;
  for (auto& [s, of] : ways) {
    std::sort(of.begin(), of.end());
    of.erase(std::unique(of.begin(), of.end()), of.end());
    if (static_cast<int>(of.size()) <= spec.slots) continue;
    Stream& stream = draft.streams[static_cast<std::size_t>(s)];
    Stream ending{stream.source, {}}, other{stream.source, {}};
    std::vector<char> ends(stream.routes.size());
    for (const Passage& p : at)
      if (p.stream == s) ends[static_cast<std::size_t>(p.route)] = (p.way & channels) != 0 ? 1 : 0;
    for (std::size_t r = 0; r < ends.size(); ++r) (ends[r] != 0 ? ending : other).routes.push_back(stream.routes[r]);
    if (ending.routes.empty() || other.routes.empty()) continue;
    stream = std::move(ending);
    draft.streams.push_back(std::move(other));
    draft.trees[static_cast<std::size_t>(s)].clear();
    draft.trees.emplace_back();
    any = true;
  }
  return any;
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

// Finds ids and what switches lack; how much that is.
int judge(const Device& device, const std::vector<int>& former, const Passages& passages, Built& built) {
  int excess = 0;
  built.overfull.clear();
  for (program::TileId tile = 0; tile < device.grid.tiles(); ++tile) {
    const int over = needs_of(passages[index(tile)], device.spec).excess(device.spec);
    if (over > 0) built.overfull.push_back(tile);
    excess += over;
  }
  give_ids(built.routing, passages, device.spec, former);
  return excess + without_id(built, device);
}

Way channels_of(const Grid& grid, program::TileId tile) {
  Way links = 0;
  for (const int l : grid.from(tile)) {
    const Links& side = grid.links()[static_cast<std::size_t>(l)];
    links |= ((Way{1} << side.count) - 1) << side.master;
  }
  return ~links;
}
class Builder {
 public:
  Builder(const Device& device, const std::vector<program::Route>& routes, const std::vector<double>& cycles,
          const Routing& before)
      : device_(device),
        routes_(routes),
        cycles_(cycles),
        former_(ids_of(before, routes.size())),
        dearer_(device.grid.links().size()) {}

  Built run(Draft draft) {
    Built best;
    int least = -1;
    const std::size_t searched = std::max<std::size_t>(1, draft.streams.size() * dearer_.size());
    const auto attempts =
        static_cast<int>(std::clamp<std::size_t>(attempt_effort / searched, fewest_attempts, most_attempts));
    for (int attempt = 0; attempt < attempts; ++attempt) {
      Built built;
      if (!find_ways(draft, built)) return built;
      const Passages passages = passages_of(device_.grid, device_.map, routes_, built.routing);
      const int excess = judge(device_, former_, passages, built);
      const bool last = excess == 0 || excess > hopeless || attempt + 1 == attempts;
      const std::vector<program::TileId> overfull = built.overfull;
      if (!last) draft = {built.routing.streams, built.routing.trees};
      if (least < 0 || excess < least) {
        least = excess;
        best = std::move(built);
      }
      if (last) break;
      for (const program::TileId tile : overfull)
        if (divides(draft, passages[index(tile)], tile)) break;
    }
    return best;
  }

 private:
  // False: some receiver cannot be reached.
  bool find_ways(Draft& draft, Built& built) const {
    const std::vector<Wish> wishes = wishes_of(draft.streams, routes_, device_.map);
    for (std::size_t s = 0; s < wishes.size(); ++s) prune(draft.trees[s], device_.grid, wishes[s].to);
    const Ways ways = negotiate(device_.grid, wishes, dearer_, sides_of(draft.trees));
    for (const int s : ways.cut_off)
      built.cut_off.insert(built.cut_off.end(), draft.streams[index(s)].routes.begin(),
                           draft.streams[index(s)].routes.end());
    built.excess = ways.excess;
    if (!built.cut_off.empty()) return false;
    built.routing =
        share_links(device_, routes_, cycles_, {std::move(draft.streams), trees_of(ways, draft, device_.grid), {}});
    return true;
  }

  // Streams through a switch that is short of something look for another way, unless one of them is divided (true).
  bool divides(Draft& draft, const std::vector<Passage>& at, program::TileId tile) {
    if (split(draft, at, channels_of(device_.grid, tile), device_.spec)) return true;
    for (const Passage& p : at) draft.trees[index(p.stream)].clear();
    for (std::size_t l = 0; l < dearer_.size(); ++l) {
      const Links& side = device_.grid.links()[l];
      dearer_[l] += side.from == tile || side.to == tile ? 1 : 0;
    }
    return false;
  }

  const Device& device_;
  const std::vector<program::Route>& routes_;
  const std::vector<double>& cycles_;
  const std::vector<int> former_;  // by RouteId: ids of before
  std::vector<int> dearer_;        // by Grid::links
};
}  // namespace

Built build(const Device& device, const std::vector<program::Route>& routes, const std::vector<int>& wanted,
            const std::vector<double>& cycles, const Routing& before) {
  return Builder(device, routes, cycles, before).run(begin_with(device, before, routes, wanted));
}

int judge(const Device& device, const std::vector<program::Route>& routes, const std::vector<int>& former,
          Built& built) {
  return judge(device, former, passages_of(device.grid, device.map, routes, built.routing), built);
}

std::vector<Cut> cuts_of(const Device& device, const std::vector<program::Route>& routes,
                         const std::vector<int>& wanted) {
  return cuts_of(device.grid, wishes_of(begin_with(device, {}, routes, wanted).streams, routes, device.map));
}

}  // namespace tessera::route
