#include "models/deadlock_detector.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::models {
namespace {

bool releases(const program::EngineProgram& list, int lock) {
  const auto core = [&](const program::CoreInstr& i) {
    return i.op == program::CoreOp::release && i.lock.lock == lock;
  };
  const auto channel = [&](const program::Transfer& t) { return t.release.lock == lock; };
  return std::any_of(list.core.begin(), list.core.end(), core) ||
         std::any_of(list.transfers.begin(), list.transfers.end(), channel);
}

}  // namespace

DeadlockDetector::DeadlockDetector(const sc_core::sc_module_name& name, RunState& run, const Array& array)
    : sc_module(name), run_(run), array_(array) {}

std::optional<Failure> DeadlockDetector::verdict() const {
  if (!run_.faults.empty()) return Failure{ExitCode::internal, run_.faults};
  std::vector<program::EngineId> stuck;
  for (const Engine* e : array_.engines())
    if (!finished(e->id())) stuck.push_back(e->id());
  if (!stuck.empty()) return deadlock(stuck);
  std::vector<Problem> problems;
  for (Tile* tile : array_.tiles()) {
    const LockUnit& locks = tile->locks();
    for (int l = 0; l < locks.count(); ++l)
      if (locks.value(l) != locks.initial(l))
        problems.push_back({"", run_.map.tile_name(locks.tile()),
                            fmt::format("not drained: lock {} ({}) ends at {}, started at {}", l,
                                        lock_role_name(locks.role(l)), locks.value(l), locks.initial(l)),
                            "as many releases as acquires"});
  }
  if (problems.empty()) return std::nullopt;
  return Failure{ExitCode::internal, problems};
}

DeadlockDetector::Link DeadlockDetector::lock_link(const Engine& e) const {
  const LockUnit& locks = e.locks();
  const program::LockOp op = e.wanted_lock();
  Link link;
  const program::TileId tile = locks.tile();
  for (const Engine* other : array_.engines())
    if (run_.map.info(other->id()).tile == tile &&
        releases(run_.program.engines[static_cast<std::size_t>(other->id())], op.lock))
      link.holders.push_back(other->id());
  link.what =
      fmt::format("waits for lock {} ({}) of {}: value {}, needs {}", op.lock, lock_role_name(locks.role(op.lock)),
                  run_.map.tile_name(tile), locks.value(op.lock), op.value);
  return link;
}

DeadlockDetector::Link DeadlockDetector::stream_link(const Engine& e) const {
  const program::Route& route = run_.program.routes[static_cast<std::size_t>(e.route())];
  Link link;
  std::vector<program::EngineId> ends = route.sinks;
  ends.insert(ends.begin(), route.source);
  for (program::EngineId end : ends)
    if (!(at(end).blocked() == Engine::Blocked::stream && at(end).route() == e.route())) link.holders.push_back(end);
  link.what = fmt::format("is ready on route {} and waits for its partners", e.route());
  return link;
}

DeadlockDetector::Link DeadlockDetector::link(const Engine& e) const {
  if (e.blocked() == Engine::Blocked::lock) return lock_link(e);
  if (e.blocked() == Engine::Blocked::stream) return stream_link(e);
  Link link;
  for (std::uint32_t i = 0; i < e.wait_count(); ++i) {
    const program::Wait& w = e.waits()[i];
    if (run_.tasks.completed(w.engine) >= w.tasks) continue;
    link.holders.push_back(w.engine);
    if (link.what.empty())
      link.what = fmt::format("waits for task {} of {}, which has completed {}", w.tasks, run_.map.name(w.engine),
                              run_.tasks.completed(w.engine));
  }
  return link;
}

// Follows the waits from the first stuck engine, preferring holders that are stuck themselves, until an engine
// comes back (the cycle) or nobody is left who could end the wait.
Failure DeadlockDetector::deadlock(const std::vector<program::EngineId>& stuck) const {
  std::vector<program::EngineId> path;
  std::vector<Problem> problems;
  // Depth-first search with a colour per engine: 0 new, 1 on the path, 2 done without a cycle.
  std::vector<int> colour(array_.engines().size(), 0);
  std::vector<program::EngineId> cycle;
  const auto visit = [&](const auto& self, program::EngineId id) -> bool {
    colour[static_cast<std::size_t>(id)] = 1;
    path.push_back(id);
    for (program::EngineId next : link(at(id)).holders) {
      if (finished(next)) continue;
      if (colour[static_cast<std::size_t>(next)] == 1) {
        cycle.assign(std::find(path.begin(), path.end(), next), path.end());
        return true;
      }
      if (colour[static_cast<std::size_t>(next)] == 0 && self(self, next)) return true;
    }
    path.pop_back();
    colour[static_cast<std::size_t>(id)] = 2;
    return false;
  };
  for (program::EngineId id : stuck)
    if (colour[static_cast<std::size_t>(id)] == 0 && visit(visit, id)) break;

  const std::vector<program::EngineId>& shown = cycle.empty() ? stuck : cycle;
  constexpr std::size_t most = 24;
  for (std::size_t i = 0; i < shown.size() && i < most; ++i) {
    const Engine& e = at(shown[i]);
    const Link l = link(e);
    std::string held;
    if (!cycle.empty()) {
      held = fmt::format("held up by {}", run_.map.name(cycle[(i + 1) % cycle.size()]));
    } else if (l.holders.empty()) {
      held = "nobody could end this wait";
    } else {
      held = fmt::format("held up by {}{}", run_.map.name(l.holders.front()),
                         finished(l.holders.front()) ? ", which has finished its list" : "");
    }
    const std::string layer = e.layer() < 0 ? "" : fmt::format(" (layer {})", e.layer());
    problems.push_back({"", run_.map.name(e.id()), l.what + layer, held});
  }
  problems.push_back({"", "",
                      fmt::format("deadlock: {} of {} engines can never go on", stuck.size(), array_.engines().size()),
                      cycle.empty() ? "no cycle: an engine waits for something that nobody does" : ""});
  return {ExitCode::deadlock, problems};
}

}  // namespace tessera::models
