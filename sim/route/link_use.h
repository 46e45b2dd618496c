// What passes over the single links of a routing.
#pragma once
#include "sim/route/build.h"

namespace tessera::route {

struct LinkUse {
  int streams = 0;
  double cycles = 0;  // of the bytes that pass
};
// By Grid::links and link. `cycles`: by RouteId, what the bytes of a route take.
std::vector<std::vector<LinkUse>> use_of(const Device& device, const std::vector<program::Route>& routes,
                                         const Routing& routing, const std::vector<double>& cycles);

}  // namespace tessera::route
