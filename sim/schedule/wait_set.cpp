#include "sim/schedule/wait_set.h"

#include <algorithm>

namespace tessera::schedule {

void WaitSet::add(program::EngineId engine, int tasks) {
  for (program::Wait& w : items_)
    if (w.engine == engine) {
      w.tasks = std::max(w.tasks, tasks);
      return;
    }
  items_.push_back({engine, tasks});
}

}  // namespace tessera::schedule
