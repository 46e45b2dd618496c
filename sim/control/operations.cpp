#include "sim/control/operations.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tessera::control {
namespace {

using program::ControlKind;
using program::ControlOp;
using program::EngineId;
using program::EngineKind;

class Maker {
 public:
  Maker(const program::Program& p, const arch::ArraySpec& a, const program::EngineMap& map, const FreeRun& free,
        const Table& table, const Cuts& cuts, double lead)
      : p_(p),
        a_(a),
        map_(map),
        free_(free),
        table_(table),
        lead_(lead),
        known_(static_cast<std::size_t>(map.controllers()), std::vector<std::int32_t>(p.engines.size())) {
    o_.channels.resize(p.engines.size());
    o_.starts.resize(p.engines.size());
    o_.lists.resize(static_cast<std::size_t>(map.controllers()));
    o_.missing.resize(p.engines.size());
    for (const EngineId e : table.started) form(e, cuts[e]);
  }

  Operations run() {
    for (const auto& [e, i] : in_order()) start(e, i);
    return std::move(o_);
  }

 private:
  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap& map_;
  const FreeRun& free_;
  const Table& table_;
  const double lead_;

  Operations o_;

 private:
  void form(EngineId e, const std::vector<std::int32_t>& cuts) {
    const program::EngineMap::Info& info = map_.info(e);
    TaskLimits limits;
    limits.descriptors = table_.share[e];
    limits.dma = dma_of(a_, info.tile_kind);
    std::vector<Execution> list =
        executions_of(p_.engines[e], free_.order[e], cuts, limits.dma, info.kind == EngineKind::mm2s);
    std::vector<Task> tasks = form_tasks(list, cuts, limits);
    o_.channels[e] = ChannelState(std::move(list), std::move(tasks), table_.share[e]);
    o_.channels[e].base = table_.base[e];
  }

  const program::Transfer& transfer(EngineId e, std::size_t i) const {
    return p_.engines[e].transfers[free_.order[e][i]];
  }

  // Tasks by the time at which they are pushed: as soon as they could be, or `lead` cycles before their first byte
  // moves, if that is later. What a task waits for ended by then, which depends on tasks whose bytes moved before: in
  // this order nothing is awaited that comes later.
  std::vector<std::pair<EngineId, std::size_t>> in_order() {
    std::vector<std::tuple<double, double, EngineId, std::size_t>> list;
    for (const EngineId e : table_.started) {
      ChannelState& plan = o_.channels[e];
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
      plan.empty();
    }
    std::sort(list.begin(), list.end());
    std::vector<std::pair<EngineId, std::size_t>> order;
    for (const auto& entry : list) order.emplace_back(std::get<2>(entry), std::get<3>(entry));
    return order;
  }

  std::size_t append(EngineId controller, ControlKind kind, EngineId channel, int layer) {
    std::vector<Operations::Op>& list = o_.lists[controller - map_.first_controller()];
    list.emplace_back();
    list.back().op.kind = kind;
    list.back().op.channel = channel;
    list.back().op.layer = static_cast<std::int16_t>(layer);
    return list.size() - 1;
  }
  ControlOp& operation(EngineId controller, std::size_t at) {
    return o_.lists[controller - map_.first_controller()][at].op;
  }

  // Asks for the token, unless other tokens say that much.
  void await(EngineId controller, const program::Wait& wait, int layer) {
    std::vector<std::int32_t>& known = known_[controller - map_.first_controller()];
    if (known[wait.engine] >= wait.tasks) return;
    known[wait.engine] = wait.tasks;
    if (const std::int32_t* row = free_.known(wait.engine, wait.tasks))
      for (std::size_t i = 0; i < free_.width; ++i) known[i] = std::max(known[i], row[i]);
    if (map_.is_channel(wait.engine)) {
      const std::vector<Task>& tasks = o_.channels[wait.engine].tasks;
      const auto task = std::partition_point(
          tasks.begin(), tasks.end(), [&](const Task& t) { return t.end < static_cast<std::size_t>(wait.tasks); });
      if (task->end != static_cast<std::size_t>(wait.tasks)) return o_.missing[wait.engine].push_back(wait.tasks);
      const Operations::Start& start = o_.starts[wait.engine][static_cast<std::size_t>(task - tasks.begin())];
      operation(start.controller, start.at).token = true;
      o_.telling.insert(wait.engine);
    }
    const std::size_t at = append(controller, ControlKind::await_token, wait.engine, layer);
    o_.lists[controller - map_.first_controller()][at].awaited = wait.tasks;
  }

  void start(EngineId e, std::size_t i) {
    ChannelState& c = o_.channels[e];
    const Task& task = c.tasks[i];
    const program::Transfer& first = transfer(e, task.begin);
    const EngineId controller = map_.controller_of(map_.info(e).tile);
    const int layer = first.layer;
    std::vector<program::Wait> waits(p_.waits.begin() + first.wait0, p_.waits.begin() + first.wait0 + first.wait_count);
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
    o_.starts[e].push_back({controller, at, c.base + place});
  }
  void write(EngineId controller, EngineId e, const Task& task, int place, int layer) {
    for (std::size_t k = 0; k < task.chain.size(); ++k) {
      const ChainLink& link = task.chain[k];
      const Execution& x = o_.channels[e].executions[link.execution];
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

}  // namespace

Operations operations_of(const program::Program& program, const arch::ArraySpec& array, const FreeRun& free,
                         const Table& table, const Cuts& cuts, double lead) {
  const program::EngineMap map(array);
  return Maker(program, array, map, free, table, cuts, lead).run();
}

}  // namespace tessera::control
