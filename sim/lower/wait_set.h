// A set of tasks to wait for: per engine the largest task count.
#pragma once
#include <boost/container/small_vector.hpp>

#include "sim/program/program.h"

namespace tessera::lower {

class WaitSet {
 public:
  using Items = boost::container::small_vector<program::Wait, 4>;
  void add(program::EngineId engine, int tasks);
  void add(const WaitSet& other) {
    for (const program::Wait& w : other.items_) add(w.engine, w.tasks);
  }
  void clear() { items_.clear(); }
  const Items& items() const { return items_; }

 private:
  Items items_;
};

}  // namespace tessera::lower
