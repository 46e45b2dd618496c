// What does the explorer itself cost per point? A sweep of points that do nothing, through plan, pool, store and table;
// the limit is 10 ms per point. And what the plan of a real point costs.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <filesystem>

#include "explore/pipeline_runner.h"
#include "explore/store/checksum.h"
#include "explore/sweep/run_sweep.h"

namespace {

using namespace tessera;
using namespace tessera::explore;

Sweep sweep_of(int points) {
  Sweep sweep;
  sweep.name = "bench";
  sweep.base = "configs/runs/resnet50_4x4.json";
  sweep.text = std::to_string(points);
  Axis axis{"sparsity.ratio", {}};
  for (int i = 0; i < points; ++i) axis.values.push_back(0.9 * i / points);
  sweep.space.groups.push_back({{axis}});
  return sweep;
}

void empty_points(benchmark::State& state) {
  constexpr int points = 500;
  const Sweep sweep = sweep_of(points);
  const std::string config(12000, 'x'), layers(18000, 'y');  // as large as those of ResNet50
  PointRunner runner;
  runner.resolve = [&](const Overrides& o) -> Expected<ResolvedPoint> {
    return ResolvedPoint{Json{{"filler", config}, {"at", o[0].second}}.dump(), checksum(o[0].second.dump()), "dense"};
  };
  runner.run = [&](const Json&, bool) -> Expected<Json> {
    return Json{{"latency_us", 1.0}, {"layers", layers}};
  };
  const std::string folder = std::filesystem::temp_directory_path() / "tessera-explore-bench";
  std::FILE* messages = std::fopen("/dev/null", "w");
  for (auto _ : state) {
    std::filesystem::remove_all(folder);
    if (!run_sweep(sweep, runner, {folder, 1, "bench", messages, false})) state.SkipWithError("the sweep failed");
  }
  std::fclose(messages);
  std::filesystem::remove_all(folder);
  state.counters["per_point"] =
      benchmark::Counter(points, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(empty_points)->Unit(benchmark::kMillisecond)->UseRealTime();

void resolve_resnet50(benchmark::State& state) {
  const PointRunner runner = pipeline_runner("configs/runs/resnet50_4x4.json", "configs/sweeps");
  double ratio = 0;
  for (auto _ : state) {
    ratio = ratio > 0.8 ? 0.1 : ratio + 0.001;
    if (!runner.resolve({{"sparsity.ratio", ratio}})) state.SkipWithError("the point was refused");
  }
}
BENCHMARK(resolve_resnet50)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
