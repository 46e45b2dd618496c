// What does the explorer itself cost per point? Points of block_sparsity that are resolved, planned, stored, read again
// in a process of their own and collected as always, except that nothing is scheduled and simulated; the limit is 10 ms
// per point. And what the plan of the whole sweep costs.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>

#include "explore/pipeline_runner.h"
#include "explore/plan/plan.h"
#include "explore/sweep/run_sweep.h"
#include "sim/run/run_config.h"

namespace {

using namespace tessera;
using namespace tessera::run;
using namespace tessera::explore;

constexpr const char* folder_of_sweeps = "configs/sweeps";

Sweep block_sparsity() { return *load_sweep(std::string(folder_of_sweeps) + "/block_sparsity.json"); }

// Its 1,155 points with four rows.
Sweep four_rows() {
  Sweep sweep = block_sparsity();
  sweep.text += "\n";  // another plan than the whole sweep's
  for (AxisGroup& group : sweep.space.groups)
    if (group.axes.front().path == "hardware.rows") group.axes.front().values = {4};
  return sweep;
}

void count_points(benchmark::State& state, std::size_t points) {
  state.counters["per_point"] = benchmark::Counter(
      static_cast<double>(points), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Of this process and its children: what a point costs on a machine that has other work, too.
double cpu_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    struct rusage usage = {};
    ::getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      seconds += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  }
  return seconds;
}

void points_without_simulation(benchmark::State& state) {
  const Sweep sweep = four_rows();
  const std::string layers(18000, 'y');  // as large as those of ResNet50
  const std::string folder = std::filesystem::temp_directory_path() / "tessera-explore-bench";
  std::FILE* messages = std::fopen("/dev/null", "w");
  const double begin = cpu_seconds();
  for (auto _ : state) {
    std::filesystem::remove_all(folder);
    PointRunner runner = pipeline_runner(sweep.base, folder_of_sweeps);
    runner.run = [&](const Json& document, bool) -> Expected<Json> {
      if (const auto config = make_run_config(document, ".", "point"); !config) return config.failure();
      return Json{{"latency_us", 1.0}, {"layers", layers}};
    };
    if (!run_sweep(sweep, runner, {folder, 1, "bench", messages, false})) state.SkipWithError("the sweep failed");
  }
  std::fclose(messages);
  std::filesystem::remove_all(folder);
  const std::size_t points = select_points(sweep.space, sweep.sample)->size();
  count_points(state, points);
  state.counters["cpu_per_point"] =
      (cpu_seconds() - begin) / static_cast<double>(points) / static_cast<double>(state.iterations());
}
BENCHMARK(points_without_simulation)->Unit(benchmark::kMillisecond)->UseRealTime();

void plan_block_sparsity(benchmark::State& state) {
  const Sweep sweep = block_sparsity();
  const auto points = select_points(sweep.space, sweep.sample);
  for (auto _ : state) {
    const PointRunner runner = pipeline_runner(sweep.base, folder_of_sweeps);
    const auto nothing = [](const PlannedPoint&) { return std::optional<Failure>(); };
    if (!for_each_point(sweep, runner, *points, nothing)) state.SkipWithError("the plan failed");
  }
  count_points(state, points->size());
}
BENCHMARK(plan_block_sparsity)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
