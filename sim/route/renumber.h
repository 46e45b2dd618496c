// The links of a side are alike: which of them a stream takes decides only what has to be written before.
#pragma once
#include "sim/route/registers.h"

namespace tessera::route {

// Exchanges links of each side, for all that take them, so that more registers are as they are `now`.
void renumber(const Device& device, const std::vector<program::Route>& routes, const SwitchRegisters& now,
              Routing& routing);

}  // namespace tessera::route
