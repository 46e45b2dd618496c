// From a sweep file to the runs it needs: every point resolved, addressed by content, with its dense baseline; points
// whose config is refused are kept with the reason.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/store/store.h"
#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

struct PlannedPoint {
  PlanEntry entry;
  std::vector<RunRecord> runs;  // baseline first; of an invalid point one record with status and reason
};

PlannedPoint plan_point(const Sweep& sweep, const PointRunner& runner, const Index& index);

struct PlanSummary {
  int points = 0;
  int baselines = 0;
  int invalid = 0;
  std::map<std::string, int> reasons;  // of invalid points
};

// Resolves the points one after the other and hands each to `use` with only those runs that no earlier point had.
Expected<PlanSummary> for_each_point(const Sweep& sweep, const PointRunner& runner, const std::vector<Index>& points,
                                     const std::function<std::optional<Failure>(const PlannedPoint&)>& use);

}  // namespace tessera::explore
