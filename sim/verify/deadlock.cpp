// Why nothing moves any more, in words: the cycle of who waits for whom.
#include <fmt/format.h>

#include <algorithm>

#include "sim/verify/machine.h"

namespace tessera::verify {

bool Machine::releases(program::EngineId id, program::TileId tile, int number) const {
  if (map_.info(id).tile != tile || ended(id)) return false;
  const program::EngineProgram& ep = p_.engines[id];
  for (const program::Transfer& t : ep.transfers)
    if (t.release.lock == number) return true;
  return std::any_of(ep.core.begin(), ep.core.end(), [number](const program::CoreInstr& c) {
    return c.op == program::CoreOp::release && c.lock.lock == number;
  });
}

Machine::Blocker Machine::blocker(program::EngineId id) const {
  const Engine& e = engines_[id];
  const bool core = map_.info(id).kind == program::EngineKind::core;
  if (e.phase == Phase::waits) {
    const auto [first, count] = waits(id);
    for (std::uint32_t i = first; i < first + count; ++i) {
      const program::Wait& w = p_.waits[i];
      if (engines_[w.engine].tasks >= w.tasks) continue;
      const bool over = ended(w.engine);
      return {fmt::format("waits for task {} of {}, which has {} {}", w.tasks, map_.name(w.engine),
                          over ? "ended after" : "completed", engines_[w.engine].tasks),
              over ? -1 : w.engine};
    }
  }
  if (e.phase == Phase::lock) {
    const program::LockOp& op = core ? core_instr(id).lock : transfer(id).acquire;
    const program::TileId tile = map_.info(id).tile;
    const int value = locks_[tile * lock_stride_ + op.lock].value;
    Blocker b{fmt::format("waits for {} of {}, which stands at {}", op.value, lock_text(id, op.lock), value), -1};
    for (program::EngineId other : active_) {
      if (!releases(other, tile, op.lock)) continue;
      b.why += " and is held by " + map_.name(other);
      b.on = other;
      return b;
    }
    b.why += " and is released by nobody any more";
    return b;
  }
  const program::Route& route = p_.routes[transfer(id).route];
  const auto at_it = [&](program::EngineId other) {
    return !ended(other) && engines_[other].phase == Phase::stream && transfer(other).route == transfer(id).route;
  };
  if (!at_it(route.source))
    return {"waits for bytes from " + map_.name(route.source) + (ended(route.source) ? ", which has ended" : ""),
            ended(route.source) ? -1 : route.source};
  for (program::EngineId sink : route.sinks)
    if (!at_it(sink))
      return {"waits until " + map_.name(sink) +
                  (ended(sink) ? " takes its bytes, but that has ended" : " takes its bytes"),
              ended(sink) ? -1 : sink};
  return {"moves bytes", -1};
}

// Follows who waits for whom from every blocked engine until a cycle or an end is met; each is told once.
void Machine::report_deadlock() {
  std::vector<char> told(engines_.size(), 0);
  for (program::EngineId start : active_) {
    if (ended(start) || told[start]) continue;
    std::vector<program::EngineId> path;
    program::EngineId id = start;
    while (id >= 0 && !told[id]) {
      told[id] = 1;
      path.push_back(id);
      id = blocker(id).on;
    }
    const auto cycle = std::find(path.begin(), path.end(), id);
    if (id >= 0 && cycle == path.end()) continue;  // ends in something told already
    std::string text = id >= 0 ? "deadlock: " : "never ends: ";
    for (auto it = id >= 0 ? cycle : path.begin(); it != path.end(); ++it) {
      text += findings_.place(*it, engines_[*it].at, layer(*it)) + " " + blocker(*it).why;
      if (it + 1 != path.end()) text += "; ";
    }
    findings_.deadlock(path.front(), text);
  }
}

}  // namespace tessera::verify
