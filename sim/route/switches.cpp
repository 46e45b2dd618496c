#include "sim/route/switches.h"

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <tuple>
#include <utility>

namespace tessera::route {
namespace {

constexpr Way port(int number) { return Way{1} << number; }

using WayList = boost::container::small_vector<Way, 32>;
using Counts = boost::container::small_vector<int, 32>;

// Arbiters that serve groups of ways, several groups each where there are too few.
int arbiters_for(Counts& ways_of_group, const arch::StreamSpec& stream) {
  const auto groups = static_cast<int>(ways_of_group.size());
  if (groups <= stream.arbiters) return groups;
  std::sort(ways_of_group.rbegin(), ways_of_group.rend());
  Counts taken;
  for (const int ways : ways_of_group) {
    const auto room = std::find_if(taken.begin(), taken.end(), [&](int t) { return t + ways <= stream.selections; });
    if (room == taken.end())
      taken.push_back(ways);
    else
      *room += ways;
  }
  return static_cast<int>(taken.size());
}

// Ways with common ports: all their ports, and how many they are.
struct WayGroup {
  Way ports;
  int ways;
};
boost::container::small_vector<WayGroup, 32> groups_of(const WayList& ways) {
  boost::container::small_vector<WayGroup, 32> groups;
  for (const Way way : ways) {
    WayGroup joined{way, 1};
    const auto apart =
        std::partition(groups.begin(), groups.end(), [&](const WayGroup& g) { return (g.ports & way) == 0; });
    for (auto g = apart; g != groups.end(); ++g) {
      joined.ports |= g->ports;
      joined.ways += g->ways;
    }
    groups.erase(apart, groups.end());
    groups.push_back(joined);
  }
  return groups;
}

// Slave ports that take packets: those of `always`, and where what comes goes several ways or leaves by a port that
// others share.
Way packets_in(const std::vector<Passage>& passages, Way always) {
  std::array<Way, 64> first, out;  // by slave port that is used: the way of one passage, and of all
  Way used = 0, parting = 0;
  for (const Passage& p : passages) {
    const auto slave = static_cast<std::size_t>(p.slave);
    if ((used & port(p.slave)) == 0) {
      used |= port(p.slave);
      first[slave] = out[slave] = p.way;
    } else if (first[slave] != p.way) {
      parting |= port(p.slave);
      out[slave] |= p.way;
    }
  }
  Way fed = 0, merging = 0;  // master ports: fed by a slave port, by several
  each_port(used, [&](int slave) {
    const Way sent = out[static_cast<std::size_t>(slave)];
    merging |= fed & sent;
    fed |= sent;
  });
  each_port(used, [&](int slave) {
    if ((out[static_cast<std::size_t>(slave)] & merging) != 0) parting |= port(slave);
  });
  return parting | (used & always);
}
}  // namespace

int SwitchNeeds::excess(const arch::StreamSpec& stream) const {
  return std::max(0, arbiters - stream.arbiters) + beyond;
}

Passages passages_of(const Grid& grid, const program::EngineMap& map, const std::vector<program::Route>& routes,
                     const Routing& routing) {
  struct Entry {
    int stream = -1, links = -1, slave = 0;
  };
  constexpr std::size_t few = 16;  // passages of a tile, mostly
  Passages all(static_cast<std::size_t>(grid.tiles()));
  for (std::vector<Passage>& at : all) at.reserve(std::min(few, routes.size()));
  std::vector<Entry> entry(all.size());
  std::vector<Way> way(all.size());
  std::vector<program::TileId> passed;
  std::vector<int> link(grid.links().size());  // by sides: the link that the stream at hand takes
  for (std::size_t s = 0; s < routing.streams.size(); ++s) {
    const auto stream = static_cast<int>(s);
    const program::EngineMap::Info& source = map.info(routing.streams[s].source);
    entry[static_cast<std::size_t>(source.tile)] = {stream, -1, grid.slave_of(source)};
    for (const Hop& hop : routing.trees[s]) {
      const Links& links = grid.links()[static_cast<std::size_t>(hop.links)];
      entry[static_cast<std::size_t>(links.to)] = {stream, hop.links, links.slave + hop.link};
      link[static_cast<std::size_t>(hop.links)] = hop.link;
    }
    for (std::size_t r = 0; r < routing.streams[s].routes.size(); ++r) {
      passed.clear();
      for (const program::EngineId sink : routes[static_cast<std::size_t>(routing.streams[s].routes[r])].sinks) {
        program::TileId tile = map.info(sink).tile;
        Way out = port(grid.master_of(map.info(sink)));
        for (;;) {
          const auto t = static_cast<std::size_t>(tile);
          if (entry[t].stream != stream) break;  // not reached
          const bool fresh = way[t] == 0;
          if (fresh) passed.push_back(tile);
          way[t] |= out;
          if (!fresh || entry[t].links < 0) break;
          const Links& links = grid.links()[static_cast<std::size_t>(entry[t].links)];
          out = port(links.master + link[static_cast<std::size_t>(entry[t].links)]);
          tile = links.from;
        }
      }
      for (const program::TileId tile : passed) {
        const auto t = static_cast<std::size_t>(tile);
        all[t].push_back({stream, static_cast<int>(r), entry[t].slave, way[t]});
        way[t] = 0;
      }
    }
  }
  for (std::vector<Passage>& at : all)
    std::sort(at.begin(), at.end(), [](const Passage& a, const Passage& b) {
      return std::tie(a.slave, a.stream, a.route) < std::tie(b.slave, b.stream, b.route);
    });
  return all;
}

SwitchNeeds needs_of(const Passages& passages, const Routing& routing, program::TileId tile,
                     const arch::StreamSpec& stream) {
  const auto at = static_cast<std::size_t>(tile);
  return needs_of(passages[at], stream, routing.packets.empty() ? 0 : routing.packets[at]);
}

namespace {

// The ways of each slave port that takes packets, once each.
class PortWays {
 public:
  void add(int slave, Way way) {
    int& first = first_[static_cast<std::size_t>(slave)];
    if ((used_ & port(slave)) == 0) first = none;
    used_ |= port(slave);
    for (int slot = first; slot != none; slot = slots_[static_cast<std::size_t>(slot)].next)
      if (slots_[static_cast<std::size_t>(slot)].way == way) return;
    slots_.push_back({way, first});
    first = static_cast<int>(slots_.size()) - 1;
    ++count_[static_cast<std::size_t>(slave)];
  }
  // Of each port that has some.
  template <class Visit>
  void each_count(const Visit& visit) const {
    each_port(used_, [&](int slave) { visit(count_[static_cast<std::size_t>(slave)]); });
  }
  // Of all ports, ascending, once each.
  WayList ways() const {
    WayList ways;
    for (const Slot& slot : slots_) ways.push_back(slot.way);
    std::sort(ways.begin(), ways.end());
    ways.erase(std::unique(ways.begin(), ways.end()), ways.end());
    return ways;
  }

 private:
  static constexpr int none = -1;
  struct Slot {
    Way way;
    int next;  // of the same port
  };
  Way used_ = 0;                 // ports
  std::array<int, 64> first_;    // by port that is used
  std::array<int, 64> count_{};  // by port
  boost::container::small_vector<Slot, 64> slots_;
};

}  // namespace

SwitchNeeds needs_of(const std::vector<Passage>& passages, const arch::StreamSpec& stream, Way packets) {
  SwitchNeeds needs;
  needs.packets_in = packets_in(passages, packets);
  if (needs.packets_in == 0) return needs;
  PortWays slots;
  for (const Passage& p : passages)
    if ((needs.packets_in & port(p.slave)) != 0) slots.add(p.slave, p.way);
  slots.each_count([&](int count) {
    needs.slots = std::max(needs.slots, count);
    needs.beyond += std::max(0, count - stream.slots);
  });
  Counts counts;
  for (const WayGroup& group : groups_of(slots.ways())) {
    counts.push_back(group.ways);
    needs.beyond += std::max(0, group.ways - stream.selections);
    if (group.ways <= needs.selections) continue;
    needs.selections = group.ways;
    needs.most_joined = group.ports;
  }
  needs.arbiters = arbiters_for(counts, stream);
  return needs;
}

}  // namespace tessera::route
