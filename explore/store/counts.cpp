#include "explore/store/counts.h"

namespace tessera::explore {

int sum_of(const std::map<std::string, int>& by_status) {
  int sum = 0;
  for (const auto& [state, n] : by_status) sum += n;
  return sum;
}

Counts count(const std::vector<PlanEntry>& plan, const std::map<std::string, std::string>& statuses) {
  Counts counts;
  for (const auto& [key, state] : statuses) ++counts.runs[state];
  for (const PlanEntry& point : plan) {
    const auto found = statuses.find(point.key);  // not there: another process has just planned it
    ++counts.points[found == statuses.end() ? status::pending : found->second];
  }
  return counts;
}

}  // namespace tessera::explore
