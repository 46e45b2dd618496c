#include "sim/control/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "sim/control/channel_state.h"
#include "sim/control/free_run.h"
#include "sim/control/regroup.h"
#include "sim/control/shares.h"
#include "sim/program/registers.h"

namespace tessera::control {
namespace {

using program::ControlKind;
using program::ControlOp;
using program::EngineId;
using program::EngineKind;

const arch::DmaSpec& dma_of(const arch::ArraySpec& a, program::TileKind kind) {
  return kind == program::TileKind::compute  ? a.tile.dma
         : kind == program::TileKind::memory ? a.memtile.dma
                                             : a.shim.dma;
}

// Numbers of a channel's transfers after which a task has to end, because somebody waits for exactly these.
using Cuts = std::vector<std::vector<std::int32_t>>;

// Which channels controllers start, and how many descriptors each has.
struct Table {
  std::vector<EngineId> started;
  std::vector<int> base, share;         // by engine; of started ones
  std::map<EngineId, int> configured;  // and their first descriptor
};

class TableMaker {
 public:
  TableMaker(const program::Program& p, const arch::ArraySpec& a, const FreeRun& free)
      : p_(p), a_(a), map_(a), free_(free) {
    table_.base.assign(p.engines.size(), 0);
    table_.share.assign(p.engines.size(), 0);
  }

  Expected<Table> run() {
    std::vector<bool> awaited(p_.engines.size(), false);
    for (const program::EngineProgram& engine : p_.engines)
      for (const program::Transfer& t : engine.transfers)
        for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w) awaited[p_.waits[w].engine] = true;
    for (EngineId e = 0; e < map_.first_controller(); ++e)
      if (map_.is_channel(e) && !free_.order[e].empty()) choose(e, awaited[e]);
    for (const auto& [half, list] : groups_)
      if (std::optional<Failure> failure = share(half, list)) return std::move(*failure);
    return std::move(table_);
  }

 private:
  using Half = std::pair<program::TileId, int>;  // of a tile's descriptors: its first one
  Half half(EngineId e) const { return {map_.info(e).tile, program::descriptors_of(map_.info(e), a_).first}; }

  // Nobody has to start a channel that nobody waits for and whose registers fit into its part of the table.
  void choose(EngineId e, bool awaited) {
    const program::EngineMap::Info& info = map_.info(e);
    const arch::DmaSpec& dma = dma_of(a_, info.tile_kind);
    std::set<program::Registers> distinct;
    bool waits = awaited;
    for (const program::Transfer& t : p_.engines[e].transfers) {
      waits = waits || t.wait_count > 0;
      if (distinct.size() <= static_cast<std::size_t>(dma.descriptors))
        distinct.insert(program::registers_of(t, info.kind == EngineKind::mm2s));
    }
    const int count = static_cast<int>(distinct.size());
    if (waits || count > std::max(1, dma.descriptors / (dma.s2mm + dma.mm2s))) {
      table_.started.push_back(e);
      groups_[half(e)].push_back(e);
      return;
    }
    table_.configured[e] = program::descriptors_of(info, a_).first + taken_[half(e)];
    taken_[half(e)] += count;
  }

  std::optional<Failure> share(const Half& half, const std::vector<EngineId>& list) {
    const program::DescriptorRange range = program::descriptors_of(map_.info(list.front()), a_);
    const int left = range.last - range.first - taken_[half];
    if (left < static_cast<int>(list.size()))
      return fail(ExitCode::does_not_fit,
                  {"", map_.tile_name(half.first),
                   fmt::format("has {} descriptors left for {} channels", left, list.size()), ""});
    std::vector<ShareOf> channels;
    for (const EngineId e : list) {
      const program::EngineMap::Info& info = map_.info(e);
      const arch::DmaSpec& dma = dma_of(a_, info.tile_kind);
      channels.push_back(
          {executions_of(p_.engines[e], free_.order[e], {}, dma, info.kind == EngineKind::mm2s), dma});
    }
    const std::vector<int> shares = shares_of(channels, left);
    int base = range.first + taken_[half];
    for (std::size_t i = 0; i < list.size(); ++i) {
      table_.base[list[i]] = base;
      table_.share[list[i]] = shares[i];
      base += shares[i];
    }
    return std::nullopt;
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap map_;
  const FreeRun& free_;
  std::map<Half, std::vector<EngineId>> groups_;
  std::map<Half, int> taken_;  // by configured channels
  Table table_;
};

// The lists of the controllers, given where tasks have to end. What it would have to wait for in the middle of a task
// is added to the cuts; the lists are right once there is nothing to add.
class Emission {
 public:
  Emission(const program::Program& p, const arch::ArraySpec& a, const program::EngineMap& map, const FreeRun& free,
           const Table& table, const Cuts& cuts, double lead)
      : p_(p),
        a_(a),
        map_(map),
        free_(free),
        table_(table),
        lead_(lead),
        channels(p.engines.size()),
        starts(p.engines.size()),
        lists(static_cast<std::size_t>(map.controllers())),
        more_cuts(p.engines.size()),
        known_(static_cast<std::size_t>(map.controllers()), std::vector<std::int32_t>(p.engines.size())) {
    for (const EngineId e : table.started) form(e, cuts[e]);
  }

  void run() {
    for (const auto& [e, i] : in_order()) start(e, i);
  }

 private:
  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap& map_;
  const FreeRun& free_;
  const Table& table_;
  const double lead_;

 public:
  struct Start {
    EngineId controller;
    std::size_t at;  // in its list
    int place;       // first descriptor
  };
  struct Op {
    ControlOp op;
    std::int32_t awaited = 0;  // await: transfers of the channel, or calls of a core
  };
  std::vector<ChannelState> channels;      // by engine
  std::vector<std::vector<Start>> starts;  // by engine, of each task
  std::vector<std::vector<Op>> lists;      // by controller
  std::set<EngineId> telling;              // channels of which a token is awaited
  Cuts more_cuts;

 private:
  void form(EngineId e, const std::vector<std::int32_t>& cuts) {
    const program::EngineMap::Info& info = map_.info(e);
    TaskLimits limits;
    limits.descriptors = table_.share[e];
    limits.dma = dma_of(a_, info.tile_kind);
    std::vector<Execution> list =
        executions_of(p_.engines[e], free_.order[e], cuts, limits.dma, info.kind == EngineKind::mm2s);
    std::vector<Task> tasks = form_tasks(list, cuts, limits);
    channels[e] = ChannelState(std::move(list), std::move(tasks), table_.share[e]);
    channels[e].base = table_.base[e];
  }

  const program::Transfer& transfer(EngineId e, std::size_t i) const {
    return p_.engines[e].transfers[free_.order[e][i]];
  }

  // Tasks by the time at which they are pushed: as soon as they could be, or `lead` cycles before their first byte
  // moves, if that is later. What a task waits for ended by then, which depends on tasks whose bytes moved before: in
  // this order nothing is awaited that comes later.
  std::vector<std::pair<EngineId, std::size_t>> in_order() const {
    std::vector<std::tuple<double, double, EngineId, std::size_t>> list;
    for (const EngineId e : table_.started) {
      ChannelState plan = channels[e];
      double last = 0;
      for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
        const program::Transfer& t = transfer(e, plan.tasks[i].begin);
        for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w)
          if (p_.waits[w].tasks > 0) last = std::max(last, free_.end[p_.waits[w].engine][p_.waits[w].tasks - 1]);
        if (const std::ptrdiff_t must = plan.must_complete(i, 0); must >= 0)
          last = std::max(last, free_.end[e][plan.tasks[must].end - 1]);
        if (i >= arch::queued_tasks)  // the latest that a full queue waits for
          last = std::max(last, free_.end[e][plan.tasks[i + 1 - arch::queued_tasks].end - 1]);
        plan.use(i);
        last = std::max(last, free_.flow[e][plan.tasks[i].begin] - lead_);
        list.emplace_back(last, free_.flow[e][plan.tasks[i].begin], e, i);
      }
    }
    std::sort(list.begin(), list.end());
    std::vector<std::pair<EngineId, std::size_t>> order;
    for (const auto& entry : list) order.emplace_back(std::get<2>(entry), std::get<3>(entry));
    return order;
  }

  // ---- operations ----

  std::size_t append(EngineId controller, ControlKind kind, EngineId channel, int layer) {
    std::vector<Op>& list = lists[controller - map_.first_controller()];
    list.emplace_back();
    list.back().op.kind = kind;
    list.back().op.channel = channel;
    list.back().op.layer = static_cast<std::int16_t>(layer);
    return list.size() - 1;
  }
  ControlOp& operation(EngineId controller, std::size_t at) {
    return lists[controller - map_.first_controller()][at].op;
  }

  // Asks for the token, unless other tokens say that much.
  void await(EngineId controller, const program::Wait& wait, int layer) {
    std::vector<std::int32_t>& known = known_[controller - map_.first_controller()];
    if (known[wait.engine] >= wait.tasks) return;
    known[wait.engine] = wait.tasks;
    if (const std::int32_t* row = free_.known(wait.engine, wait.tasks))
      for (std::size_t i = 0; i < free_.width; ++i) known[i] = std::max(known[i], row[i]);
    if (map_.is_channel(wait.engine)) {
      const std::vector<Task>& tasks = channels[wait.engine].tasks;
      const auto task = std::partition_point(tasks.begin(), tasks.end(), [&](const Task& t) {
        return t.end < static_cast<std::size_t>(wait.tasks);
      });
      if (task->end != static_cast<std::size_t>(wait.tasks)) return more_cuts[wait.engine].push_back(wait.tasks);
      const Start& start = starts[wait.engine][static_cast<std::size_t>(task - tasks.begin())];
      operation(start.controller, start.at).token = true;
      telling.insert(wait.engine);
    }
    const std::size_t at = append(controller, ControlKind::await_token, wait.engine, layer);
    lists[controller - map_.first_controller()][at].awaited = wait.tasks;
  }

  void start(EngineId e, std::size_t i) {
    ChannelState& c = channels[e];
    const Task& task = c.tasks[i];
    const program::Transfer& first = transfer(e, task.begin);
    const EngineId controller = map_.controller_of(map_.info(e).tile);
    const int layer = first.layer;
    std::vector<program::Wait> waits(p_.waits.begin() + first.wait0,
                                     p_.waits.begin() + first.wait0 + first.wait_count);
    waits.erase(std::remove_if(waits.begin(), waits.end(), [](const program::Wait& w) { return w.tasks <= 0; }),
                waits.end());
    // What ends last says most about the others.
    std::stable_sort(waits.begin(), waits.end(), [&](const program::Wait& x, const program::Wait& y) {
      return free_.end[x.engine][x.tasks - 1] > free_.end[y.engine][y.tasks - 1];
    });
    for (const program::Wait& w : waits) await(controller, w, layer);
    const std::int32_t known = known_[controller - map_.first_controller()][e];
    if (const std::ptrdiff_t must = c.must_complete(i, known); must >= 0)
      await(controller, {e, static_cast<std::int32_t>(c.tasks[must].end)}, layer);
    const auto [place, fresh] = c.use(i);
    if (fresh) write(controller, e, task, c.base + place, layer);
    const std::size_t at = append(controller, ControlKind::push_task, e, layer);
    ControlOp& push = operation(controller, at);
    push.descriptor = static_cast<std::int16_t>(c.base + place);
    push.transfers = static_cast<std::int32_t>(task.end - task.begin);
    push.repeat = static_cast<std::int16_t>(task.repeat);
    starts[e].push_back({controller, at, c.base + place});
  }
  void write(EngineId controller, EngineId e, const Task& task, int place, int layer) {
    for (std::size_t k = 0; k < task.chain.size(); ++k) {
      const ChainLink& link = task.chain[k];
      const Execution& x = channels[e].executions[link.execution];
      const auto descriptor = static_cast<std::int16_t>(place + static_cast<int>(k));
      ControlOp& op = operation(controller, append(controller, ControlKind::write_descriptor, e, layer));
      op.descriptor = descriptor;
      op.transfer = static_cast<std::int32_t>(x.first);
      op.joined = static_cast<std::int16_t>(x.count);
      op.next = static_cast<std::int16_t>(k + 1 < task.chain.size() ? descriptor + 1 : -1);
      op.iterations = link.iterations;
      op.iteration_step = link.step;
      op.ends_at_last = link.ends_at_last;
      if (map_.info(e).tile_kind != program::TileKind::shim) continue;
      operation(controller, append(controller, ControlKind::patch_address, e, layer)).descriptor = descriptor;
    }
  }

  std::vector<std::vector<std::int32_t>> known_;  // by controller and engine: tasks known to be complete
};

// The program with the lists of an emission.
class Result {
 public:
  Result(program::Program p, const program::EngineMap& map, const FreeRun& free, const Table& table,
         const Emission& emission)
      : p_(std::move(p)), map_(map), free_(free), emission_(emission) {
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
    for (const EngineId e : emission_.telling) {
      if (map_.controller_of(map_.info(e).tile) != controller) continue;
      ControlOp set;
      set.kind = ControlKind::write_register;
      set.channel = e;
      add(controller, set);
      ++ahead;
    }
    for (const Emission::Op& entry : emission_.lists[controller - map_.first_controller()]) {
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
    const ChannelState& c = emission_.channels[e];
    std::vector<program::Transfer> list;
    for (const std::int32_t i : free_.order[e]) {
      list.push_back(engine.transfers[i]);
      list.back().wait_count = 0;
    }
    std::size_t x = 0;
    for (std::size_t i = 0; i < c.tasks.size(); ++i) {
      const Emission::Start& start = emission_.starts[e][i];
      program::Transfer& first = list[c.tasks[i].begin];
      first.wait0 = static_cast<std::uint32_t>(p_.waits.size());
      first.wait_count = 1;
      p_.waits.push_back({start.controller, static_cast<std::int32_t>(start.at + 1 + ahead_[start.controller])});
      for (std::size_t k = 0; k < c.tasks[i].executions; ++k, ++x)
        for (std::size_t n = 0; n < c.executions[x].count; ++n)
          list[c.executions[x].first + n].descriptor =
              static_cast<std::int16_t>(start.place + static_cast<int>(k % c.tasks[i].chain.size()));
    }
    engine.transfers = std::move(list);
    engine.steps.clear();
    for (std::size_t i = 0; i < engine.transfers.size(); ++i)
      engine.steps.push_back({static_cast<std::int32_t>(i), 0, 0});
  }

  program::Program p_;
  const program::EngineMap& map_;
  const FreeRun& free_;
  const Emission& emission_;
  std::map<EngineId, std::size_t> ahead_;  // operations of a controller before its list
};

Expected<program::Program> lower_as_is(program::Program program, const arch::ArraySpec& array, const FreeRun& free,
                                       double lead) {
  const program::EngineMap map(array);
  const Expected<Table> table = TableMaker(program, array, free).run();
  if (!table) return table.failure();
  Cuts cuts(program.engines.size());
  for (;;) {
    Emission emission(program, array, map, free, *table, cuts, lead);
    emission.run();
    bool complete = true;
    for (std::size_t e = 0; e < cuts.size(); ++e) {
      if (emission.more_cuts[e].empty()) continue;
      complete = false;
      cuts[e].insert(cuts[e].end(), emission.more_cuts[e].begin(), emission.more_cuts[e].end());
      std::sort(cuts[e].begin(), cuts[e].end());
      cuts[e].erase(std::unique(cuts[e].begin(), cuts[e].end()), cuts[e].end());
    }
    if (complete) return Result(std::move(program), map, free, *table, emission).take();
  }
}

// Cycles that a serial controller is busy, or those of the free run where they are more.
double least_time(const program::Program& lowered, const arch::ArraySpec& array, double free_time) {
  double ns = 0;
  for (const program::EngineProgram& engine : lowered.engines)
    for (const ControlOp& op : engine.control) ns += array.controller.serial_ns(op.kind);
  return std::max(free_time, ns * array.clock_hz / 1e9);
}

// Slack in cycles that waits are given before the shortest program is chosen: what delays transfers saves operations.
constexpr std::array<double, 5> slacks{0, 2000, 8000, 32000, 128000};
constexpr double at_once = 1e18;  // lead of tasks that are pushed as soon as they can be

// The program with the grouping of waits that keeps a serial controller busy for the least time.
Expected<program::Program> lower_for_serial(const program::Program& program, const arch::ArraySpec& array,
                                            const std::vector<Millicycles>& durations, const FreeRun& free) {
  const program::EngineMap map(array);
  Expected<program::Program> best = lower_as_is(program, array, free, 0);
  if (!best) return best;
  double least = least_time(*best, array, free.length);
  for (const double slack : slacks) {
    Groups groups = groups_of(program, map, free, slack);
    const Expected<FreeRun> again = free_run(program, array, durations, &groups);
    if (!again) return again.failure();
    const program::Program grouped = with_groups(program, groups);
    if (std::getenv("CTL_DEBUG")) fmt::print(stderr, "slack {} free {}\n", slack, again->length);
    const double time = again->length;
    for (const double lead : {0.0, 20000.0, at_once}) {
      Expected<program::Program> candidate = lower_as_is(grouped, array, *again, lead);
      if (std::getenv("CTL_DEBUG") && candidate) fmt::print(stderr, "  lead {} time {}\n", lead, least_time(*candidate, array, 0));
      if (!candidate || least_time(*candidate, array, time) >= least) continue;
      least = least_time(*candidate, array, time);
      best = std::move(candidate);
    }
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
  if (array.controller.mechanism == arch::ControlMechanism::serial)
    return lower_for_serial(program, array, durations, *free);
  return lower_as_is(std::move(program), array, *free, at_once);
}

}  // namespace tessera::control
