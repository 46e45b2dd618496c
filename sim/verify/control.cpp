#include "sim/verify/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "sim/program/registers.h"
#include "sim/verify/joined.h"
#include "sim/verify/limits.h"
#include "sim/verify/switches.h"

namespace tessera::verify {
namespace {

using program::ControlKind;
using program::ControlOp;
using program::EngineId;
using program::EngineKind;
using program::Transfer;

class Control {
 public:
  Control(const program::Program& p, const arch::ArraySpec& a, const program::EngineMap& map, Findings& f)
      : p_(p), a_(a), map_(map), f_(f), channels_(static_cast<std::size_t>(map.count())) {
    for (program::TileId t = 0; t < map.tile_count(); ++t)
      tables_.emplace_back(static_cast<std::size_t>(dma_spec(a, map.tile_kind(t)).descriptors));
  }

  Demands run() {
    for (EngineId e = map_.first_controller(); e < map_.count(); ++e)
      for (const ControlOp& op : p_.engines[e].control) {
        if (op.channel < 0 || op.channel >= map_.first_controller()) continue;
        if (op.kind == ControlKind::push_task) channels_[op.channel].pushed = true;
        if (op.kind == ControlKind::write_descriptor) note_streams(op);
      }
    for (EngineId e = 0; e < map_.first_controller() && !f_.full(); ++e) {
      if (!map_.is_channel(e)) {
        cores_wait_for_locks(e);
      } else if (channels_[e].pushed) {
        channels_[e].order = program::execution_order(p_.engines[e].steps);
      } else {
        configured(e);
      }
    }
    for (EngineId e = map_.first_controller(); e < map_.count() && !f_.full(); ++e) controller(e);
    for (const auto& [at, op] : others_) {
      at_ = at;
      if (!sends(channels_[op->channel], p_.waits[op->wait0].tasks)) unsent(*op);
    }
    for (EngineId e = 0; e < map_.first_controller() && !f_.full(); ++e) {
      const Channel& c = channels_[e];
      if (c.pushed && c.started < c.order.size())
        f_.add(map_.name(e), fmt::format("executes {} transfers, tasks start {}", c.order.size(), c.started),
               "legal: each belongs to a task");
    }
    return std::move(demands_);
  }

 private:
  struct Task {
    std::int64_t end = 0;  // transfers of the channel once it is complete
    bool token = false;
  };
  struct Channel {
    bool pushed = false;
    std::vector<std::int32_t> order;  // transfers as executed
    std::size_t started = 0;
    std::vector<Task> tasks;
  };
  struct Descriptor {
    const ControlOp* written = nullptr;
    bool configured = false;  // never changes
    int executions = 0;       // since it was written
    EngineId user = -1;       // channel of the last task that uses it
    std::int64_t used = 0;    // transfers of that channel once the task is complete
  };

  // Whether its descriptors may take several transfers as one.
  bool joins(EngineId e) const { return !outbound(e) || map_.info(e).tile_kind == program::TileKind::shim; }
  bool outbound(EngineId e) const { return map_.info(e).kind == EngineKind::mm2s; }
  std::vector<Descriptor>& table(EngineId e) { return tables_[map_.info(e).tile]; }

  // Routes whose streams do not end with each transfer.
  void note_streams(const ControlOp& op) {
    const auto& transfers = p_.engines[op.channel].transfers;
    const bool there = op.transfer >= 0 && static_cast<std::size_t>(op.transfer) < transfers.size();
    if (there && op.joined > 1 && outbound(op.channel)) streams_.insert(transfers[op.transfer].route);
  }

  // ---- engines of the array ----

  void cores_wait_for_locks(EngineId e) {
    const program::EngineProgram& ep = p_.engines[e];
    for (std::size_t s = 0; s < ep.steps.size(); ++s) {
      if (ep.steps[s].index < 0) continue;
      const program::CoreInstr& c = ep.core[ep.steps[s].index];
      for (std::uint32_t w = c.wait0; w < c.wait0 + c.wait_count; ++w)
        if (map_.info(p_.waits[w].engine).tile != map_.info(e).tile)
          f_.at(e, s, c.layer, "a core waits for tasks of " + map_.name(p_.waits[w].engine),
                "legal: locks, and the channels of its own tile, whose status it reads");
    }
  }

  // Loops that nobody starts: as the design was loaded.
  void configured(EngineId e) {
    const program::EngineProgram& ep = p_.engines[e];
    std::map<int, program::Registers> held;
    for (std::size_t s = 0; s < ep.steps.size(); ++s) {
      if (ep.steps[s].index < 0) continue;
      const Transfer& t = ep.transfers[ep.steps[s].index];
      if (t.wait_count > 0)
        f_.at(e, s, t.layer, "waits for another engine, and no controller starts it", "legal: locks, or a task");
      if (!in_range(e, t.descriptor))
        f_.at(e, s, t.layer, fmt::format("descriptor {}", int{t.descriptor}), range_legal(e));
      const auto [at, fresh] = held.emplace(t.descriptor, program::registers_of(t, outbound(e)));
      if (!fresh && at->second != program::registers_of(t, outbound(e)))
        f_.at(e, s, t.layer, fmt::format("descriptor {} changes, and no controller writes it", int{t.descriptor}),
              fmt::format("legal: as many transfers that differ as the tile has descriptors ({})", table(e).size()));
      if (f_.full()) return;
    }
    for (const auto& [number, registers] : held) {
      if (!in_range(e, number)) continue;
      Descriptor& d = table(e)[static_cast<std::size_t>(number)];
      if (d.configured)
        f_.add(map_.name(e), fmt::format("descriptor {} belongs to two channels that no controller starts", number));
      d.configured = true;
    }
  }

  bool in_range(EngineId e, int number) const {
    const program::DescriptorRange range = program::descriptors_of(map_.info(e), a_);
    return number >= range.first && number < range.last;
  }
  std::string range_legal(EngineId e) const {
    const program::DescriptorRange range = program::descriptors_of(map_.info(e), a_);
    return fmt::format("legal: {} to {}, which the tile has for this channel", range.first, range.last - 1);
  }

  // ---- operations ----

  void controller(EngineId e) {
    const program::EngineProgram& ep = p_.engines[e];
    for (std::size_t s = 0; s < ep.steps.size() && !f_.full(); ++s) {
      if (ep.steps[s].index < 0) return f_.at(e, s, -1, "a controller repeats", "legal: a list without loops");
      at_ = {e, s};
      const ControlOp& op = ep.control[ep.steps[s].index];
      if (op.kind == ControlKind::write_switch || awaits_controller(op, e, map_)) {
        operation(op);
        continue;
      }
      if (op.channel < 0 || op.channel >= map_.first_controller() ||
          (!map_.is_channel(op.channel) && op.kind != ControlKind::await_token)) {
        bad(op, fmt::format("engine {} is no channel", op.channel));
        continue;
      }
      if (op.kind != ControlKind::await_token && map_.controller_of(map_.info(op.channel).tile) != e) {
        bad(op, map_.name(op.channel) + " is not this controller's",
            "legal: " + map_.name(map_.controller_of(map_.info(op.channel).tile)));
        continue;
      }
      operation(op);
    }
  }

  void operation(const ControlOp& op) {
    if (op.kind != ControlKind::await_token && op.wait_count > 0)
      bad(op, "waits", "legal: operations of kind await alone");
    switch (op.kind) {
      case ControlKind::write_descriptor:
        return write(op);
      case ControlKind::patch_address:
        if (map_.info(op.channel).tile_kind != program::TileKind::shim)
          bad(op, "patches an address", "legal: of descriptors of shim tiles");
        if (usable(op)) at_rest(op);
        return;
      case ControlKind::write_register:
        return;
      case ControlKind::push_task:
        return push(op);
      case ControlKind::await_token:
        return await(op);
      case ControlKind::write_switch:
        return;  // switches.h
    }
  }

  void bad(const ControlOp& op, std::string what, std::string legal = {}) {
    f_.at(at_.first, at_.second, op.layer, std::move(what), std::move(legal));
  }

  bool usable(const ControlOp& op) {
    if (!in_range(op.channel, op.descriptor)) {
      bad(op, fmt::format("descriptor {}", int{op.descriptor}), range_legal(op.channel));
      return false;
    }
    if (!table(op.channel)[op.descriptor].configured) return true;
    bad(op, fmt::format("descriptor {} belongs to a channel that no controller starts", int{op.descriptor}));
    return false;
  }

  // Every task that used the descriptor is complete.
  void at_rest(const ControlOp& op) {
    const Descriptor& d = table(op.channel)[op.descriptor];
    if (d.used > 0) demand(d.user, d.used);
  }
  void demand(EngineId channel, std::int64_t transfers) {
    demands_[at_.first].push_back({at_.second, channel, transfers});
  }

  void write(const ControlOp& op) {
    const program::EngineMap::Info& info = map_.info(op.channel);
    const arch::DmaSpec& dma = dma_spec(a_, info.tile_kind);
    const auto& transfers = p_.engines[op.channel].transfers;
    if (!usable(op)) return;
    if (op.transfer < 0 || static_cast<std::size_t>(op.transfer) >= transfers.size())
      return bad(op, fmt::format("move {} of {}", op.transfer, map_.name(op.channel)));
    if (op.next != -1 && !in_range(op.channel, op.next))
      return bad(op, fmt::format("next descriptor {}", int{op.next}), range_legal(op.channel));
    if (op.iterations < 1 || op.iterations > dma.iterations)
      return bad(op, fmt::format("iteration of {} times", int{op.iterations}),
                 fmt::format("legal: 1 to {}, the field of a descriptor", dma.iterations));
    if (op.iteration_step % 4 != 0 || op.iteration_step < 0 || op.iteration_step / 4 > dma.max_step)
      return bad(
          op, fmt::format("iteration by {} bytes", op.iteration_step),
          fmt::format("legal: multiples of 4 up to {}, the field of a descriptor", 4 * std::int64_t{dma.max_step}));
    if (op.ends_at_last && info.kind != EngineKind::s2mm)
      return bad(op, "ends with the stream", "legal: of inbound channels");
    if (op.joined < 1 || op.transfer + std::int64_t{op.joined} > static_cast<std::int64_t>(transfers.size()))
      return bad(op, fmt::format("{} joined moves of {}", int{op.joined}, map_.name(op.channel)),
                 "legal: 1, or as many as there are");
    if (op.joined > 1 && !joins(op.channel))
      return bad(op, "joins moves", "legal: of inbound channels, which take what comes, and of what reads DDR");
    if (op.joined > 1 && !joined(op)) return;
    at_rest(op);
    Descriptor& d = table(op.channel)[op.descriptor];
    d.written = &op;
    d.configured = false;
    d.executions = 0;
  }

  void push(const ControlOp& op) {
    Channel& c = channels_[op.channel];
    if (!usable(op)) return;
    if (op.repeat < 1 || op.repeat > arch::most_task_repeats)
      return bad(op, fmt::format("a task of {} repeats", int{op.repeat}),
                 fmt::format("legal: 1 to {}", arch::most_task_repeats));
    if (c.tasks.size() >= arch::queued_tasks) demand(op.channel, c.tasks[c.tasks.size() - arch::queued_tasks].end);
    const std::size_t first = c.started;
    for (int r = 0; r < op.repeat; ++r)
      if (!chain(op)) return;
    const std::size_t count = c.started - first;
    if (op.transfers < 1 || static_cast<std::size_t>(op.transfers) != count)
      return bad(op,
                 fmt::format("says that it executes {} transfers, its descriptors execute {}", op.transfers, count));
    waits_for_start(op, first);
    c.tasks.push_back({static_cast<std::int64_t>(c.started), op.token});
    for (const int number : used_) {
      table(op.channel)[static_cast<std::size_t>(number)].user = op.channel;
      table(op.channel)[static_cast<std::size_t>(number)].used = c.tasks.back().end;
    }
  }

  // Runs the chain from the start descriptor on once; false when what it does is not what the channel's list says.
  bool chain(const ControlOp& op) {
    Channel& c = channels_[op.channel];
    std::size_t length = 0;
    used_.clear();
    for (int number = op.descriptor; number != -1; ++length) {
      Descriptor& d = table(op.channel)[static_cast<std::size_t>(number)];
      if (length > table(op.channel).size()) {
        bad(op, "its chain of descriptors never ends");
        return false;
      }
      if (d.written == nullptr || d.written->channel != op.channel) {
        bad(op, fmt::format("descriptor {} has not been written for {}", number, map_.name(op.channel)));
        return false;
      }
      if (c.started >= c.order.size()) {
        bad(op, fmt::format("starts more transfers than {} executes", map_.name(op.channel)),
            fmt::format("legal: {} in all", c.order.size()));
        return false;
      }
      if (!moves(op, d)) return false;
      used_.push_back(number);
      number = d.written->next;
    }
    return true;
  }

  // What the descriptor of a write moves: transfers that stand end to end in memory are one; nothing if they do not.
  std::optional<Transfer> joined(const ControlOp& w) {
    const auto& transfers = p_.engines[w.channel].transfers;
    Transfer whole = transfers[w.transfer];
    for (int k = 1; k < w.joined; ++k)
      if (!append(whole, transfers[w.transfer + k], outbound(w.channel))) {
        bad(w,
            fmt::format("joins move {} of {}, which does not go on where the one before ends", w.transfer + k,
                        map_.name(w.channel)),
            "legal: runs of bytes end to end, locks taken by the first and given back by the last");
        return std::nullopt;
      }
    const Bytes limit = dma_spec(a_, map_.info(w.channel).tile_kind).max_length;
    if (whole.access.memory_bytes() <= limit) return whole;
    bad(w, fmt::format("joins {} bytes", whole.access.memory_bytes()), fmt::format("legal: up to {}", limit));
    return std::nullopt;
  }

  // The next transfers of the channel are what the descriptor does when it is executed, as often as its iteration says.
  bool moves(const ControlOp& op, Descriptor& d) {
    Channel& c = channels_[op.channel];
    const program::EngineProgram& ep = p_.engines[op.channel];
    const ControlOp& w = *d.written;
    std::optional<Transfer> held = w.joined > 1 ? joined(w) : ep.transfers[w.transfer];
    if (!held) return false;
    Transfer wanted = ep.transfers[c.order[c.started]];
    held->access.base += (d.executions % w.iterations) * w.iteration_step;
    ++d.executions;
    const std::size_t first = c.started++;
    while (joins(op.channel) && !w.ends_at_last && c.started < c.order.size() &&
           wanted.access.memory_bytes() < held->access.memory_bytes() &&
           append(wanted, ep.transfers[c.order[c.started]], outbound(op.channel)))
      ++c.started;
    const bool same = one_form(*held, outbound(op.channel)) == one_form(wanted, outbound(op.channel));
    if (same || (w.ends_at_last && streams_.count(wanted.route) == 0 && ends_early(*held, wanted))) return true;
    bad(op, fmt::format("transfer {} of {} is not what descriptor {} moves at {}", first, map_.name(op.channel),
                        int{w.descriptor}, held->access.base));
    return false;
  }
  // The first transfer of a task waits for the push and for nothing else; the others follow it.
  void waits_for_start(const ControlOp& op, std::size_t first) {
    const Channel& c = channels_[op.channel];
    const program::EngineProgram& ep = p_.engines[op.channel];
    const std::int32_t ordinal = static_cast<std::int32_t>(at_.second) + 1;
    for (std::size_t i = first; i < c.started; ++i) {
      const Transfer& t = ep.transfers[c.order[i]];
      bool started = i > first;
      for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w) {
        const program::Wait& wait = p_.waits[w];
        if (wait.engine != at_.first || wait.tasks > ordinal)
          return bad(op,
                     fmt::format("transfer {} of {} waits for {} tasks of {}", i, map_.name(op.channel), wait.tasks,
                                 map_.name(wait.engine)),
                     "legal: locks, and the operation that starts it");
        started = started || wait.tasks == ordinal;
      }
      if (!started)
        return bad(op, fmt::format("transfer {} of {} does not wait for its start", i, map_.name(op.channel)));
    }
  }

  void await(const ControlOp& op) {
    Channel& c = channels_[static_cast<std::size_t>(op.channel)];
    if (op.wait_count != 1 || p_.waits[op.wait0].engine != op.channel)
      return bad(op, "waits for another engine than its channel", "legal: one token of " + map_.name(op.channel));
    if (map_.info(at_.first).tile_kind == program::TileKind::compute &&
        map_.info(at_.first).tile != map_.info(op.channel).tile)
      return bad(op, "a core waits for tasks of " + map_.name(op.channel), "legal: those of its own tile");
    if (!map_.is_channel(op.channel)) return;  // a core's progress is polled
    const std::int64_t tasks = p_.waits[op.wait0].tasks;
    if (map_.controller_of(map_.info(op.channel).tile) != at_.first)
      return void(others_.push_back({at_, &op}));  // judged when all its tasks are known
    if (!sends(c, tasks)) unsent(op);
  }
  static bool sends(const Channel& c, std::int64_t tasks) {
    return std::any_of(c.tasks.begin(), c.tasks.end(), [&](const Task& t) { return t.end == tasks && t.token; });
  }
  void unsent(const ControlOp& op) {
    bad(op,
        fmt::format("waits for a token after {} transfers of {} that nobody sends", p_.waits[op.wait0].tasks,
                    map_.name(op.channel)),
        "legal: the end of a task pushed before with a token");
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap& map_;
  Findings& f_;
  std::vector<Channel> channels_;
  std::vector<std::vector<Descriptor>> tables_;  // by tile
  std::pair<EngineId, std::size_t> at_;          // controller and step
  std::vector<std::pair<std::pair<EngineId, std::size_t>, const ControlOp*>>
      others_;             // tokens of other controllers' tasks
  std::vector<int> used_;  // descriptors of the chain that ran last
  std::set<int> streams_;  // routes, see note_streams
  Demands demands_;
};

}  // namespace

Demands check_control(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                      Findings& findings) {
  return Control(program, array, map, findings).run();
}

}  // namespace tessera::verify
