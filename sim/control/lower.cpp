#include "sim/control/lower.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
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

// What the controllers do, and the executions of the tasks that they start, by engine.
struct Lists {
  Operations operations;
  std::vector<std::vector<Execution>> executions;
};

std::vector<program::Transfer> in_order(std::vector<program::Transfer> list, const std::vector<std::int32_t>& order) {
  std::vector<std::int32_t> once(list.size());
  std::iota(once.begin(), once.end(), 0);
  if (order == once) return list;
  std::vector<program::Transfer> ordered;
  ordered.reserve(order.size());
  for (const std::int32_t i : order) ordered.push_back(list[i]);
  return ordered;
}

// The program with the lists of its controllers.
class Result {
 public:
  Result(program::Program p, const program::EngineMap& map, const FreeRun& free, const Table& table, const Lists& lists)
      : p_(std::move(p)), map_(map), free_(free), operations_(lists.operations), executions_(lists.executions) {
    for (const EngineId e : operations_.telling) ++ahead_[map_.controller_of(map_.info(e).tile)];
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
    for (const EngineId e : operations_.telling) {
      if (map_.controller_of(map_.info(e).tile) != controller) continue;
      ControlOp set;
      set.kind = ControlKind::write_register;
      set.channel = e;
      add(controller, set);
    }
    for (const Operations::Op& entry : operations_.lists[controller - map_.first_controller()]) {
      ControlOp op = entry.op;
      if (op.kind == ControlKind::await_token) {
        op.wait0 = static_cast<std::uint32_t>(p_.waits.size());
        op.wait_count = 1;
        const bool operation = op.channel >= map_.first_controller();
        const std::size_t tasks = operation ? ahead_[op.channel] + 1 : 0;
        p_.waits.push_back({op.channel, entry.awaited + static_cast<std::int32_t>(tasks)});
      }
      add(controller, op);
    }
  }

  // The list of the channel without loops, so that each transfer has its own descriptor and start.
  void unroll(EngineId e) {
    program::EngineProgram& engine = p_.engines[e];
    const std::vector<Execution>& executions = executions_[e];
    const std::vector<Operations::Part>& tasks = operations_.tasks[e];
    std::vector<program::Transfer> list = in_order(std::move(engine.transfers), free_.order[e]);
    for (program::Transfer& t : list) t.wait_count = 0;
    std::size_t x = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Operations::Start& start = operations_.starts[e][i];
      program::Transfer& first = list[tasks[i].begin];
      first.wait0 = static_cast<std::uint32_t>(p_.waits.size());
      first.wait_count = 1;
      p_.waits.push_back({start.controller, static_cast<std::int32_t>(start.at + 1 + ahead_[start.controller])});
      for (std::size_t k = 0; k < tasks[i].executions; ++k, ++x)
        for (std::size_t n = 0; n < executions[x].count; ++n)
          list[executions[x].first + n].descriptor = operations_.numbers[start.first + k % start.count];
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
  const std::vector<std::vector<Execution>>& executions_;
  std::map<EngineId, std::size_t> ahead_;  // operations of a controller before its list
};

// Routes of which one descriptor may send several transfers: those from DDR, to where nobody waits for the end of a
// stream.
std::vector<bool> joining_of(const program::Program& p, const program::EngineMap& map,
                             const std::vector<bool>& circuits) {
  std::vector<bool> joining;
  for (std::size_t r = 0; r < p.routes.size(); ++r)
    joining.push_back(map.info(p.routes[r].source).tile_kind == program::TileKind::shim &&
                      (circuits.empty() || circuits[r]));
  return joining;
}

// Makes the lists of the controllers of a program, whatever its transfers wait for.
class ListMaker {
 public:
  ListMaker(const program::Program& p, const arch::ArraySpec& a, const Started& started,
            const std::vector<bool>& joining)
      : p_(p), a_(a), table_(started.table), gates_(started.gates) {
    const program::EngineMap map(a);
    makers_.reserve(table_.started.size());
    for (const EngineId e : table_.started) {
      const program::EngineMap::Info& info = map.info(e);
      makers_.emplace_back(p.engines[e], started.free.order[e], dma_of(a, info.tile_kind),
                           info.kind == EngineKind::mm2s, joining);
    }
    known_.resize(makers_.size());
  }

  // With the executions that their tasks consist of. Channels whose waits are not those of the call before:
  // `regrouped`.
  Lists make(const FreeRun& free, const std::vector<bool>& regrouped, double lead) {
    std::vector<std::vector<std::int32_t>> cuts(makers_.size());
    Divisions divisions(p_.engines.size());
    for (std::size_t i = 0; i < makers_.size(); ++i) {
      if (regrouped[table_.started[i]]) known_[i].clear();
      divisions[table_.started[i]] = &division(i, cuts[i]);
    }
    for (;;) {
      Operations operations = operations_of(p_, a_, {free, table_, gates_}, divisions, lead);
      if (operations.complete()) return {std::move(operations), executions_of(divisions)};
      for (std::size_t i = 0; i < makers_.size(); ++i) {
        const std::vector<std::int32_t>& missing = operations.missing[table_.started[i]];
        if (missing.empty()) continue;
        cuts[i].insert(cuts[i].end(), missing.begin(), missing.end());
        std::sort(cuts[i].begin(), cuts[i].end());
        cuts[i].erase(std::unique(cuts[i].begin(), cuts[i].end()), cuts[i].end());
        divisions[table_.started[i]] = &division(i, cuts[i]);
      }
    }
  }

 private:
  Division& division(std::size_t i, const std::vector<std::int32_t>& cuts) {
    const auto [it, added] = known_[i].try_emplace(cuts);
    if (added) it->second = {cuts, makers_[i].executions(cuts), {}};
    return it->second;
  }
  static std::vector<std::vector<Execution>> executions_of(const Divisions& divisions) {
    std::vector<std::vector<Execution>> executions(divisions.size());
    for (std::size_t e = 0; e < divisions.size(); ++e)
      if (divisions[e] != nullptr) executions[e] = divisions[e]->executions;
    return executions;
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const Table& table_;
  const SwitchGates& gates_;
  std::vector<ExecutionMaker> makers_;                                // of started channels
  std::vector<std::map<std::vector<std::int32_t>, Division>> known_;  // of each, by its cuts
};

// Cycles that the serial controller takes for its list without waiting.
double busy_time(const Operations& operations, const program::EngineMap& map, const arch::ArraySpec& array) {
  const EngineId controller = map.first_controller();
  double ns = 0;
  for (const EngineId e : operations.telling)
    if (map.controller_of(map.info(e).tile) == controller)
      ns += array.controller.serial_ns(ControlKind::write_register);
  for (const Operations::Op& op : operations.lists.front()) ns += array.controller.serial_ns(op.op.kind, op.op.words);
  return ns * array.clock_hz / 1e9;
}

// After the first slack more is tried where the controller is what takes longest, less where it is not, as long as that
// shortens the whole. In cycles but for the ratio of the next to the last.
constexpr double next_slack = 4, most_slack = 128000, least_slack = 100;

// Looks for the grouping of waits that keeps a serial controller busy for the least time.
class SlackSearch {
 public:
  SlackSearch(program::Program& program, const arch::ArraySpec& array, const std::vector<Millicycles>& durations,
              const Started& started, const std::vector<bool>& joining)
      : program_(program),
        array_(array),
        free_(started.free),
        script_(program, array, durations),
        own_(program.waits.size()),
        maker_(program, array, started, joining) {
    for (double slack = tuned.first_slack / next_slack; slack >= least_slack; slack /= next_slack)
      less_.push_back(slack);
  }

  // The lists of the controllers; the program has the waits that they are for.
  Expected<Lists> run() {
    Expected<Attempt> found = search();
    if (!found) return found.failure();
    give_groups(program_, own_, found->groups);
    return std::move(found->lists);
  }

 private:
  struct Attempt {
    double slack = 0;
    Groups groups;
    FreeRun run;  // until the lists are made
    Lists lists;
    double length = 0, busy = 0;  // of the run, of the controller
    double time() const { return std::max(busy, length); }
    bool has_time() const { return busy <= length; }
  };

  Expected<Attempt> search() {
    if (!less_.empty() && seems_to_have_time(less_.back())) {
      Expected<Attempt> least = with_lists(less_.back());
      if (!least) return least;
      const Expected<bool> shortest = least->has_time() ? all_shorten() : false;
      if (!shortest) return shortest.failure();
      if (*shortest) return least;
      least_ = std::move(*least);
    }
    Expected<Attempt> first = with_lists(tuned.first_slack);
    if (!first) return first;
    return first->has_time() ? least_of(std::move(*first)) : step_by_step(std::move(*first), next_slack);
  }
  // Whether less slack shortens the free run each time.
  Expected<bool> all_shorten() {
    double shorter = 0;
    for (auto slack = less_.rbegin(); slack != less_.rend(); ++slack) {
      const Expected<double> length = length_of(*slack);
      if (!length) return length.failure();
      if (*length <= shorter) return false;
      shorter = *length;
    }
    const Expected<double> first = length_of(tuned.first_slack);
    if (!first) return first.failure();
    return *first > shorter;
  }
  // By what groups need at least, about half of everything: a task, and a token.
  bool seems_to_have_time(double slack) const {
    double ns = 0;
    for (const std::vector<Group>& list : groups_of(script_, free_, slack))
      for (const Group& g : list)
        if (!g.waits.empty())
          ns += array_.controller.serial_ns(ControlKind::push_task) +
                array_.controller.serial_ns(ControlKind::await_token);
    return 2 * ns * array_.clock_hz / 1e9 < free_.length;
  }

  Expected<double> length_of(double slack) {
    const auto [known, fresh] = lengths_.emplace(slack, 0);
    if (!fresh) return known->second;
    const Expected<double> length = free_length(script_, groups_of(script_, free_, slack));
    if (length) known->second = *length;
    return length;
  }
  Expected<Attempt> attempt(double slack) {
    Attempt a;
    a.slack = slack;
    a.groups = groups_of(script_, free_, slack);
    Expected<FreeRun> run = free_run(script_, &a.groups);
    if (!run) return run.failure();
    a.run = std::move(*run);
    lengths_[slack] = a.length = a.run.length;
    return a;
  }
  void make_lists(Attempt& a) {
    give_groups(program_, own_, a.groups);
    std::vector<bool> regrouped;
    for (const std::vector<Group>& list : a.groups) regrouped.push_back(!list.empty());
    a.lists = maker_.make(a.run, regrouped, 0);
    a.run = {};
    a.busy = busy_time(a.lists.operations, script_.map, array_);
  }
  Expected<Attempt> with_lists(double slack) {
    if (least_ && least_->slack == slack) return std::move(*std::exchange(least_, std::nullopt));
    Expected<Attempt> a = attempt(slack);
    if (a) make_lists(*a);
    return a;
  }

  Expected<Attempt> step_by_step(Attempt best, double factor) {
    for (double slack = best.slack * factor; slack >= least_slack && slack <= most_slack; slack *= factor) {
      const auto known = lengths_.find(slack);
      if (known != lengths_.end() && known->second >= best.time()) break;
      Expected<Attempt> next = attempt(slack);
      if (!next) return next.failure();
      if (next->length >= best.time()) break;
      make_lists(*next);
      if (next->time() >= best.time()) break;
      best = std::move(*next);
    }
    return best;
  }
  // Where the controller has time enough with the shortest free run, it has not to be asked about others.
  Expected<Attempt> least_of(Attempt first) {
    double best = first.slack, shortest = first.length;
    for (const double slack : less_) {
      const Expected<double> length = length_of(slack);
      if (!length) return length.failure();
      if (*length >= shortest) break;
      best = slack;
      shortest = *length;
    }
    if (best == first.slack) return first;
    Expected<Attempt> found = with_lists(best);
    if (!found || found->has_time()) return found;
    return step_by_step(std::move(first), 1 / next_slack);
  }

  program::Program& program_;
  const arch::ArraySpec& array_;
  const FreeRun& free_;  // without groups
  const Script script_;
  const std::size_t own_;  // waits of the program; those of groups come behind
  ListMaker maker_;
  std::vector<double> less_;          // slacks below the first one, falling
  std::map<double, double> lengths_;  // by slack: of the free run, where it is known
  std::optional<Attempt> least_;      // that was made too early
};

}  // namespace

Expected<program::Program> lower(program::Program program, const arch::ArraySpec& array,
                                 const std::vector<Millicycles>& durations,
                                 const std::vector<program::SwitchWrite>& switches, const std::vector<bool>& circuits) {
  const program::EngineMap map(array);
  const bool done = std::any_of(program.engines.begin(), program.engines.end(),
                                [](const program::EngineProgram& e) { return !e.control.empty(); });
  if (map.controllers() == 0 || done) return program;
  const bool serial = array.controller.mechanism == arch::ControlMechanism::serial;
  SwitchGates gates = gates_of(program, map, switches, !serial);
  program = with_gates(std::move(program), gates);
  Expected<FreeRun> free = free_run(Script(program, array, durations));
  while (free && add_missing(gates, switches, *free)) {
    program = with_gates(std::move(program), gates);
    free = free_run(Script(program, array, durations));
  }
  if (!free) return free.failure();
  program = with_gates(with_needed_waits(std::move(program), *free), gates);  // these a controller has to know itself
  const Expected<Table> table = make_table(program, array, *free);
  if (!table) return table.failure();
  const Started started{*free, *table, gates};
  const std::vector<bool> joining = joining_of(program, map, circuits);
  if (serial) {
    const Expected<Lists> lists = SlackSearch(program, array, durations, started, joining).run();
    if (!lists) return lists.failure();
    return Result(std::move(program), map, *free, *table, *lists).take();
  }
  constexpr double at_once = std::numeric_limits<double>::infinity();  // such controllers have time
  const Lists lists =
      ListMaker(program, array, started, joining).make(*free, std::vector<bool>(program.engines.size()), at_once);
  return Result(std::move(program), map, *free, *table, lists).take();
}

}  // namespace tessera::control
