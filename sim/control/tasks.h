// The executions of a channel, in order, as tasks: a short chain of descriptors that runs a number of times.
// Descriptors of one place in the chain agree in all registers; their addresses may move by a fixed step (iteration),
// as those of two buffers in turn do, and what comes in may be shorter than the longest of them (it ends with the
// stream).
#pragma once
#include <vector>

#include "sim/control/executions.h"

namespace tessera::control {

struct ChainLink {
  std::size_t execution = 0;    // whose registers the descriptor has
  std::int16_t iterations = 1;  // turns after which it is back at its first address
  std::int64_t step = 0;        // bytes
  bool ends_at_last = false;
};

struct Task {
  std::size_t begin = 0, end = 0;  // of the channel's transfers, in order of execution
  std::size_t executions = 0;
  std::vector<ChainLink> chain;
  int repeat = 1;
};

struct TaskLimits {
  int descriptors = 1;  // of one chain
  arch::DmaSpec dma;
};

// `cuts`: ascending numbers of transfers after which a task must be complete; an execution that waits begins one.
std::vector<Task> form_tasks(const std::vector<Execution>& executions, const std::vector<std::int32_t>& cuts,
                             const TaskLimits& limits);

}  // namespace tessera::control
