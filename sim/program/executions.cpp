#include "sim/program/executions.h"

#include <algorithm>

namespace tessera::program {

std::vector<std::int64_t> executions(const EngineProgram& engine) {
  struct Loop {
    std::size_t end;
    std::int64_t times;
  };
  std::vector<std::int64_t> counts(std::max({engine.core.size(), engine.transfers.size(), engine.control.size()}));
  std::vector<Loop> open{{engine.steps.size(), 1}};
  for (std::size_t s = 0; s < engine.steps.size(); ++s) {
    while (s >= open.back().end) open.pop_back();
    const Step& step = engine.steps[s];
    if (step.index >= 0)
      counts[static_cast<std::size_t>(step.index)] += open.back().times;
    else
      open.push_back({s + 1 + static_cast<std::size_t>(step.body), open.back().times * step.repeat});
  }
  return counts;
}

}  // namespace tessera::program
