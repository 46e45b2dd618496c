#include "sim/verify/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/verify/prefetch.h"

namespace tessera::verify {
namespace {

std::vector<program::EngineId> active_engines(const program::Program& p) {
  std::vector<program::EngineId> list;
  for (std::size_t e = 0; e < p.engines.size(); ++e)
    if (!p.engines[e].steps.empty()) list.push_back(static_cast<program::EngineId>(e));
  return list;
}

std::pair<std::uint32_t, std::uint32_t> waits_of(const program::EngineProgram& ep, program::EngineKind kind,
                                                 std::int32_t index) {
  const auto slice = [](const auto& instruction) { return std::pair{instruction.wait0, instruction.wait_count}; };
  if (kind == program::EngineKind::core) return slice(ep.core[index]);
  return kind == program::EngineKind::controller ? slice(ep.control[index]) : slice(ep.transfers[index]);
}

}  // namespace

Machine::Machine(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                 Findings& findings, bool short_clocks)
    : p_(program),
      array_(array),
      map_(map),
      findings_(findings),
      lock_stride_(std::max({array.tile.locks.count, array.memtile.locks.count, array.shim.locks.count})),
      engines_(map.count()),
      locks_(static_cast<std::size_t>(map.tile_count()) * lock_stride_),
      streams_(program.routes.size()),
      active_(active_engines(program)),
      clocks_(map, active_, short_clocks) {
  for (program::EngineId id : active_) {
    Engine& e = engines_[id];
    e.end = p_.engines[id].steps.size();
    e.kind = map_.info(id).kind;
    e.tile = map_.info(id).tile;
  }
  for (const program::LockInit& l : p_.locks) {
    Lock& k = locks_[l.tile * lock_stride_ + l.lock];
    k.value = k.initial = l.value;
    k.role = l.role;
    if (l.value > 0) k.tokens.push_back({l.value, -1, -1});
  }
  prepare_waits();
}

// Clocks are kept only at the task counts that somebody waits for, and only until the last of them has passed.
void Machine::prepare_waits() {
  struct Awaited {
    std::int32_t tasks;
    std::int64_t times;
  };
  struct Open {
    std::size_t end;
    std::int64_t times;
  };
  std::vector<std::vector<Awaited>> awaited(engines_.size());
  std::vector<Open> open;
  for (program::EngineId id : active_) {
    const program::EngineProgram& ep = p_.engines[id];
    open.assign(1, {ep.steps.size() + 1, 1});
    for (std::size_t s = 0; s < ep.steps.size(); ++s) {
      while (open.back().end <= s) open.pop_back();
      const program::Step& step = ep.steps[s];
      if (step.index < 0) {
        open.push_back({s + 1 + step.body, open.back().times * step.repeat});
        continue;
      }
      const auto [first, count] = waits_of(ep, engines_[id].kind, step.index);
      for (std::uint32_t i = first; i < first + count; ++i)
        awaited[p_.waits[i].engine].push_back({p_.waits[i].tasks, open.back().times});
    }
  }
  for (std::size_t id = 0; id < engines_.size(); ++id) {
    std::sort(awaited[id].begin(), awaited[id].end(),
              [](const Awaited& a, const Awaited& b) { return a.tasks < b.tasks; });
    Engine& e = engines_[id];
    for (const Awaited& a : awaited[id]) {
      if (e.awaited.empty() || e.awaited.back() != a.tasks) {
        e.awaited.push_back(a.tasks);
        e.uses.push_back(0);
      }
      e.uses.back() += a.times;
    }
    e.kept.assign(e.awaited.size(), -1);
    while (e.next_awaited < e.awaited.size() && e.awaited[e.next_awaited] <= 0) ++e.next_awaited;
  }
}

void Machine::queue(program::EngineId id) {
  Engine& e = engines_[id];
  if (e.queued || ended(id)) return;
  e.queued = true;
  ready_.push_back(id);
}

void Machine::settle(program::EngineId id) {
  Engine& e = engines_[id];
  const program::EngineProgram& ep = p_.engines[id];
  const auto& steps = ep.steps;
  for (;;) {
    while (!e.loops.empty() && e.at == e.loops.back().end) {
      if (--e.loops.back().left > 0) {
        e.at = e.loops.back().begin;
      } else {
        e.loops.pop_back();
      }
    }
    if (e.at >= steps.size()) return;
    if (steps[e.at].index >= 0) {
      const auto index = static_cast<std::size_t>(steps[e.at].index);
      if (e.kind == program::EngineKind::core) {
        e.instr = &ep.core[index];
        prefetch(*e.instr);  // other engines have their turn before it is needed
      } else if (e.kind == program::EngineKind::controller) {
        e.control = &ep.control[index];
        prefetch(*e.control);
      } else {
        e.transfer = &ep.transfers[index];
        prefetch(*e.transfer);
      }
      return;
    }
    const program::Step& s = steps[e.at];
    e.loops.push_back({e.at + 1, e.at + 1 + s.body, s.repeat});
    ++e.at;
  }
}

bool Machine::run(Coverage& coverage, bool outputs, bool depth_first) {
  depth_first_ = depth_first;
  Dataflow flow(p_, map_, clocks_, coverage, findings_);
  flow_ = &flow;
  for (program::EngineId id : active_) {
    settle(id);
    queue(id);
  }
  while (!ready_.empty() && !findings_.full()) {
    const program::EngineId id = depth_first_ ? ready_.back() : ready_.front();
    if (depth_first_) {
      ready_.pop_back();
    } else {
      ready_.pop_front();
    }
    engines_[id].queued = false;
    run_engine(id);
  }
  bool all = true;
  for (program::EngineId id : active_) all = all && ended(id);
  if (findings_.full()) return false;
  if (!all) {
    report_deadlock();
  } else {
    check_locks();
    if (outputs) flow.finish();
  }
  return all;
}

std::pair<std::uint32_t, std::uint32_t> Machine::waits(program::EngineId id) const {
  const Engine& e = engines_[id];
  return waits_of(p_.engines[id], e.kind, p_.engines[id].steps[e.at].index);
}

int Machine::layer(program::EngineId id) const {
  const Engine& e = engines_[id];
  if (e.kind == program::EngineKind::core) return e.instr->layer;
  return e.kind == program::EngineKind::controller ? e.control->layer : e.transfer->layer;
}

// As far as it can go.
void Machine::run_engine(program::EngineId id) {
  Engine& e = engines_[id];
  while (!ended(id) && !findings_.full()) {
    if (e.phase == Phase::stream) return;
    if (e.phase == Phase::waits) {
      const auto [first, count] = waits(id);
      if (!pass_waits(id, first, count)) return;
      e.phase = Phase::lock;
    }
    if (e.kind == program::EngineKind::controller) {
      check_demands(id);
      complete(id, true);
      continue;
    }
    if (e.kind != program::EngineKind::core) {
      const program::Transfer& t = transfer(id);
      if (t.acquire.lock >= 0 && !pass_lock(id, t.acquire)) return;
      return begin_stream(id);
    }
    const program::CoreInstr& c = core_instr(id);
    if (c.op == program::CoreOp::acquire && !pass_lock(id, c.lock)) return;
    if (c.op == program::CoreOp::kernel) flow_->call(here(id), p_.calls[c.call]);
    if (c.op == program::CoreOp::release) release(id, c.lock);
    complete(id, c.op == program::CoreOp::kernel);
  }
}

bool Machine::pass_waits(program::EngineId id, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = first; i < first + count; ++i) {
    const program::Wait& w = p_.waits[i];
    if (engines_[w.engine].tasks >= w.tasks) continue;
    engines_[w.engine].waiting.push_back(id);
    return false;
  }
  for (std::uint32_t i = first; i < first + count; ++i) {
    const program::Wait& w = p_.waits[i];
    if (w.tasks <= 0) continue;
    Engine& other = engines_[w.engine];
    const auto at = static_cast<std::size_t>(std::lower_bound(other.awaited.begin(), other.awaited.end(), w.tasks) -
                                             other.awaited.begin());
    if (w.engine != id) clocks_.learn_kept(id, other.kept[at]);
    if (--other.uses[at] == 0) clocks_.drop(other.kept[at]);
  }
  return true;
}

bool Machine::pass_lock(program::EngineId id, const program::LockOp& op) {
  Lock& k = lock(id, op.lock);
  if (k.value < op.value) {
    k.waiting.push_back(id);
    return false;
  }
  const Here now = here(id);
  if (!clocks_.knows(id, k.acquired))
    findings_.at(id, now.step, -1,
                 "acquires " + lock_text(id, op.lock) + " in no fixed order with " + map_.name(k.acquired.engine),
                 "give each of them a lock of its own");
  k.acquired = now.stamp;
  k.value -= op.value;
  for (int n = op.value; n > 0;) {
    Token& t = k.tokens[k.first];
    const int taken = std::min(n, t.count);
    if (t.clock >= 0 && t.by != id) clocks_.learn_kept(id, t.clock);
    n -= taken;
    t.count -= taken;
    if (t.count > 0) continue;
    if (t.clock >= 0) clocks_.drop(t.clock);
    ++k.first;
  }
  if (k.first == k.tokens.size()) {
    k.tokens.clear();
    k.first = 0;
  } else if (k.first > 64) {
    k.tokens.erase(k.tokens.begin(), k.tokens.begin() + static_cast<std::ptrdiff_t>(k.first));
    k.first = 0;
  }
  return true;
}

void Machine::release(program::EngineId id, const program::LockOp& op) {
  Lock& k = lock(id, op.lock);
  const Here now = here(id);
  const program::TileKind kind = map_.info(id).tile_kind;
  const arch::LockSpec& spec = kind == program::TileKind::compute  ? array_.tile.locks
                               : kind == program::TileKind::memory ? array_.memtile.locks
                                                                   : array_.shim.locks;
  const int limit = spec.max_value;
  if (!clocks_.knows(id, k.released))
    findings_.at(id, now.step, -1,
                 "releases " + lock_text(id, op.lock) + " in no fixed order with " + map_.name(k.released.engine),
                 "give each of them a lock of its own");
  k.released = now.stamp;
  k.value += op.value;
  if (k.value > limit)
    findings_.at(id, now.step, -1, fmt::format("raises {} to {}", lock_text(id, op.lock), k.value),
                 fmt::format("legal: up to {}", limit));
  clocks_.complete(id, now.stamp.ordinal);  // what it did before it releases is over
  k.tokens.push_back({op.value, clocks_.keep(id), id});
  for (program::EngineId other : k.waiting) queue(other);
  k.waiting.clear();
}

void Machine::begin_stream(program::EngineId id) {
  Engine& e = engines_[id];
  const program::Transfer& t = transfer(id);
  e.phase = Phase::stream;
  e.left = t.access.stream_bytes();
  e.moved = 0;
  if (e.kind == program::EngineKind::mm2s) {
    check_demands(id);
    flow_->load(here(id), t, e.stream);
    streams_[t.route].source = true;
  } else {
    ++streams_[t.route].sinks;
  }
  pump(t.route);
}

void Machine::pump(program::RouteId id) {
  const program::Route& route = p_.routes[id];
  Stream& s = streams_[id];
  while (s.source && s.sinks == static_cast<int>(route.sinks.size())) {
    Engine& source = engines_[route.source];
    Bytes n = source.left;
    for (program::EngineId sink : route.sinks) n = std::min(n, engines_[sink].left);
    const bool last = n == source.left;
    for (program::EngineId sink : route.sinks) {
      Engine& e = engines_[sink];
      // What has arrived has been read; the source's whole reading is over once its last byte is here.
      clocks_.learn(sink, route.source, last ? source.executed + 1 : source.executed);
      flow_->store(here(sink), transfer(sink), e.moved, source.stream, source.moved, n);
      e.left -= n;
      e.moved += n;
    }
    source.left -= n;
    source.moved += n;
    for (program::EngineId sink : route.sinks) {
      if (engines_[sink].left > 0) continue;
      --s.sinks;
      flow_->stored(here(sink), transfer(sink));
      complete(sink, true);
    }
    if (source.left > 0) continue;
    s.source = false;
    complete(route.source, true);
  }
}

void Machine::complete(program::EngineId id, bool task) {
  Engine& e = engines_[id];
  clocks_.complete(id, e.executed + 1);
  if (map_.is_channel(id)) {
    const program::Transfer& t = *e.transfer;
    if (t.release.lock >= 0) release(id, t.release);
  }
  ++e.executed;
  if (task) {
    ++e.tasks;
    if (e.next_awaited < e.awaited.size() && e.awaited[e.next_awaited] == e.tasks)
      e.kept[e.next_awaited++] = clocks_.keep(id);
    for (program::EngineId other : e.waiting) queue(other);
    e.waiting.clear();
  }
  ++e.at;
  e.phase = Phase::waits;
  settle(id);
  queue(id);
}

std::string Machine::lock_text(program::EngineId id, int number) const {
  const program::TileId tile = map_.info(id).tile;
  return fmt::format("lock {} ({}) of {}", number, lock_role_name(locks_[tile * lock_stride_ + number].role),
                     map_.tile_name(tile));
}

void Machine::check_locks() {
  for (program::TileId t = 0; t < map_.tile_count(); ++t)
    for (int n = 0; n < lock_stride_; ++n) {
      const Lock& k = locks_[t * lock_stride_ + n];
      if (k.value != k.initial)
        findings_.add(map_.tile_name(t), fmt::format("lock {} ({}) ends at {}", n, lock_role_name(k.role), k.value),
                      fmt::format("legal: {}, as it began", k.initial));
    }
}

}  // namespace tessera::verify
