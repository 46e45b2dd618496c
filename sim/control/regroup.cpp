#include "sim/control/regroup.h"

#include <algorithm>
#include <map>

namespace tessera::control {
namespace {

using program::EngineId;

// A group of transfers: where it waits, and for an engine it waits for, the tasks that it needs and those that were
// complete when it could start.
struct GroupWait {
  EngineId channel;
  std::size_t first;
  EngineId engine;
  std::int32_t needed, complete;
};

class Regrouping {
 public:
  Regrouping(program::Program p, const program::EngineMap& map, const FreeRun& free, double slack)
      : p_(std::move(p)), map_(map), free_(free), slack_(slack) {}

  program::Program run() {
    for (EngineId e = 0; e < map_.first_controller(); ++e)
      if (map_.is_channel(e) && straight(e)) group(e);
    put_off();
    for (const GroupWait& w : waits_) {
      program::Transfer& t = p_.engines[w.channel].transfers[w.first];
      if (t.wait_count == 0) t.wait0 = static_cast<std::uint32_t>(p_.waits.size());
      ++t.wait_count;
      p_.waits.push_back({w.engine, w.needed});
    }
    return std::move(p_);
  }

 private:
  // Each transfer of the list is executed once, in order.
  bool straight(EngineId e) const {
    const program::EngineProgram& engine = p_.engines[e];
    return engine.transfers.size() == engine.steps.size() && free_.order[e].size() == engine.transfers.size();
  }
  bool complete(const program::Wait& w, double at) const {
    return w.tasks <= 0 || free_.end[w.engine][w.tasks - 1] <= at;
  }

  void group(EngineId e) {
    auto& transfers = p_.engines[e].transfers;
    for (std::size_t first = 0; first < transfers.size();) {
      const double at = free_.start[e][first] + slack_;
      std::map<EngineId, std::int32_t> needed;
      std::size_t next = first;
      for (; next < transfers.size(); ++next) {
        program::Transfer& t = transfers[next];
        const auto begin = p_.waits.begin() + t.wait0, end = begin + t.wait_count;
        if (next > first && !std::all_of(begin, end, [&](const program::Wait& w) { return complete(w, at); })) break;
        for (auto w = begin; w != end; ++w) needed[w->engine] = std::max(needed[w->engine], w->tasks);
        t.wait_count = 0;
      }
      for (const auto& [engine, tasks] : needed) {
        if (tasks <= 0) continue;
        const auto& ends = free_.end[engine];
        const auto done = std::upper_bound(ends.begin(), ends.end(), at) - ends.begin();
        waits_.push_back({e, first, engine, tasks, std::max(tasks, static_cast<std::int32_t>(done))});
      }
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
    std::stable_sort(waits_.begin(), waits_.end(), [](const GroupWait& a, const GroupWait& b) {
      return a.channel != b.channel ? a.channel < b.channel : a.first < b.first;
    });
  }

  program::Program p_;
  const program::EngineMap& map_;
  const FreeRun& free_;
  const double slack_;
  std::vector<GroupWait> waits_;
};

}  // namespace

program::Program regroup(program::Program program, const program::EngineMap& map, const FreeRun& free, double slack) {
  return Regrouping(std::move(program), map, free, slack).run();
}

}  // namespace tessera::control
