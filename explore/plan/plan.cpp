#include "explore/plan/plan.h"

#include <set>

#include "explore/store/checksum.h"

namespace tessera::explore {

PlannedPoint plan_point(const Sweep& sweep, const PointRunner& runner, const Index& index) {
  PlannedPoint point;
  const Overrides coordinates = sweep.space.at(index);
  Json values = Json::array();
  for (const auto& [path, value] : coordinates) values.push_back(value);
  point.entry.coordinates = values.dump();

  Overrides overrides = sweep.fixed;
  overrides.insert(overrides.end(), coordinates.begin(), coordinates.end());
  const Expected<ResolvedPoint> resolved = runner.resolve(overrides);
  if (!resolved) {
    Json document;
    for (const auto& [path, value] : overrides) document[path] = value;
    RunRecord run;
    run.config = document.dump();
    run.status = status::invalid;
    run.reason = one_line(resolved.failure());
    run.key = checksum("invalid " + run.config + run.reason);
    point.entry.key = run.key;
    point.runs = {run};
    return point;
  }
  RunRecord sparse;
  sparse.key = resolved->key;
  sparse.config = resolved->config;
  RunRecord dense = sparse;
  dense.key = resolved->baseline_key;
  dense.dense = true;
  point.entry.key = sparse.key;
  point.entry.baseline = dense.key;
  point.runs = {std::move(dense), std::move(sparse)};
  return point;
}

Expected<PlanSummary> for_each_point(const Sweep& sweep, const PointRunner& runner, const std::vector<Index>& points,
                                     const std::function<std::optional<Failure>(const PlannedPoint&)>& use) {
  PlanSummary summary;
  std::set<std::string> seen;
  for (const Index& index : points) {
    PlannedPoint point = plan_point(sweep, runner, index);
    ++summary.points;
    if (point.entry.baseline.empty()) {
      ++summary.invalid;
      ++summary.reasons[point.runs.front().reason];
    }
    std::vector<RunRecord> fresh;
    for (RunRecord& run : point.runs) {
      if (!seen.insert(run.key).second) continue;
      summary.baselines += run.dense;
      fresh.push_back(std::move(run));
    }
    point.runs = std::move(fresh);
    if (auto failure = use(point)) return *failure;
  }
  return summary;
}

}  // namespace tessera::explore
