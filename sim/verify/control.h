// The rules of controllers (sim/program/control.h), judged on their lists in order, whatever the timing:
//   every transfer belongs to a task, and the chain of descriptors that the task runs moves what its transfers say
//   a descriptor is written before it is used
//   a descriptor that joins transfers takes what stands end to end; joined ones that read DDR send one stream, by whose
//   end nobody can tell how long each is
//   a token is awaited that a task sends; engines of the array wait for locks and for their own start, nothing else;
//   cores also for channels of their own tile, whose status they read
//   channels that no task is pushed to loop over descriptors that their tile holds all at once
#pragma once
#include <map>
#include <vector>

#include "sim/verify/findings.h"

namespace tessera::verify {

// What a controller has to know before a step of its list, whoever told it (a token, or one that says so much): that
// transfers of a channel are complete. Before a descriptor is written again, the last task that used it; before a task
// is pushed, the fourth before it, so that the queue has room; before a switch is written, what went by it. And what a
// channel has to know before it sends: operations of a controller, which write the switches that it goes by.
struct Demand {
  std::size_t step;           // of a channel the transfer, as they are executed
  program::EngineId channel;  // or controller
  std::int64_t transfers;     // or operations
};
using Demands = std::map<program::EngineId, std::vector<Demand>>;  // by engine; of each, in the order of its list

Demands check_control(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                      Findings& findings);

}  // namespace tessera::verify
