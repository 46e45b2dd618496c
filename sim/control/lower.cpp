#include "sim/control/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "sim/control/channel_state.h"
#include "sim/control/free_run.h"
#include "sim/control/regroup.h"
#include "sim/control/tasks.h"

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

class Lowering {
 public:
  Lowering(program::Program p, const arch::ArraySpec& a, FreeRun free)
      : p_(std::move(p)), a_(a), map_(a), free_(std::move(free)), channels_(p_.engines.size()) {}

  Expected<program::Program> run() {
    find_awaited();
    choose();
    if (std::optional<Failure> failure = share_descriptors()) return std::move(*failure);
    for (const EngineId e : started_) enable(e);
    known_.assign(map_.controllers(), std::vector<std::int32_t>(p_.engines.size()));
    for (const auto& [e, i] : in_order()) start(e, i);
    for (const EngineId e : started_) unroll(e);
    return std::move(p_);
  }

 private:
  const program::Transfer& transfer(EngineId e, std::size_t i) const {
    return p_.engines[e].transfers[free_.order[e][i]];
  }

  // Numbers of transfers of each channel that another engine waits for.
  void find_awaited() {
    awaited_.resize(p_.engines.size());
    for (const program::EngineProgram& engine : p_.engines)
      for (const program::Transfer& t : engine.transfers)
        for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w)
          if (map_.is_channel(p_.waits[w].engine)) awaited_[p_.waits[w].engine].push_back(p_.waits[w].tasks);
    for (auto& list : awaited_) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
  }

  // Channels that no controller has to start: nobody waits, and their registers fit into their share of the table.
  void choose() {
    for (EngineId e = 0; e < map_.first_controller(); ++e) {
      if (!map_.is_channel(e) || free_.order[e].empty()) continue;
      const program::EngineMap::Info& info = map_.info(e);
      const arch::DmaSpec& dma = dma_of(a_, info.tile_kind);
      std::set<program::Registers> distinct;
      bool waits = !awaited_[e].empty();
      for (const program::Transfer& t : p_.engines[e].transfers) {
        waits = waits || t.wait_count > 0;
        if (distinct.size() <= static_cast<std::size_t>(dma.descriptors))
          distinct.insert(program::registers_of(t, info.kind == EngineKind::mm2s));
      }
      if (waits || static_cast<int>(distinct.size()) > std::max(1, dma.descriptors / (dma.s2mm + dma.mm2s)))
        started_.push_back(e);
      else
        configured_[e] = static_cast<int>(distinct.size());
    }
  }

  // Configured channels have what they need, the others share the rest of their tile's descriptors, or of their half.
  std::optional<Failure> share_descriptors() {
    std::map<std::pair<program::TileId, int>, std::vector<EngineId>> groups;
    std::map<std::pair<program::TileId, int>, int> taken;
    const auto half = [&](EngineId e) {
      return std::pair{map_.info(e).tile, program::descriptors_of(map_.info(e), a_).first};
    };
    for (const auto& [e, count] : configured_) {
      const program::DescriptorRange range = program::descriptors_of(map_.info(e), a_);
      number(e, range.first + taken[half(e)]);
      taken[half(e)] += count;
    }
    for (const EngineId e : started_) groups[half(e)].push_back(e);
    for (const auto& [key, list] : groups) {
      const program::DescriptorRange range = program::descriptors_of(map_.info(list.front()), a_);
      const int left = range.last - range.first - taken[key], share = left / static_cast<int>(list.size());
      if (share < 1)
        return fail(ExitCode::does_not_fit,
                    {"", map_.tile_name(key.first),
                     fmt::format("has {} descriptors left for {} channels", left, list.size()), ""});
      int base = range.first + taken[key];
      for (const EngineId e : list) {
        form(e, share);
        channels_[e].base = base;
        base += share;
      }
    }
    return std::nullopt;
  }
  void number(EngineId e, int first) {
    std::map<program::Registers, int> known;
    for (program::Transfer& t : p_.engines[e].transfers) {
      const auto it = known.emplace(program::registers_of(t, map_.info(e).kind == EngineKind::mm2s),
                                    first + static_cast<int>(known.size()));
      t.descriptor = static_cast<std::int16_t>(it.first->second);
    }
  }
  void form(EngineId e, int share) {
    const program::EngineMap::Info& info = map_.info(e);
    TaskLimits limits;
    limits.descriptors = share;
    limits.dma = dma_of(a_, info.tile_kind);
    limits.outbound = info.kind == EngineKind::mm2s;
    channels_[e] = ChannelState(form_tasks(p_.engines[e], free_.order[e], awaited_[e], limits), share, limits.outbound,
                                &p_.engines[e]);
  }

  // When each task could be pushed; which of them tell the controller that they are complete.
  void enable(EngineId e) {
    ChannelState plan = channels_[e];
    ChannelState& c = channels_[e];
    c.token.assign(c.tasks.size(), false);
    double last = 0;
    for (std::size_t i = 0; i < c.tasks.size(); ++i) {
      const Task& task = c.tasks[i];
      const program::Transfer& t = transfer(e, task.first);
      for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w)
        if (p_.waits[w].tasks > 0) last = std::max(last, free_.end[p_.waits[w].engine][p_.waits[w].tasks - 1]);
      if (const std::ptrdiff_t must = plan.must_complete(i); must >= 0) {
        c.token[must] = true;
        last = std::max(last, free_.end[e][c.tasks[must].first + c.tasks[must].count - 1]);
      }
      plan.use(i);
      c.enabled.push_back(last);
      if (std::binary_search(awaited_[e].begin(), awaited_[e].end(),
                             static_cast<std::int32_t>(task.first + task.count)))
        c.token[i] = true;
    }
  }

  std::vector<std::pair<EngineId, std::size_t>> in_order() const {
    std::vector<std::pair<EngineId, std::size_t>> list;
    for (const EngineId e : started_)
      for (std::size_t i = 0; i < channels_[e].tasks.size(); ++i) list.emplace_back(e, i);
    const auto key = [&](const std::pair<EngineId, std::size_t>& x) {
      const ChannelState& c = channels_[x.first];
      return std::tuple{c.enabled[x.second], free_.start[x.first][c.tasks[x.second].first], x.first, x.second};
    };
    std::sort(list.begin(), list.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    return list;
  }

  // ---- lists of the controllers ----

  int append(EngineId controller, const ControlOp& op) {
    program::EngineProgram& list = p_.engines[controller];
    list.steps.push_back({static_cast<std::int32_t>(list.control.size()), 0, 0});
    list.control.push_back(op);
    return static_cast<int>(list.control.size());
  }
  ControlOp operation(ControlKind kind, EngineId channel, int layer) const {
    ControlOp op;
    op.kind = kind;
    op.channel = channel;
    op.layer = static_cast<std::int16_t>(layer);
    return op;
  }
  void await(EngineId controller, EngineId engine, std::int32_t tasks, int layer) {
    std::int32_t& known = known_[controller - map_.first_controller()][engine];
    if (known >= tasks) return;
    known = tasks;
    ControlOp op = operation(ControlKind::await_token, engine, layer);
    op.wait0 = static_cast<std::uint32_t>(p_.waits.size());
    op.wait_count = 1;
    p_.waits.push_back({engine, tasks});
    append(controller, op);
  }

  void start(EngineId e, std::size_t i) {
    ChannelState& c = channels_[e];
    const Task& task = c.tasks[i];
    program::Transfer& first = p_.engines[e].transfers[free_.order[e][task.first]];
    const EngineId controller = map_.controller_of(map_.info(e).tile);
    const int layer = first.layer;
    for (std::uint32_t w = first.wait0; w < first.wait0 + first.wait_count; ++w)
      await(controller, p_.waits[w].engine, p_.waits[w].tasks, layer);
    if (const std::ptrdiff_t must = c.must_complete(i); must >= 0)
      await(controller, e, static_cast<std::int32_t>(c.tasks[must].first + c.tasks[must].count), layer);
    const auto [place, fresh] = c.use(i);
    if (fresh) write(controller, e, task, c.base + place, layer);
    // Where the tokens of a channel go stands in a register of it, which is set once.
    if (c.token[i] && !std::exchange(tells_[e], true))
      append(controller, operation(ControlKind::write_register, e, layer));
    ControlOp push = operation(ControlKind::push_task, e, layer);
    push.descriptor = static_cast<std::int16_t>(c.base + place);
    push.transfers = static_cast<std::int32_t>(task.count);
    push.repeat = static_cast<std::int16_t>(task.repeat);
    push.token = c.token[i];
    pushed_[e].push_back({controller, append(controller, push)});
    for (std::size_t k = 0; k < task.count; ++k)
      numbers_[e].push_back(c.base + place + static_cast<int>(k % task.chain.size()));
  }
  void write(EngineId controller, EngineId e, const Task& task, int place, int layer) {
    for (std::size_t k = 0; k < task.chain.size(); ++k) {
      ControlOp op = operation(ControlKind::write_descriptor, e, layer);
      op.descriptor = static_cast<std::int16_t>(place + static_cast<int>(k));
      op.transfer = task.chain[k].transfer;
      op.next = static_cast<std::int16_t>(k + 1 < task.chain.size() ? op.descriptor + 1 : -1);
      op.iterations = task.chain[k].iterations;
      op.iteration_step = task.chain[k].step;
      op.ends_at_last = task.chain[k].ends_at_last;
      written_[e].push_back({controller, append(controller, op)});
      if (map_.info(e).tile_kind != program::TileKind::shim) continue;
      op = operation(ControlKind::patch_address, e, layer);
      op.descriptor = static_cast<std::int16_t>(place + static_cast<int>(k));
      append(controller, op);
    }
  }

  // The list of the channel without loops, so that each transfer has its own descriptor and start.
  void unroll(EngineId e) {
    program::EngineProgram& engine = p_.engines[e];
    const ChannelState& c = channels_[e];
    std::vector<program::Transfer> list;
    std::map<std::int32_t, std::int32_t> where;  // of a transfer in the old list, in the new one
    for (std::size_t i = 0; i < free_.order[e].size(); ++i) {
      where.emplace(free_.order[e][i], static_cast<std::int32_t>(i));
      list.push_back(engine.transfers[free_.order[e][i]]);
      list.back().wait_count = 0;
      list.back().descriptor = static_cast<std::int16_t>(numbers_[e][i]);
    }
    for (std::size_t i = 0; i < c.tasks.size(); ++i) {
      program::Transfer& first = list[c.tasks[i].first];
      first.wait0 = static_cast<std::uint32_t>(p_.waits.size());
      first.wait_count = 1;
      p_.waits.push_back({pushed_[e][i].first, pushed_[e][i].second});
    }
    for (const auto& [controller, ordinal] : written_[e]) {
      ControlOp& op = p_.engines[controller].control[ordinal - 1];
      op.transfer = where.at(op.transfer);
    }
    engine.transfers = std::move(list);
    engine.steps.clear();
    for (std::size_t i = 0; i < engine.transfers.size(); ++i)
      engine.steps.push_back({static_cast<std::int32_t>(i), 0, 0});
  }

  program::Program p_;
  const arch::ArraySpec& a_;
  const program::EngineMap map_;
  FreeRun free_;
  std::vector<ChannelState> channels_;  // by engine
  std::vector<std::vector<std::int32_t>> awaited_;
  std::vector<EngineId> started_;
  std::map<EngineId, int> configured_;            // and the descriptors they need
  std::vector<std::vector<std::int32_t>> known_;  // by controller and engine: tasks known to be complete
  std::map<EngineId, std::vector<std::pair<EngineId, int>>> pushed_,
      written_;                                   // controller and its operations until then
  std::map<EngineId, bool> tells_;                // channels whose tokens have a destination
  std::map<EngineId, std::vector<int>> numbers_;  // descriptor of each transfer
};

// Cycles that a serial controller is busy, or those of the free run where they are more.
double least_time(const program::Program& lowered, const arch::ArraySpec& array, double free_time) {
  double ns = 0;
  for (const program::EngineProgram& engine : lowered.engines)
    for (const ControlOp& op : engine.control) ns += array.controller.serial_ns(op.kind);
  return std::max(free_time, ns * array.clock_hz / 1e9);
}

double length_of(const FreeRun& free) {
  double last = 0;
  for (const auto& ends : free.end)
    if (!ends.empty()) last = std::max(last, ends.back());
  return last;
}

// Slack in cycles that waits are given before the shortest program is chosen: what delays transfers saves operations.
constexpr std::array<double, 6> slacks{0, 500, 2000, 8000, 32000, 128000};

// The program with the grouping of waits that keeps a serial controller busy for the least time.
Expected<program::Program> lower_for_serial(const program::Program& program, const arch::ArraySpec& array,
                                            const std::vector<Millicycles>& durations, const FreeRun& free) {
  const program::EngineMap map(array);
  Expected<program::Program> best = Lowering(program, array, free).run();
  if (!best) return best;
  double least = least_time(*best, array, length_of(free));
  for (const double slack : slacks) {
    program::Program grouped = regroup(program, map, free, slack);
    Expected<FreeRun> again = free_run(grouped, array, durations);
    if (!again) continue;  // somebody would wait for what comes after it
    const double time = length_of(*again);
    Expected<program::Program> candidate = Lowering(std::move(grouped), array, std::move(*again)).run();
    if (!candidate || least_time(*candidate, array, time) >= least) continue;
    least = least_time(*candidate, array, time);
    best = std::move(candidate);
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
  if (array.controller.mechanism == arch::ControlMechanism::serial)
    return lower_for_serial(program, array, durations, *free);
  return Lowering(std::move(program), array, std::move(*free)).run();
}

}  // namespace tessera::control
