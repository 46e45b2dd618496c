// Which of the links on a side every stream takes. Where a side has as many as streams want, each has one for itself;
// where it has not, or where a switch has too few arbiters or slots for streams apart, streams that go on alike share
// one.
#pragma once
#include "sim/route/negotiation.h"
#include "sim/route/switches.h"

namespace tessera::route {

// Hops of the routing whose link is -1 get one; others keep theirs unless a switch is short of something. `cycles`: by
// RouteId, what its bytes take on a link.
Routing share_links(const Device& device, const std::vector<program::Route>& routes, const std::vector<double>& cycles,
                    Routing routing);

}  // namespace tessera::route
