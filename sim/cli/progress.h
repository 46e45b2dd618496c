// On a terminal and after two seconds, a line on stderr says what is still at work and in which phase.
#pragma once
#include <string>
#include <vector>

#include "sim/run/isolate.h"

namespace tessera::cli {

// Returns when every forked simulation has something to read; `what` names the work, `names` the tasks.
void wait_with_progress(const std::vector<run::IsolatedTask*>& tasks, const std::string& what,
                        const std::vector<std::string>& names);

// Work of this process, as long as this lives. Nothing else may be printed meanwhile; one at a time.
class ProgressLine {
 public:
  explicit ProgressLine(const std::string& what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
};

}  // namespace tessera::cli
