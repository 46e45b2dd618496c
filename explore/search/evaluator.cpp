#include "explore/search/evaluator.h"

#include <algorithm>

#include "explore/plan/plan.h"

namespace tessera::explore {

std::vector<Objective> objectives_of(const SearchSpec& search) {
  std::vector<Objective> objectives;
  for (const std::string& column : search.minimize) objectives.push_back({column, false});
  for (const std::string& column : search.maximize) objectives.push_back({column, true});
  return objectives;
}

Evaluator::Evaluator(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options, Store& store,
                     int lock_descriptor)
    : sweep_(sweep),
      runner_(runner),
      options_(options),
      store_(store),
      lock_descriptor_(lock_descriptor),
      budget_(sweep.search->budget),
      objectives_(objectives_of(*sweep.search)),
      progress_({static_cast<int>(std::min<double>(budget_, sweep.space.grid_size()))}, options.messages,
                options.terminal, "evaluated ", " points") {}

std::vector<std::vector<double>> Evaluator::evaluate(const std::vector<Index>& points) {
  std::vector<Index> fresh;
  for (const Index& point : points) {
    const auto inside = sweep_.space.contains(point);
    if (!inside) failure_ = inside.failure();
    if (!inside || !*inside || known_.count(point) > 0 || stopped() || exhausted()) continue;
    known_[point] = {};
    fresh.push_back(point);
  }
  if (!fresh.empty()) run(fresh);
  std::vector<std::vector<double>> values;
  for (const Index& point : points) {
    const auto found = known_.find(point);
    const bool usable = found != known_.end() && !found->second.empty();
    values.push_back(usable ? found->second : std::vector<double>(objectives_.size(), worst));
  }
  return values;
}

void Evaluator::run(const std::vector<Index>& fresh) {
  std::vector<PlanEntry> entries;
  for (const Index& index : fresh) {
    const PlannedPoint point = plan_point(sweep_, runner_, index);
    entries.push_back(point.entry);
    failure_ = store_.add_point(point.entry, point.runs);
    if (failure_) return;
  }
  const auto finished = [this](const RunRecord& run) {
    if (!run.dense) progress_.count(run.status != status::done);
  };
  const auto end =
      run_pending(store_, sweep_.limits, runner_, options_, lock_descriptor_, {finished, [this] { progress_.show(); }});
  if (!end)
    failure_ = end.failure();
  else
    interrupted_ = *end == PoolEnd::interrupted;
  if (stopped()) return;
  progress_.reach(evaluated());
  for (std::size_t i = 0; i < fresh.size() && !failure_; ++i) known_[fresh[i]] = values_of(entries[i]);
}

std::vector<double> Evaluator::values_of(const PlanEntry& entry) {
  Table table;
  TableRow row;
  const auto run = store_.outcome(entry.key);
  if (!run) {
    failure_ = run.failure();
    return {};
  }
  if (run->status != status::done) return std::vector<double>(objectives_.size(), worst);
  row.result = result::parse_row(run->result);
  const auto dense = store_.outcome(entry.baseline);
  if (dense && dense->status == status::done) row.dense = result::parse_row(dense->result);
  row.coordinates = Json::parse(entry.coordinates).get<std::vector<Json>>();
  table.axes = sweep_.space.paths();
  std::vector<double> values;
  for (const Objective& objective : objectives_) {
    const Json value = cell(table, row, objective.column);
    values.push_back(!value.is_number() ? worst : objective.maximize ? -value.get<double>() : value.get<double>());
  }
  return values;
}

}  // namespace tessera::explore
