// How far a sweep is: its points, and the runs that answer them, which are more (dense baselines) or, where points
// share a run, fewer.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "explore/store/record.h"

namespace tessera::explore {

struct Counts {
  std::map<std::string, int> points, runs;  // by status; the status of a point is that of its own run
};

int sum_of(const std::map<std::string, int>& by_status);

// `statuses`: of every run of the plan, by key.
Counts count(const std::vector<PlanEntry>& plan, const std::map<std::string, std::string>& statuses);

}  // namespace tessera::explore
