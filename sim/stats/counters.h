// Every key of a result by name: unit, one sentence, formula. `tessera explain` prints it; a test holds it against real
// results so that none is missing.
#pragma once
#include <string>
#include <vector>

namespace tessera::stats {

struct Counter {
  const char* name;  // its key in result.json: "layers[].alone_bound_us", "time.wait_input"
  const char* unit;
  const char* sentence;
  const char* formula;
};

const std::vector<Counter>& counters();

// The counter called `name`, by its whole name, its last part, or its column of layers.csv; null if there is none.
const Counter* find_counter(const std::string& name);

}  // namespace tessera::stats
