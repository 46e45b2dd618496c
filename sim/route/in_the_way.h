// Which streams stand in the way of others that have to be there.
#pragma once
#include "sim/route/build.h"

namespace tessera::route {

// The routes of a routing that pass a switch which is short of something, or one of `links` (Grid::links and link).
std::vector<char> in_the_way(const Device& device, const std::vector<program::Route>& routes, const Built& built,
                             const std::vector<Hop>& links);

}  // namespace tessera::route
