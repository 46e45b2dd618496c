#include "sim/route/in_the_way.h"

#include <algorithm>

#include "sim/route/switches.h"

namespace tessera::route {

std::vector<char> in_the_way(const Device& device, const std::vector<program::Route>& routes, const Built& built,
                             const std::vector<Hop>& links) {
  std::vector<char> in_the_way(routes.size());
  const Routing& routing = built.routing;
  const Passages passages = passages_of(device.grid, device.map, routes, routing);
  for (const program::TileId tile : built.overfull)
    for (const Passage& p : passages[index(tile)])
      in_the_way[index(routing.streams[index(p.stream)].routes[index(p.route)])] = 1;
  for (std::size_t s = 0; s < routing.trees.size(); ++s) {
    const auto taken = [&](const Hop& hop) {
      return std::any_of(links.begin(), links.end(),
                         [&](const Hop& l) { return l.links == hop.links && l.link == hop.link; });
    };
    if (!std::any_of(routing.trees[s].begin(), routing.trees[s].end(), taken)) continue;
    for (const int r : routing.streams[s].routes) in_the_way[index(r)] = 1;
  }
  return in_the_way;
}

}  // namespace tessera::route
