#include "sim/control/regroup.h"

#include <algorithm>
#include <map>

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
  Grouping(const program::Program& p, const program::EngineMap& map, const FreeRun& free, double slack)
      : p_(p), map_(map), free_(free), slack_(slack), groups_(p.engines.size()) {}

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
    const program::EngineProgram& engine = p_.engines[e];
    return engine.transfers.size() == engine.steps.size() && free_.order[e].size() == engine.transfers.size();
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

  void group(EngineId e) {
    const auto& transfers = p_.engines[e].transfers;
    for (std::size_t first = 0; first < transfers.size();) {
      const double at = free_.flow[e][first] + slack_;
      std::map<EngineId, std::int32_t> needed;
      std::size_t next = first;
      for (; next < transfers.size(); ++next) {
        const program::Transfer& t = transfers[next];
        const auto begin = p_.waits.begin() + t.wait0, end = begin + t.wait_count;
        if (next > first && !std::all_of(begin, end, [&](const program::Wait& w) { return complete(w, at, e, first); }))
          break;
        for (auto w = begin; w != end; ++w) needed[w->engine] = std::max(needed[w->engine], w->tasks);
      }
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

  const program::Program& p_;
  const program::EngineMap& map_;
  const FreeRun& free_;
  const double slack_;
  std::vector<GroupWait> waits_;
  Groups groups_;
};

}  // namespace

Groups groups_of(const program::Program& program, const program::EngineMap& map, const FreeRun& free, double slack) {
  return Grouping(program, map, free, slack).run();
}

program::Program with_needed_waits(program::Program program, const FreeRun& free) {
  for (std::size_t e = 0; e < program.engines.size(); ++e) {
    program::EngineProgram& engine = program.engines[e];
    if (engine.transfers.empty() || engine.transfers.size() != engine.steps.size()) continue;  // in loops: as it is
    for (std::size_t i = 0; i < free.order[e].size(); ++i) {
      program::Transfer& t = engine.transfers[free.order[e][i]];
      const std::vector<program::Wait>& needed = free.needed[e][i];
      if (needed.size() == t.wait_count) continue;
      t.wait0 = static_cast<std::uint32_t>(program.waits.size());
      t.wait_count = static_cast<std::uint32_t>(needed.size());
      program.waits.insert(program.waits.end(), needed.begin(), needed.end());
    }
  }
  return program;
}

program::Program with_groups(program::Program program, const Groups& groups) {
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
  return program;
}

}  // namespace tessera::control
