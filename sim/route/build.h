// The routing of a set of routes that are there at the same time.
#pragma once
#include <string>
#include <vector>

#include "sim/route/negotiation.h"
#include "sim/route/routing.h"
#include "sim/route/switches.h"

namespace tessera::route {

struct Built {
  Routing routing;
  std::vector<int> cut_off;               // routes with a receiver that no links lead to
  std::vector<program::TileId> overfull;  // tiles whose switch has too little for this routing, ascending
  std::int64_t excess = 0;                // streams beyond the links, summed over the sides
  bool complete() const { return cut_off.empty() && overfull.empty(); }
};

// `wanted`: RouteIds, ascending. `cycles`: by RouteId, what the bytes of a route take on a link. `before`: what the
// switches are set to; routes that are wanted and there keep their links and ids, unless a switch is short of
// something.
Built build(const Device& device, const std::vector<program::Route>& routes, const std::vector<int>& wanted,
            const std::vector<double>& cycles, const Routing& before);

// Finds the ids of a routing and the tiles that lack something; how much that is, with the routes that are left without
// an id. `former`: by RouteId, ids of before.
int judge(const Device& device, const std::vector<program::Route>& routes, const std::vector<int>& former,
          Built& built);

// What any routing of them has to bring across each row and column of links.
std::vector<Cut> cuts_of(const Device& device, const std::vector<program::Route>& routes,
                         const std::vector<int>& wanted);

}  // namespace tessera::route
