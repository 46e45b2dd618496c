#include "sim/trace/counters.h"

#include <algorithm>

namespace tessera::trace {

std::vector<Step> sum_of(const std::vector<Part>& parts) {
  struct Change {
    std::int64_t tick;
    int count;
    double value;
  };
  std::vector<Change> changes;
  changes.reserve(2 * parts.size());
  for (const Part& part : parts) {
    if (part.begin == part.end) continue;
    changes.push_back({part.begin, 1, part.value});
    changes.push_back({part.end, -1, -part.value});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.tick < b.tick; });
  std::vector<Step> steps;
  double value = 0;
  int count = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    count += changes[i].count;
    value = count == 0 ? 0 : value + changes[i].value;  // exactly zero where nothing is left of the sum
    if (i + 1 < changes.size() && changes[i + 1].tick == changes[i].tick) continue;
    if (steps.empty() || steps.back().value != value) steps.push_back({changes[i].tick, value});
  }
  return steps;
}

}  // namespace tessera::trace
