// When everything of a program would happen if transfers were started for free: the order in which a controller had
// best start them. Streams, locks, waits and kernel calls as the program says; channels move at their own rate and
// share nothing, so the times are an order and no prediction.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/control/progress.h"
#include "sim/program/program.h"

namespace tessera::control {

struct FreeRun {
  // Of an engine: its instructions in the order of execution, loops unrolled, as indices into its list.
  std::vector<std::vector<std::int32_t>> order;
  // In cycles, by engine: of channels for each transfer, of cores for each kernel call. `flow`: of transfers, when the
  // first byte moves.
  std::vector<std::vector<double>> start, flow, end;
  double length = 0;  // cycles

  // What is known of every engine once a task of one is complete, at the tasks that somebody waits for and at the last
  // one of each layer; nullptr elsewhere.
  const std::int32_t* known(program::EngineId e, std::int32_t tasks) const;
  std::vector<std::vector<std::int32_t>> marks;   // by engine: those tasks, ascending
  std::vector<std::vector<std::int32_t>> at_marks;  // by engine: their rows, one after the other
  std::size_t width = 0;
};

// Fails with deadlock when engines wait for what never comes.
Expected<FreeRun> free_run(const program::Program& program, const arch::ArraySpec& array,
                           const std::vector<Millicycles>& durations);

}  // namespace tessera::control
