// What the explorer knows of a simulator: two functions. The command line binds them to the pipeline of sim/run; tests
// bind them to fakes that crash, hang or eat memory. The explorer itself never sees models or schedules.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"

namespace tessera::explore {

using Json = nlohmann::json;

// (config path, value) pairs, in the order of the axes of the sweep file.
using Overrides = std::vector<std::pair<std::string, Json>>;

struct ResolvedPoint {
  std::string config;        // self-contained: JSON text with network and hardware inlined
  std::string key;           // hash of all that decides the sparse run
  std::string baseline_key;  // the same for the dense run; equal for all points that share hardware, network, schedule
};

struct PointRunner {
  // The sweep's base config with `overrides`, or every problem of it. Runs in the parent.
  std::function<Expected<ResolvedPoint>(const Overrides&)> resolve;

  // Simulates one density of a resolved config and returns its result object (see results/README.md): numbers by name,
  // "program_hash", and "layers". Runs in a forked child; may crash, hang or eat memory.
  std::function<Expected<Json>(const Json& config, bool dense)> run;
};

}  // namespace tessera::explore
