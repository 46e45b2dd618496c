#include "sim/lower/wait_set.h"

#include <algorithm>

namespace tessera::lower {

void WaitSet::add(program::EngineId engine, int tasks) {
  for (program::Wait& w : items_)
    if (w.engine == engine) {
      w.tasks = std::max(w.tasks, tasks);
      return;
    }
  items_.push_back({engine, tasks});
}

}  // namespace tessera::lower
