#include "sim/route/switches.h"

#include <algorithm>

namespace tessera::route {
namespace {

constexpr Way port(int number) { return Way{1} << number; }

// Arbiters that serve groups of ways, several groups each where there are too few.
int arbiters_for(std::vector<int> ways_of_group, const arch::StreamSpec& stream) {
  const auto groups = static_cast<int>(ways_of_group.size());
  if (groups <= stream.arbiters) return groups;
  std::sort(ways_of_group.rbegin(), ways_of_group.rend());
  std::vector<int> taken;
  for (const int ways : ways_of_group) {
    const auto room = std::find_if(taken.begin(), taken.end(), [&](int t) { return t + ways <= stream.selections; });
    if (room == taken.end())
      taken.push_back(ways);
    else
      *room += ways;
  }
  return static_cast<int>(taken.size());
}

// The groups that ways with common ports form, as the ports of each.
std::vector<Way> groups_of(const std::vector<Way>& ways) {
  std::vector<Way> groups;
  for (Way joined : ways) {
    const auto apart = std::partition(groups.begin(), groups.end(), [&](Way g) { return (g & joined) == 0; });
    for (auto g = apart; g != groups.end(); ++g) joined |= *g;
    groups.erase(apart, groups.end());
    groups.push_back(joined);
  }
  return groups;
}

// Runs of passages of one slave port.
template <class Each>  // called with first and last
void by_slave(const std::vector<Passage>& passages, const Each& each) {
  for (auto first = passages.begin(); first != passages.end();) {
    const auto last = std::find_if(first, passages.end(), [&](const Passage& p) { return p.slave != first->slave; });
    each(first, last);
    first = last;
  }
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
  Passages all(static_cast<std::size_t>(grid.tiles()));
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
    std::stable_sort(at.begin(), at.end(), [](const Passage& a, const Passage& b) { return a.slave < b.slave; });
  return all;
}

SwitchNeeds needs_of(const std::vector<Passage>& passages, const arch::StreamSpec& stream) {
  SwitchNeeds needs;
  Way fed = 0, merging = 0;  // master ports: fed by a slave port, by several
  by_slave(passages, [&](auto first, auto last) {
    Way out = 0;
    for (auto p = first; p != last; ++p) out |= p->way;
    merging |= fed & out;
    fed |= out;
  });
  std::vector<Way> ways, of_port;
  by_slave(passages, [&](auto first, auto last) {
    of_port.clear();
    for (auto p = first; p != last; ++p) of_port.push_back(p->way);
    std::sort(of_port.begin(), of_port.end());
    of_port.erase(std::unique(of_port.begin(), of_port.end()), of_port.end());
    if (of_port.size() == 1 && (of_port.front() & merging) == 0) return;
    needs.packets_in |= port(first->slave);
    needs.slots = std::max(needs.slots, static_cast<int>(of_port.size()));
    needs.beyond += std::max(0, static_cast<int>(of_port.size()) - stream.slots);
    ways.insert(ways.end(), of_port.begin(), of_port.end());
  });
  std::sort(ways.begin(), ways.end());
  ways.erase(std::unique(ways.begin(), ways.end()), ways.end());
  std::vector<int> counts;
  for (const Way group : groups_of(ways)) {
    counts.push_back(
        static_cast<int>(std::count_if(ways.begin(), ways.end(), [&](Way w) { return (w & group) != 0; })));
    needs.beyond += std::max(0, counts.back() - stream.selections);
    if (counts.back() <= needs.selections) continue;
    needs.selections = counts.back();
    needs.most_joined = group;
  }
  needs.arbiters = arbiters_for(std::move(counts), stream);
  return needs;
}

}  // namespace tessera::route
