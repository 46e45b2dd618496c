// What all parts of one simulation share: the program, the machine, and the result that grows.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "models/completion_counters.h"
#include "sim/exec/backend.h"

namespace tessera::models {

class DataPlane;

struct RunState {
  RunState(const program::Program& p, const arch::ArraySpec& a, const std::vector<Millicycles>& d,
           const exec::SimOptions& o)
      : program(p), array(a), durations(d), options(o) {
    result.layers.resize(p.layers.size());
    result.engines.resize(static_cast<std::size_t>(map.count()));
  }

  const program::Program& program;
  const arch::ArraySpec& array;
  const std::vector<Millicycles>& durations;
  const exec::SimOptions& options;
  program::EngineMap map{array};
  CompletionCounters tasks{map.count()};
  exec::SimResult result;
  std::vector<Problem> faults;  // what the machine refuses while it runs (a lock above its maximum)
  DataPlane* data = nullptr;    // null in a run without data

  exec::LayerTimes* layer(int id) { return id < 0 ? nullptr : &result.layers[static_cast<std::size_t>(id)]; }
  void layer_began(int id, Millicycles t) {
    exec::LayerTimes* l = layer(id);
    if (l != nullptr && (l->start < 0 || t < l->start)) l->start = t;
  }
  void layer_ended(int id, Millicycles t) {
    exec::LayerTimes* l = layer(id);
    if (l != nullptr && t > l->end) l->end = t;
  }
  bool controlled() const { return map.count() > map.first_controller(); }
  bool traced() const { return options.trace != nullptr; }
  void trace(const trace::Task& task) {
    if (traced()) options.trace->task(task);
  }
  void fault(std::string where, std::string what) { faults.push_back({"", std::move(where), std::move(what), ""}); }
};

}  // namespace tessera::models
