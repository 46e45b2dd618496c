// The lists of the controllers: every task is written where its descriptors do not stand yet, and pushed, in the order
// in which its bytes would move if that were free; tokens are awaited for what no other token says.
#pragma once
#include <algorithm>
#include <set>
#include <vector>

#include "sim/control/descriptors.h"
#include "sim/control/switch_gates.h"
#include "sim/control/table.h"

namespace tessera::control {

// Numbers of a channel's transfers after which a task has to end, because somebody waits for exactly these.
using Cuts = std::vector<std::vector<std::int32_t>>;

// How the transfers of a channel make tasks: where one has to end, and the executions of its descriptors.
struct Division {
  std::vector<std::int32_t> cuts;
  std::vector<Execution> executions;
  KnownTasks tasks;
};
using Divisions = std::vector<Division*>;  // by engine; of channels that controllers start

struct Operations {
  struct Start {
    program::EngineId controller;
    std::size_t at;            // in its list
    std::size_t first, count;  // of the chain's descriptors in `numbers`
  };
  struct Op {
    program::ControlOp op;
    std::int32_t awaited = 0;  // await: transfers of the channel, calls of a core, or of a controller: its operation
    std::size_t place = 0;     // number of the operation before which it belongs; its own
  };
  struct Part {                      // of a channel, that is one task
    std::size_t begin = 0, end = 0;  // of its transfers, in order of execution
    std::size_t executions = 0;
  };
  std::vector<std::vector<Part>> tasks;    // by engine
  std::vector<std::vector<Start>> starts;  // by engine, of each task
  std::vector<std::int16_t> numbers;       // of descriptors, chain after chain
  std::vector<std::vector<Op>> lists;      // by controller
  std::set<program::EngineId> telling;     // channels of which a token is awaited
  Cuts missing;                            // where a task would have to end for a token; none: the lists are right
  bool complete() const {
    return std::all_of(missing.begin(), missing.end(), [](const auto& cuts) { return cuts.empty(); });
  }
};

// Before a task that begins after the writing of switches, that stands in the list of whoever does it, and a token of
// it is awaited by others. Controllers of compute tiles push tasks as early as they can, others up to `lead` cycles
// ahead of the first byte.
struct Started {  // what controllers have to start
  const FreeRun& free;
  const Table& table;
  const SwitchGates& gates;
};
Operations operations_of(const program::Program& program, const arch::ArraySpec& array, const Started& started,
                         const Divisions& divisions, double lead);

}  // namespace tessera::control
