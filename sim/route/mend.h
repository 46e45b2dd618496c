// What negotiation leaves: switches that lack little, and links that have too much to do. Single streams that stand in
// the way look for another way, or take another link, past tiles that become dearer each time that this was in vain
// (McMurchie and Ebeling, PathFinder, one net at a time).
#pragma once
#include "sim/route/build.h"

namespace tessera::route {

// What goes over the links at the same time: cycles by RouteId, and those of the channel with most to do, beyond which
// streams may not share a link.
struct Load {
  const std::vector<double>* cycles;
  double busiest;
};

// What a routing lacks: of switches (SwitchNeeds::excess), and links that streams may not share.
int missing(const Device& device, const std::vector<program::Route>& routes, const std::vector<Load>& loads,
            const Built& built);

// Moves streams until nothing is missing, or `effort`, which it uses up, is spent: a move for each side of tiles.
// `former`: as give_ids has them.
void mend(const Device& device, const std::vector<program::Route>& routes, const std::vector<Load>& loads,
          const std::vector<int>& former, std::int64_t& effort, Built& built);

}  // namespace tessera::route
