// Fewer waits: transfers of a channel, one after the other, that begin when all of them could. What waits for a little
// more than it needs delays its channel a little, and saves operations of a controller.
#pragma once
#include "sim/control/free_run.h"

namespace tessera::control {

// Groups of transfers: each begins at the first transfer that could wait up to `slack` cycles after its bytes moved in
// the free run, and holds those after it whose waits are over by then. Tasks of an engine are waited for at as few
// points as that leaves.
Groups groups_of(const Script& script, const FreeRun& free, double slack);

// The program without the waits that something else says.
program::Program with_needed_waits(program::Program program, const FreeRun& free);

// Gives transfers the waits of the groups, each to the first transfer of its group, in place of their own; all of the
// program's waits from number `own` on are those of other groups and go.
void give_groups(program::Program& program, std::size_t own, const Groups& groups);

}  // namespace tessera::control
