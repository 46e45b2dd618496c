// Waits for forked simulations and, on a terminal and after two seconds, says on stderr that they are still at work.
#pragma once
#include <string>
#include <vector>

#include "sim/run/isolate.h"

namespace tessera::cli {

// Returns when every task has something to read; `what` names the work.
void wait_with_progress(const std::vector<run::IsolatedTask*>& tasks, const std::string& what);

}  // namespace tessera::cli
