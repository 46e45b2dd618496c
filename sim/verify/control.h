// The rules of controllers (sim/program/control.h), judged on their lists in order, whatever the timing:
//   every transfer belongs to a task, and the chain of descriptors that the task runs moves what its transfers say
//   a descriptor is written before it is used, and not again while a task that uses it may be queued or running
//   no channel has more tasks than its queue holds; a task counts until a token says that it is complete
//   a token is awaited that a task sends; engines of the array wait for locks and for their own start, nothing else;
//   cores also for channels of their own tile, whose status they read
//   channels that no task is pushed to loop over descriptors that their tile holds all at once
#pragma once
#include "sim/verify/findings.h"

namespace tessera::verify {

void check_control(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                   Findings& findings);

}  // namespace tessera::verify
