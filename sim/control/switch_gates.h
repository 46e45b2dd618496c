// Where the writing of switches stands among transfers. The DMA of a core cannot be held up by a controller that starts
// none of its tasks: its first result that goes a new way comes after what the core computes it from, so that these
// transfers wait in its place. In the same way its results say that what came into a compute tile is over.
#pragma once
#include <utility>
#include <vector>

#include "sim/control/free_run.h"
#include "sim/program/switch_write.h"

namespace tessera::control {

constexpr std::int32_t nothing_awaited = -1;

struct SwitchGates {
  using Row = std::vector<std::int32_t>;     // by engine: tasks, or nothing_awaited
  std::vector<program::SwitchWrite> writes;  // `after` and `before` as controllers can keep to them
  // What else a write comes after: what those of its tile for the sets before come after, and what a run showed.
  std::vector<Row> earlier;                         // of a tile and a set
  std::vector<std::size_t> earlier_of;              // by write: index into `earlier`
  std::vector<std::vector<program::Wait>> missing;  // by write
  // By channel: which of its transfers, in the order of execution, begin after which write; ascending.
  std::vector<std::vector<std::pair<std::int32_t, std::size_t>>> at;

  // All that it comes after.
  std::vector<program::Wait> after(std::size_t write) const;
  bool over(std::size_t write, const std::vector<std::int32_t>& known) const;
};

// `writes`: of those of one tile, later ones stand later. `many_tokens`: controllers have time to await a token of each
// channel, also of compute tiles, so that nothing waits longer than it has to.
SwitchGates gates_of(const program::Program& program, const program::EngineMap& map,
                     const std::vector<program::SwitchWrite>& writes, bool many_tokens);

// Adds to the gates what their waits do not say, as a run with them shows. Whether there was something.
bool add_missing(SwitchGates& gates, const std::vector<program::SwitchWrite>& writes, const FreeRun& run);

// The program with what its transfers wait for because of that.
program::Program with_gates(program::Program program, const SwitchGates& gates);

}  // namespace tessera::control
