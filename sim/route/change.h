// What it takes to set the switches to a routing.
#pragma once
#include <optional>
#include <vector>

#include "sim/route/registers.h"

namespace tessera::route {

struct Change {
  SwitchRegisters registers;
  SwitchStep step;
  double price = 0;               // of what is written
  std::optional<Routing> packed;  // the routing that it is of, where that is not the one that was asked for
};
// With packets where they were taken before, if no more is written then. `former`: by RouteId, ids of packets in the
// routing before; empty: there is none.
Change change_to(const Device& device, const std::vector<program::Route>& routes, const SwitchState& now,
                 const std::vector<int>& former, const Built& built);

}  // namespace tessera::route
