#include "sim/control/regroup.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "sim/control/tuned.h"

namespace tessera::control {
namespace {

using program::EngineId;

// A wait of a group: tasks of an engine that it needs, and those that were complete when it could start.
struct GroupWait {
  EngineId channel;
  std::size_t group;
  EngineId engine;
  std::int32_t needed, complete;
};

class Grouping {
 public:
  Grouping(const Script& script, const FreeRun& free, double slack)
      : script_(script),
        map_(script.map),
        program_waits_(script.program.waits),
        free_(free),
        slack_(slack),
        awaited_(script.acts.size(), false),
        groups_(script.acts.size()) {
    find_uses();
    for (EngineId e = 0; e < map_.first_controller(); ++e)
      if (map_.is_channel(e))
        for (const Act& act : script.acts[e])
          for (std::uint32_t w = act.wait0; w < act.wait0 + act.wait_count; ++w)
            awaited_[program_waits_[w].engine] = true;
  }

  Groups run() {
    for (EngineId e = 0; e < map_.first_controller(); ++e)
      if (map_.is_channel(e) && straight(e) && !own(e)) group(e);
    put_off();
    for (const GroupWait& w : waits_) groups_[w.channel][w.group].waits.push_back({w.engine, w.needed});
    return std::move(groups_);
  }

 private:
  // A core starts it, which has time.
  bool own(EngineId e) const {
    return map_.info(map_.controller_of(map_.info(e).tile)).tile_kind == program::TileKind::compute;
  }
  // Each transfer of the list is executed once, in order.
  bool straight(EngineId e) const {
    const program::EngineProgram& engine = script_.program.engines[e];
    return engine.transfers.size() == engine.steps.size() && script_.acts[e].size() == engine.transfers.size();
  }
  // Whether the wait is over at that time, and would be if the channel had not begun its transfer `first`.
  bool complete(const program::Wait& w, double at, EngineId e, std::size_t first) const {
    if (w.tasks <= 0) return true;
    const std::int32_t* known = free_.known(w.engine, w.tasks);
    return free_.end[w.engine][w.tasks - 1] <= at && known != nullptr && known[e] <= static_cast<std::int32_t>(first);
  }
  // The last task of an engine of which that is so, among those that somebody waits for and not before `needed`.
  std::int32_t last_complete(EngineId engine, std::int32_t needed, double at, EngineId e, std::size_t first) const {
    const std::vector<std::int32_t>& marks = free_.marks[engine];
    for (auto m = std::upper_bound(marks.begin(), marks.end(), needed); m != marks.end(); ++m) {
      if (!complete({engine, *m}, at, e, first)) break;
      needed = *m;
    }
    return needed;
  }

  // When the bytes that a lock of a memory tile counts are sent on, one after the other.
  void find_uses() {
    for (EngineId e = 0; e < map_.first_controller(); ++e) {
      if (map_.info(e).tile_kind != program::TileKind::memory || map_.info(e).kind != program::EngineKind::mm2s)
        continue;
      for (std::size_t i = 0; i < script_.acts[e].size(); ++i) {
        const int lock = script_.acts[e][i].acquire.lock;
        if (lock >= 0) uses_[{map_.info(e).tile, lock}].push_back(free_.flow[e][i]);
      }
    }
  }
  // The latest times at which the transfers of a channel can begin without anybody waiting for what they bring.
  std::vector<double> latest(EngineId e) const {
    std::vector<double> times = free_.flow[e];
    if (map_.info(e).tile_kind != program::TileKind::memory || map_.info(e).kind != program::EngineKind::s2mm)
      return times;
    std::map<int, std::size_t> brought;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const int lock = script_.acts[e][i].release.lock;
      const auto uses = uses_.find({map_.info(e).tile, lock});
      if (lock < 0 || uses == uses_.end()) continue;
      const std::size_t n = brought[lock]++;
      if (n < uses->second.size()) times[i] = std::max(times[i], uses->second[n] - tuned.ahead_of_use);
    }
    double next = std::numeric_limits<double>::infinity();
    for (std::size_t i = times.size(); i-- > 0;) {
      next = std::min(next, times[i]) - (free_.end[e][i] - free_.flow[e][i]);
      times[i] = std::max(free_.flow[e][i], next);
    }
    return times;
  }

  bool counts(EngineId e) const {
    return map_.info(e).tile_kind == program::TileKind::memory && map_.info(e).kind == program::EngineKind::s2mm;
  }
  // A task of an inbound channel of a memory tile that is over by then, that somebody waits for, and of which one knows
  // that all those are over.
  std::optional<program::Wait> cover(const std::map<EngineId, std::int32_t>& needed, double at, EngineId e,
                                     std::size_t first) const {
    std::optional<program::Wait> best;
    for (EngineId c = 0; c < map_.first_controller(); ++c) {
      if (c == e || !awaited_[c] || !counts(c)) continue;
      const std::vector<std::int32_t>& marks = free_.marks[c];
      const auto m = std::partition_point(marks.begin(), marks.end(), [&](std::int32_t tasks) {
        const std::int32_t* known = free_.known(c, tasks);
        return std::any_of(needed.begin(), needed.end(), [&](const auto& n) { return known[n.first] < n.second; });
      });
      if (m == marks.end() || !complete({c, *m}, at, e, first)) continue;
      if (!best || free_.end[c][*m - 1] < free_.end[best->engine][best->tasks - 1]) best = program::Wait{c, *m};
    }
    return best;
  }

  void group(EngineId e) {
    const std::vector<Act>& transfers = script_.acts[e];
    const std::vector<double> times = latest(e);
    for (std::size_t first = 0; first < transfers.size();) {
      const double at = times[first] + slack_;
      std::map<EngineId, std::int32_t> needed;
      std::size_t next = first;
      for (; next < transfers.size(); ++next) {
        const Act& act = transfers[next];
        const auto begin = program_waits_.begin() + act.wait0, end = begin + act.wait_count;
        if (next > first && !std::all_of(begin, end, [&](const program::Wait& w) { return complete(w, at, e, first); }))
          break;
        for (auto w = begin; w != end; ++w) needed[w->engine] = std::max(needed[w->engine], w->tasks);
      }
      if (needed.size() > 1 || (needed.size() == 1 && !counts(needed.begin()->first)))
        if (const std::optional<program::Wait> one = cover(needed, at, e, first)) needed = {{one->engine, one->tasks}};
      for (const auto& [engine, tasks] : needed) {
        if (tasks <= 0) continue;
        waits_.push_back({e, groups_[e].size(), engine, tasks, last_complete(engine, tasks, at, e, first)});
      }
      groups_[e].push_back({first, {}});
      first = next;
    }
  }

  // The fewest points that every wait of an engine can be put off to.
  void put_off() {
    std::map<EngineId, std::vector<GroupWait*>> by_engine;
    for (GroupWait& w : waits_) by_engine[w.engine].push_back(&w);
    for (auto& [engine, list] : by_engine) {
      std::stable_sort(list.begin(), list.end(),
                       [](const GroupWait* a, const GroupWait* b) { return a->complete < b->complete; });
      std::int32_t point = -1;
      for (GroupWait* w : list) {
        if (w->needed > point) point = w->complete;
        w->needed = point;
      }
    }
  }

  const Script& script_;
  const program::EngineMap& map_;
  const std::vector<program::Wait>& program_waits_;  // slices of which acts name
  const FreeRun& free_;
  const double slack_;
  std::map<std::pair<program::TileId, int>, std::vector<double>> uses_;  // by tile and lock
  std::vector<bool> awaited_;  // by engine: whether a transfer waits for it; others may have no controller
  std::vector<GroupWait> waits_;
  Groups groups_;
};

}  // namespace

Groups groups_of(const Script& script, const FreeRun& free, double slack) {
  return Grouping(script, free, slack).run();
}

program::Program with_needed_waits(program::Program program, const FreeRun& free) {
  for (std::size_t e = 0; e < program.engines.size(); ++e) {
    program::EngineProgram& engine = program.engines[e];
    if (engine.transfers.empty() || engine.transfers.size() != engine.steps.size()) continue;  // in loops: as it is
    const NeededWaits& needed = free.needed[e];
    for (std::size_t i = 0; i < free.order[e].size(); ++i) {
      program::Transfer& t = engine.transfers[free.order[e][i]];
      const std::size_t count = needed.end[i] - needed.begin(i);
      if (count == t.wait_count) continue;
      t.wait0 = static_cast<std::uint32_t>(program.waits.size());
      t.wait_count = static_cast<std::uint32_t>(count);
      const auto first = needed.waits.begin() + static_cast<std::ptrdiff_t>(needed.begin(i));
      program.waits.insert(program.waits.end(), first, first + static_cast<std::ptrdiff_t>(count));
    }
  }
  return program;
}

void give_groups(program::Program& program, std::size_t own, const Groups& groups) {
  program.waits.resize(own);
  for (std::size_t e = 0; e < groups.size(); ++e) {
    if (groups[e].empty()) continue;
    for (program::Transfer& t : program.engines[e].transfers) t.wait_count = 0;
    for (const Group& g : groups[e]) {
      program::Transfer& t = program.engines[e].transfers[g.first];
      t.wait0 = static_cast<std::uint32_t>(program.waits.size());
      t.wait_count = static_cast<std::uint32_t>(g.waits.size());
      program.waits.insert(program.waits.end(), g.waits.begin(), g.waits.end());
    }
  }
}

}  // namespace tessera::control
