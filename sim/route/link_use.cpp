#include "sim/route/link_use.h"

#include <algorithm>

namespace tessera::route {

std::vector<std::vector<LinkUse>> use_of(const Device& device, const std::vector<program::Route>& routes,
                                         const Routing& routing, const std::vector<double>& cycles) {
  const auto index = [](int i) { return static_cast<std::size_t>(i); };
  const std::vector<Links>& sides = device.grid.links();
  std::vector<std::vector<LinkUse>> use;
  for (const Links& side : sides) use.emplace_back(side.count);
  std::vector<const Hop*> into(index(device.grid.tiles()));
  std::vector<int> passed(into.size(), -1);  // by tile: the last route that came by
  for (std::size_t s = 0; s < routing.streams.size(); ++s) {
    std::fill(into.begin(), into.end(), nullptr);
    for (const Hop& hop : routing.trees[s]) {
      into[index(sides[index(hop.links)].to)] = &hop;
      ++use[index(hop.links)][index(hop.link)].streams;
    }
    for (const int r : routing.streams[s].routes)
      for (const program::EngineId sink : routes[index(r)].sinks)
        for (program::TileId tile = device.map.info(sink).tile;
             into[index(tile)] != nullptr && passed[index(tile)] != r;) {
          const Hop& hop = *into[index(tile)];
          passed[index(tile)] = r;
          use[index(hop.links)][index(hop.link)].cycles += cycles[index(r)];
          tile = sides[index(hop.links)].from;
        }
  }
  return use;
}

}  // namespace tessera::route
