// When everything of a program would happen if transfers were started for free: the order in which a controller had
// best start them. Streams, locks, waits and kernel calls as the program says; channels move at their own rate and
// share nothing, so the times are an order and no prediction.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/base/error.h"
#include "sim/control/script.h"

namespace tessera::control {

// Waits of the transfers of a channel, one after the other: those of a transfer end where `end` says.
struct NeededWaits {
  std::vector<program::Wait> waits;
  std::vector<std::size_t> end;
  std::size_t begin(std::size_t transfer) const { return transfer == 0 ? 0 : end[transfer - 1]; }
};

struct FreeRun {
  // Of an engine: its instructions in the order of execution, loops unrolled, as indices into its list.
  std::vector<std::vector<std::int32_t>> order;
  // In cycles, by engine: when the first byte of each transfer of a channel moves; when it is complete, or a call of a
  // core.
  std::vector<std::vector<double>> flow, end;
  double length = 0;  // cycles
  // By channel: the waits of transfers that nothing else says. The others are known to be over by the locks that the
  // transfer takes, by what its channel has done, by other waits of it, or by who sends it what comes.
  std::vector<NeededWaits> needed;

  // What is known of every engine once a task of one is complete, at the tasks that somebody waits for and at the last
  // one of each layer; nullptr elsewhere.
  const std::int32_t* known(program::EngineId e, std::int32_t tasks) const;
  std::vector<std::vector<std::int32_t>> marks;     // by engine: those tasks, ascending
  std::vector<std::vector<std::int32_t>> at_marks;  // by engine: their rows, one after the other
  std::size_t width = 0;
};

// Transfers of a channel from `first` to the next group, which begin together.
struct Group {
  std::size_t first = 0;
  std::vector<program::Wait> waits;
};
using Groups = std::vector<std::vector<Group>>;  // by engine; of a channel without groups each transfer waits by itself

// Fails with deadlock when engines wait for what never comes. With `groups`, transfers of channels that have some wait
// for what their group does instead of what they do themselves; where nobody can go on for that reason, a group is
// divided, so that a program that ends without groups ends with them.
Expected<FreeRun> free_run(const Script& script, Groups* groups = nullptr);
// Its length, which takes half the time to find out.
Expected<double> free_length(const Script& script, Groups groups);

}  // namespace tessera::control
