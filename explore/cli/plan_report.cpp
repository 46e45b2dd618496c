#include "explore/cli/plan_report.h"

#include <fmt/format.h>

#include <filesystem>

#include "explore/plan/plan.h"
#include "explore/pool/progress.h"
#include "explore/store/store.h"

namespace tessera::explore {
namespace {

// Seconds per run before any has been made: the middle of what the ready sweeps take.
constexpr double assumed_seconds = 0.3;

}  // namespace

Expected<std::string> plan_report(const Sweep& sweep, const PointRunner& runner, const std::string& folder,
                                  int workers) {
  if (sweep.search)
    return fmt::format("{}: a search over {:.6g} points, at most {} of them, in generations of {}\n", sweep.name,
                       sweep.space.grid_size(), sweep.search->budget, sweep.search->population);
  const auto points = select_points(sweep.space, sweep.sample);
  if (!points) return points.failure();
  std::optional<Store> store;
  if (std::filesystem::exists(folder + "/store.sqlite")) {
    auto opened = Store::read(folder);
    if (!opened) return opened.failure();
    store.emplace(std::move(*opened));
  }
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
  for (const AxisGroup& group : sweep.space.groups)
    for (const Axis& axis : group.axes)
      text += fmt::format("  {} values of {}: {}\n", axis.values.size(), axis.path, Json(axis.values).dump());
  if (summary->invalid > 0)
    text += fmt::format("{} points are refused and become rows with that reason:\n", summary->invalid);
  for (const auto& [reason, n] : summary->reasons) text += fmt::format("  {} x {}\n", n, reason);
  double seconds = 0;
  if (store)
    if (const auto mean = store->mean_seconds()) seconds = *mean;
  const bool measured = seconds > 0;
  if (!measured) seconds = assumed_seconds;
  text += fmt::format("{} runs to make, about {} with {} workers ({:.2f} s each, {})\n", runs - done,
                      duration_text((runs - done) * seconds / workers), workers, seconds,
                      measured ? "measured" : "assumed: none was made yet");
  return text;
}

}  // namespace tessera::explore
