// Between which transfers the switches are written: what goes by a register of the sets before is over by then, what
// goes by it in later sets has not begun.
#pragma once
#include <vector>

#include "sim/program/switch_write.h"
#include "sim/route/plan.h"

namespace tessera::route {

// In the order of the sets of routes; of one set, in that of tiles and registers. Transfers are counted as they are
// executed, so that a program has the same with and without loops.
std::vector<program::SwitchWrite> switch_writes(const program::Program& program, const Device& device,
                                                const Plan& plan);

}  // namespace tessera::route
