// What the base config of a sweep has at the paths of its axes, and in which unit.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "explore/runner.h"

namespace tessera::explore {

// `config`: a resolved run config.
std::map<std::string, AxisFacts> axis_facts(const Json& config, const std::vector<std::string>& paths);

}  // namespace tessera::explore
