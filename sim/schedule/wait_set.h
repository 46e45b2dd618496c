// A set of tasks to wait for: per engine the largest task count.
#pragma once
#include <algorithm>
#include <vector>

#include "sim/program/program.h"

namespace tessera {

class WaitSet {
 public:
  void add(EngineId engine, int tasks) {
    for (Wait& w : items_)
      if (w.engine == engine) {
        w.tasks = std::max(w.tasks, tasks);
        return;
      }
    items_.push_back({engine, tasks});
  }
  void add(const WaitSet& other) {
    for (const Wait& w : other.items_) add(w.engine, w.tasks);
  }
  void clear() { items_.clear(); }
  const std::vector<Wait>& items() const { return items_; }

 private:
  std::vector<Wait> items_;
};

}  // namespace tessera
