// Fewer waits for a program that a slow controller starts: transfers of a channel that stand one after the other wait
// together, for what all of them need, and waits for one engine are put off to common points, so that fewer tokens are
// sent. What a group waits for was there in the free run when its first transfer started, or at most `slack` cycles
// later; without slack the order of the free run still holds.
#pragma once
#include "sim/control/free_run.h"

namespace tessera::control {

program::Program regroup(program::Program program, const program::EngineMap& map, const FreeRun& free, double slack);

}  // namespace tessera::control
