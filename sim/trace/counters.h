// Step functions over the time of a run, as the sum of parts that each last from one tick to another.
#pragma once
#include <cstdint>
#include <vector>

namespace tessera::trace {

struct Step {
  std::int64_t tick = 0;
  double value = 0;
};

// A value that is there in [begin, end).
struct Part {
  std::int64_t begin = 0, end = 0;
  double value = 0;
};

// The sum of the parts from each tick on at which it changes; zero again after the last.
std::vector<Step> sum_of(const std::vector<Part>& parts);

}  // namespace tessera::trace
