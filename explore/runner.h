// What the explorer knows of a simulator: a few functions. The command line binds them to the pipeline of sim/run;
// tests bind them to fakes that crash, hang or eat memory. The explorer itself never sees models or schedules.
#pragma once
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/result/sweep.h"

namespace tessera::explore {

using Json = nlohmann::json;

// (config path, value) pairs, in the order of the axes of the sweep file.
using Overrides = std::vector<std::pair<std::string, Json>>;

struct ResolvedPoint {
  std::string config;        // self-contained: JSON text with network and hardware inlined
  std::string key;           // hash of all that decides the sparse run
  std::string baseline_key;  // the same for the dense run; equal for all points that share hardware, network, schedule
};

// What a figure says of an axis that it holds at one value.
struct AxisFacts {
  Json base;         // its value in the base config; of an inlined file the name in it; null: the config says nothing
  std::string unit;  // of its values; empty: none
};

struct PointRunner {
  // The sweep's base config with `overrides`, or every problem of it. Runs in the parent.
  std::function<Expected<ResolvedPoint>(const Overrides&)> resolve;

  // Facts of the config paths; none where the base config by itself is not legal.
  std::function<std::map<std::string, AxisFacts>(const std::vector<std::string>& paths)> axis_facts;

  // Simulates one density of a resolved config and returns it as stores keep it (see results/README.md). Runs in a
  // forked child; may crash, hang or eat memory.
  std::function<Expected<result::StoredRow>(const Json& config, bool dense)> run;

  // Told in the parent of each run that is done, for runs that begin later; may be empty.
  std::function<void(const std::string& key, const result::StoredRow& result)> done{};
};

}  // namespace tessera::explore
