#include "explore/sweep/run_sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "explore/collect/measured_accuracy.h"
#include "explore/collect/table.h"
#include "explore/plan/inputs.h"
#include "explore/plan/plan.h"
#include "explore/pool/progress.h"
#include "explore/pool/stop_signal.h"
#include "explore/store/folder_lock.h"
#include "explore/store/shard.h"
#include "sim/base/message.h"

namespace tessera::explore {

std::optional<Failure> store_plan(Store& store, const Sweep& sweep, const PointRunner& runner,
                                  const SweepOptions& options) {
  const std::string inputs = plan_inputs(sweep, options.build);
  const auto known = store.plan_inputs();
  if (!known) return known.failure();
  const auto missing = store.missing();
  if (!missing) return missing.failure();
  const auto stored = store.plan();
  if (!stored) return stored.failure();
  if (*known == inputs && *missing == 0 && !stored->empty())
    return std::nullopt;  // resolving every point again would change nothing
  const auto points = points_of(sweep);
  if (!points) return points.failure();
  Progress progress({static_cast<int>(points->size())}, options.messages, options.terminal, "planned ");
  std::optional<Failure> failure = store.set_plan(sweep.space.paths(), sweep.text, inputs, [&](Store& s) {
    const auto summary = for_each_point(sweep, runner, *points, [&](const PlannedPoint& point) {
      if (StopSignal::raised())
        return std::optional<Failure>(fail(ExitCode::internal, {"", "", "stopped by a signal", ""}));
      progress.count(false);
      progress.show();
      return s.add_point(point.entry, point.runs);
    });
    if (!summary) return std::optional<Failure>(summary.failure());
    message(options.messages, "{}: {} points, {} dense baselines{}\n", sweep.name, summary->points, summary->baselines,
            summary->invalid > 0 ? fmt::format(", {} points refused", summary->invalid) : "");
    for (const auto& [reason, n] : summary->reasons) message(options.messages, "  {} x {}\n", n, reason);
    return std::optional<Failure>();
  });
  return failure;
}

std::optional<Failure> emptied_plan(const Store& store, const std::string& folder) {
  const auto plan = store.plan();
  if (!plan) return plan.failure();
  const auto inputs = store.plan_inputs();
  if (!inputs) return inputs.failure();
  if (inputs->empty() || !plan->empty()) return std::nullopt;
  return fail(ExitCode::bad_input, {folder, "", "the plan of the sweep is empty, finished runs are kept",
                                    "tessera sweep with the sweep file makes it again"});
}

Expected<PoolEnd> run_pending(Store& store, const Limits& limits, const PointRunner& runner,
                              const SweepOptions& options, int lock_descriptor, const RunWatch& watch) {
  const auto pending = store.pending();
  if (!pending) return pending.failure();
  std::size_t next = 0;
  const RunSource source = [&]() -> Expected<std::optional<RunRecord>> {
    if (next == pending->size()) return std::optional<RunRecord>();
    auto run = store.run((*pending)[next++]);
    if (!run) return run.failure();
    return std::optional<RunRecord>(std::move(*run));
  };
  const RunSink sink = [&](const RunRecord& run) {
    auto failure = store.record(run);
    if (!failure) watch.finished(run);
    return failure;
  };
  PoolOptions pool;
  pool.workers = options.workers;
  pool.limits = limits;
  pool.build = options.build;
  pool.in_child = [lock_descriptor] { ::close(lock_descriptor); };
  pool.tick = [&](int) { watch.tick(); };
  return run_pool(source, runner, sink, pool);
}

std::optional<Failure> write_axes(const Sweep& sweep, const PointRunner& runner, const std::string& folder) {
  if (auto failure = keep_accuracy(sweep.accuracy, folder)) return failure;
  Json axes = Json::object();
  for (const auto& [path, facts] : runner.axis_facts(sweep.space.paths()))
    axes[path] = {{"base", facts.base}, {"unit", facts.unit}};
  if (!sweep.repeat.empty()) axes[sweep.repeat]["repeat"] = true;
  return write_file(folder + "/axes.json", axes.dump(2) + "\n");
}

Expected<SweepEnd> collect(const Store& store, const std::string& folder, bool interrupted) {
  if (const auto plan = store.sweep_text(); !plan) return plan.failure();
  auto table = read_table(store);
  if (!table) return table.failure();
  if (auto failure = join_accuracy(*table, folder)) return *failure;
  if (auto failure = write_file(folder + "/table.csv", csv_text(*table))) return *failure;
  const auto counts = store.counts();
  if (!counts) return counts.failure();
  SweepEnd end{interrupted, *counts, {}};
  for (const TableRow& row : table->rows) {
    const Json marks = cell(*table, row, "mask_marks");
    std::istringstream words(marks.is_string() ? marks.get<std::string>() : "");
    for (std::string mark; words >> mark;) ++end.marks[mark];
  }
  return end;
}

namespace {

Expected<PoolEnd> run_with_progress(Store& store, const Limits& limits, const PointRunner& runner,
                                    const SweepOptions& options, int lock_descriptor) {
  const auto counts = store.counts();
  if (!counts) return counts.failure();
  const auto of = [&](const char* state) {
    const auto found = counts->runs.find(state);
    return found == counts->runs.end() ? 0 : found->second;
  };
  const int total = sum_of(counts->runs), points = sum_of(counts->points), pending = of(status::pending);
  if (pending == 0) return PoolEnd::finished;
  Progress progress({total, total - pending, total - pending - of(status::done)}, options.messages, options.terminal,
                    "", total == points ? "" : fmt::format(" runs of {} points", points));
  auto end = run_pending(
      store, limits, runner, options, lock_descriptor,
      {[&](const RunRecord& run) { progress.count(run.status != status::done); }, [&] { progress.show(); }});
  progress.finish();
  return end;
}

// Runs what is pending and collects.
Expected<SweepEnd> finish(Store& store, const Limits& limits, const PointRunner& runner, const SweepOptions& options,
                          const FolderLock& lock) {
  if (const auto merged = merge_shards(store, options.folder); !merged) return merged.failure();
  const auto end = run_with_progress(store, limits, runner, options, lock.descriptor());
  if (!end) return end.failure();
  return collect(store, options.folder, *end == PoolEnd::interrupted);
}

}  // namespace

Expected<SweepEnd> run_sweep(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options) {
  const StopSignal stop;
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.failure();
  std::string notice;
  auto store = Store::open(options.folder, notice);
  if (!store) return store.failure();
  if (!notice.empty()) message(options.messages, "{}\n", notice);
  if (auto failure = store_plan(*store, sweep, runner, options)) return *failure;
  if (auto failure = write_axes(sweep, runner, options.folder)) return *failure;
  if (const auto others = store->runs_of_other_builds(options.build); others && *others > 0)
    message(options.messages,
            "{} runs were made by another build of tessera and are kept as they are; for a fresh "
            "start choose another folder with --out\n",
            *others);
  return finish(*store, sweep.limits, runner, options, *lock);
}

void name_missing(const Store& store, const SweepOptions& options) {
  if (const auto missing = store.missing(); missing && *missing > 0)
    message(options.messages, "{} planned runs are not in the store; tessera sweep with the sweep file makes them\n",
            *missing);
}

Expected<SweepEnd> retry_sweep(const PointRunner& runner, const SweepOptions& options) {
  const StopSignal stop;
  if (auto none = Store::read(options.folder); !none) return none.failure();
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.failure();
  std::string notice;
  auto store = Store::open(options.folder, notice);
  if (!store) return store.failure();
  if (!notice.empty()) message(options.messages, "{}\n", notice);
  const auto reset = store->reset_failed();
  if (!reset) return reset.failure();
  message(options.messages, "{} failed runs are made again\n", *reset);
  name_missing(*store, options);
  const auto text = store->sweep_text();
  if (!text) return text.failure();
  if (auto empty = emptied_plan(*store, options.folder)) return *empty;
  return finish(*store, limits_of(*text), runner, options, *lock);
}

}  // namespace tessera::explore
