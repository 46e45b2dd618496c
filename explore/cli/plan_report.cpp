#include "explore/cli/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "explore/plan/plan.h"
#include "explore/pool/progress.h"
#include "explore/search/evaluator.h"
#include "explore/search/search.h"
#include "explore/store/store.h"

namespace tessera::explore {
namespace {

// Seconds per run before any has been made: the middle of what the ready sweeps take.
constexpr double assumed_seconds = 0.3;

struct Estimate {
  double seconds = assumed_seconds;  // of one run
  bool measured = false;

  std::string text(double runs, int workers) const {
    return fmt::format("about {} with {} workers ({:.2f} s each, {})", duration_text(runs * seconds / workers), workers,
                       seconds, measured ? "measured" : "assumed: none was made yet");
  }
};

Estimate estimate_from(const std::optional<Store>& store) {
  if (!store) return {};
  const auto mean = store->mean_seconds();
  if (!mean || *mean <= 0) return {};
  return {*mean, true};
}

// How many points a search meets is open, and so is how many share a baseline.
Expected<std::string> search_report(const Sweep& sweep, const Estimate& estimate, int workers) {
  if (auto wrong = check_search(sweep)) return *wrong;
  const SearchSpec& search = *sweep.search;
  std::vector<std::string> goals;
  for (const Objective& goal : objectives_of(search))
    goals.push_back((goal.maximize ? "maximize " : "minimize ") + goal.column);
  const double points = std::min<double>(search.budget, sweep.space.grid_size());
  return fmt::format(
      "{}: a search over {:.6g} points: {}\n"
      "budget: at most {:.6g} of them, in generations of {}, seed {}\n"
      "up to {:.6g} runs and their dense baselines, {}; up to twice that if no two points share a baseline\n",
      sweep.name, sweep.space.grid_size(), fmt::join(goals, ", "), points, search.population, search.seed, points,
      estimate.text(points, workers));
}

}  // namespace

Expected<std::string> plan_report(const Sweep& sweep, const PointRunner& runner, const std::string& folder,
                                  int workers) {
  std::optional<Store> store;
  if (std::filesystem::exists(folder + "/store.sqlite")) {
    auto opened = Store::read(folder);
    if (!opened) return opened.failure();
    store.emplace(std::move(*opened));
  }
  const Estimate estimate = estimate_from(store);
  if (sweep.search) return search_report(sweep, estimate, workers);
  const auto points = points_of(sweep);
  if (!points) return points.failure();
  int runs = 0, done = 0;
  const auto summary = for_each_point(sweep, runner, *points, [&](const PlannedPoint& point) {
    for (const RunRecord& run : point.runs) {
      if (run.status == status::invalid) continue;
      ++runs;
      if (!store) continue;
      const auto known = store->outcome(run.key);
      done += known && known->status != status::pending;
    }
    return std::optional<Failure>();
  });
  if (!summary) return summary.failure();

  std::string text = fmt::format("{}: {} points of a grid of {:.6g}, {} dense baselines", sweep.name, summary->points,
                                 sweep.space.grid_size(), summary->baselines);
  if (done > 0) text += fmt::format("; {} of {} runs are done", done, runs);
  text += "\n";
  if (sweep.sample.method != Sampling::grid && summary->points < sweep.sample.points)
    text +=
        fmt::format("  {} were to be drawn: the rest did not meet the condition or came twice\n", sweep.sample.points);
  for (const AxisGroup& group : sweep.space.groups)
    for (const Axis& axis : group.axes)
      text += fmt::format("  {} values of {}: {}\n", axis.values.size(), axis.path, Json(axis.values).dump());
  if (summary->invalid > 0)
    text += fmt::format("{} points are refused and become rows with that reason:\n", summary->invalid);
  for (const auto& [reason, n] : summary->reasons) text += fmt::format("  {} x {}\n", n, reason);
  return text + fmt::format("{} runs to make, {}\n", runs - done, estimate.text(runs - done, workers));
}

}  // namespace tessera::explore
