#include <cstdlib>
#include <utility>

#include "sim/library/tessera.h"
#include "sim/result/json.h"
#include "sim/run/isolate.h"
#include "sim/run/pipeline.h"

namespace tessera::library {
namespace {

template <class T>
Outcome<T> refused(const Failure& failure) {
  Outcome<T> outcome;
  outcome.exit_code = static_cast<int>(failure.code);
  for (const tessera::Problem& p : failure.problems) outcome.problems.push_back({p.file, p.path, p.what, p.legal});
  return outcome;
}

template <class Owner>
Numbers numbers_of(const Owner& owner, const std::vector<result::Metric<Owner>>& table) {
  Numbers numbers;
  for (const result::Metric<Owner>& metric : table) {
    if (metric.access.kind != result::Kind::number || !metric.access.get) continue;
    const result::Value value = metric.access.get(owner);
    if (!std::holds_alternative<std::monostate>(value)) numbers[metric.name] = result::number(value);
  }
  return numbers;
}

Density density_of(const result::DensityResult& result) {
  Density density{result.latency_us, numbers_of(result, result::density_metrics()), {}, std::nullopt};
  for (const result::LayerResult& layer : result.layers)
    density.layers.push_back({layer.name, layer.op, layer.mapping, layer.start_us, layer.end_us,
                              numbers_of(layer, result::layer_metrics())});
  if (result.functional) density.bit_exact = result.functional->good();
  return density;
}

bool wanted(run::Density density, Densities densities) {
  return densities == Densities::both || (density == run::Density::dense) == (densities == Densities::dense);
}

}  // namespace

Outcome<Config> read(const std::string& path, const std::vector<std::string>& sets, const std::string& configs) {
  if (!configs.empty()) setenv("TESSERA_CONFIGS", configs.c_str(), 0);
  Expected<run::RunConfig> config = run::load_run_config(path, sets);
  if (!config) return refused<Config>(config.failure());
  Outcome<Config> outcome;
  outcome.value = Config{config->name, config->network.name, config->array.name, nullptr};
  outcome.value->resolved = std::make_shared<const run::RunConfig>(std::move(*config));
  return outcome;
}

Outcome<Run> simulate(const Config& config, const Options& options) {
  const run::RunConfig& resolved = *config.resolved;
  if (options.functional && resolved.accounting == run::Accounting::published)
    return refused<Run>(fail(ExitCode::bad_input, {"", "functional", "with accounting=published, which moves no data",
                                                   "legal: with accounting=physical"}));
  run::RunOptions run_options;
  run_options.control = true;
  run_options.routed = true;
  run_options.functional = options.functional;
  std::vector<std::pair<run::Density, std::unique_ptr<run::IsolatedTask>>> tasks;
  std::optional<run::SharedDecision> shared;
  if (options.densities == Densities::both) run_options.dense = &shared.emplace();
  for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
    if (!wanted(density, options.densities)) continue;
    tasks.emplace_back(density, std::make_unique<run::IsolatedTask>([&, density]() -> Expected<std::string> {
                         const Expected<result::DensityResult> result = run_density(resolved, density, run_options);
                         if (!result) return result.failure();
                         return result::pack(*result);
                       }));
  }
  shared.reset();
  std::optional<result::DensityResult> dense, sparse;
  for (const auto& [density, task] : tasks) {
    const Expected<std::string> answer = task->wait();
    if (!answer) return refused<Run>(answer.failure());
    (density == run::Density::dense ? dense : sparse) = result::unpack(*answer);
  }
  const result::RunResult result = make_result(resolved, std::move(dense), std::move(sparse));
  Run run;
  if (result.dense) run.dense = density_of(*result.dense);
  if (result.sparse) run.sparse = density_of(*result.sparse);
  run.numbers = numbers_of(result, result::run_metrics());
  run.json = json_text(result);
  Outcome<Run> outcome;
  outcome.value = std::move(run);
  return outcome;
}

}  // namespace tessera::library
