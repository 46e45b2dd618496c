#include "sim/control/lower.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "sim/control/operations.h"
#include "sim/control/regroup.h"
#include "sim/control/tuned.h"
#include "sim/program/registers.h"

namespace tessera::control {
namespace {

using program::ControlKind;
using program::ControlOp;
using program::EngineId;
using program::EngineKind;

// The program with the lists of its controllers.
class Result {
 public:
  Result(program::Program p, const program::EngineMap& map, const FreeRun& free, const Table& table,
         const Operations& operations)
      : p_(std::move(p)), map_(map), free_(free), operations_(operations) {
    for (const auto& [e, first] : table.configured) number(e, first);
    for (EngineId c = map.first_controller(); c < map.count(); ++c) list(c);
    for (const EngineId e : table.started) unroll(e);
  }
  program::Program take() { return std::move(p_); }

 private:
  void number(EngineId e, int first) {
    std::map<program::Registers, int> known;
    for (program::Transfer& t : p_.engines[e].transfers) {
      const auto it = known.emplace(program::registers_of(t, map_.info(e).kind == EngineKind::mm2s),
                                    first + static_cast<int>(known.size()));
      t.descriptor = static_cast<std::int16_t>(it.first->second);
    }
  }

  void add(EngineId controller, const ControlOp& op) {
    program::EngineProgram& engine = p_.engines[controller];
    engine.steps.push_back({static_cast<std::int32_t>(engine.control.size()), 0, 0});
    engine.control.push_back(op);
  }
  // Where the tokens of a channel go stands in a register of it, which is set once, before everything else.
  void list(EngineId controller) {
    std::size_t& ahead = ahead_[controller];
    for (const EngineId e : operations_.telling) {
      if (map_.controller_of(map_.info(e).tile) != controller) continue;
      ControlOp set;
      set.kind = ControlKind::write_register;
      set.channel = e;
      add(controller, set);
      ++ahead;
    }
    for (const Operations::Op& entry : operations_.lists[controller - map_.first_controller()]) {
      ControlOp op = entry.op;
      if (op.kind == ControlKind::await_token) {
        op.wait0 = static_cast<std::uint32_t>(p_.waits.size());
        op.wait_count = 1;
        p_.waits.push_back({op.channel, entry.awaited});
      }
      add(controller, op);
    }
  }

  // The list of the channel without loops, so that each transfer has its own descriptor and start.
  void unroll(EngineId e) {
    program::EngineProgram& engine = p_.engines[e];
    const std::vector<Execution>& executions = operations_.executions[e];
    const std::vector<Task>& tasks = operations_.tasks[e];
    std::vector<program::Transfer> list;
    for (const std::int32_t i : free_.order[e]) {
      list.push_back(engine.transfers[i]);
      list.back().wait_count = 0;
    }
    std::size_t x = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Operations::Start& start = operations_.starts[e][i];
      program::Transfer& first = list[tasks[i].begin];
      first.wait0 = static_cast<std::uint32_t>(p_.waits.size());
      first.wait_count = 1;
      p_.waits.push_back({start.controller, static_cast<std::int32_t>(start.at + 1 + ahead_[start.controller])});
      for (std::size_t k = 0; k < tasks[i].executions; ++k, ++x)
        for (std::size_t n = 0; n < executions[x].count; ++n)
          list[executions[x].first + n].descriptor = static_cast<std::int16_t>(start.numbers[k % start.numbers.size()]);
    }
    engine.transfers = std::move(list);
    engine.steps.clear();
    for (std::size_t i = 0; i < engine.transfers.size(); ++i)
      engine.steps.push_back({static_cast<std::int32_t>(i), 0, 0});
  }

  program::Program p_;
  const program::EngineMap& map_;
  const FreeRun& free_;
  const Operations& operations_;
  std::map<EngineId, std::size_t> ahead_;  // operations of a controller before its list
};

program::Program with_controllers(program::Program program, const arch::ArraySpec& array, const FreeRun& free,
                                  const Table& table, double lead) {
  const program::EngineMap map(array);
  Cuts cuts(program.engines.size());
  for (;;) {
    const Operations operations = operations_of(program, array, free, table, cuts, lead);
    bool complete = true;
    for (std::size_t e = 0; e < cuts.size(); ++e) {
      if (operations.missing[e].empty()) continue;
      complete = false;
      cuts[e].insert(cuts[e].end(), operations.missing[e].begin(), operations.missing[e].end());
      std::sort(cuts[e].begin(), cuts[e].end());
      cuts[e].erase(std::unique(cuts[e].begin(), cuts[e].end()), cuts[e].end());
    }
    if (complete) return Result(std::move(program), map, free, table, operations).take();
  }
}

// Cycles that the serial controller takes for its list without waiting.
double busy_time(const program::Program& lowered, const arch::ArraySpec& array) {
  double ns = 0;
  const auto controller = static_cast<std::size_t>(program::EngineMap(array).first_controller());
  for (const ControlOp& op : lowered.engines[controller].control) ns += array.controller.serial_ns(op.kind);
  return ns * array.clock_hz / 1e9;
}

// After the first slack more is tried where the controller is what takes longest, less where it is not, as long as that
// shortens the whole. In cycles but for the ratio of the next to the last.
constexpr double next_slack = 4, most_slack = 128000, least_slack = 100;

// The program with the grouping of waits that keeps a serial controller busy for the least time.
Expected<program::Program> lower_for_serial(const program::Program& program, const arch::ArraySpec& array,
                                            const std::vector<Millicycles>& durations, const Table& table,
                                            const FreeRun& free) {
  const program::EngineMap map(array);
  program::Program best;
  double least = std::numeric_limits<double>::infinity(), slack = tuned.first_slack, factor = 1;
  while (slack >= least_slack && slack <= most_slack) {
    Groups groups = groups_of(program, map, free, slack);
    const Expected<FreeRun> grouped = free_run(program, array, durations, &groups);
    if (!grouped) return grouped.failure();
    program::Program candidate = with_controllers(with_groups(program, groups), array, *grouped, table, 0);
    const double busy = busy_time(candidate, array), time = std::max(busy, grouped->length);
    if (time >= least) break;
    least = time;
    best = std::move(candidate);
    if (factor == 1) factor = busy > grouped->length ? next_slack : 1 / next_slack;
    slack *= factor;
  }
  return best;
}

}  // namespace

Expected<program::Program> lower(program::Program program, const arch::ArraySpec& array,
                                 const std::vector<Millicycles>& durations) {
  const program::EngineMap map(array);
  const bool done = std::any_of(program.engines.begin(), program.engines.end(),
                                [](const program::EngineProgram& e) { return !e.control.empty(); });
  if (map.controllers() == 0 || done) return program;
  Expected<FreeRun> free = free_run(program, array, durations);
  if (!free) return free.failure();
  program = with_needed_waits(std::move(program), *free);
  const Expected<Table> table = make_table(program, array, *free);
  if (!table) return table.failure();
  if (array.controller.mechanism == arch::ControlMechanism::serial)
    return lower_for_serial(program, array, durations, *table, *free);
  constexpr double at_once = std::numeric_limits<double>::infinity();  // such controllers have time
  return with_controllers(std::move(program), array, *free, *table, at_once);
}

}  // namespace tessera::control
