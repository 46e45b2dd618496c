#include "sim/pruning/trial.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "sim/result/json.h"
#include "sim/run/isolate.h"
#include "sim/run/pipeline.h"

namespace tessera::pruning {
namespace {

template <class Result>
Amounts counted(const Result& result, double us) {
  Amounts amounts{};
  amount(amounts, Quantity::latency_us) = us;
  if (result.weight_bytes) amount(amounts, Quantity::weight_bytes) = static_cast<double>(result.weight_bytes->total());
  if (result.energy) amount(amounts, Quantity::energy_uj) = result.energy->total() / 1e6;
  return amounts;
}

Trial trial_of(const run::RunConfig& config, const result::DensityResult& result) {
  Trial t;
  t.total = counted(result, result.latency_us);
  t.layers.resize(config.network.layers.size());
  t.binds.resize(config.network.layers.size());
  std::map<std::string, network::LayerId> ids;
  for (const network::Layer& layer : config.network.layers) ids[layer.name] = layer.id;
  const double cycle_us = result.latency_us / (static_cast<double>(result.total) / millicycles_per_cycle);
  for (const result::LayerResult& layer : result.layers) {
    const auto id = static_cast<std::size_t>(ids.at(layer.name));
    const Millicycles idle = layer.time[static_cast<std::size_t>(exec::Cause::idle)];
    const Millicycles time = std::accumulate(layer.time.begin(), layer.time.end(), -idle);
    t.layers[id] = counted(layer, static_cast<double>(time) / millicycles_per_cycle * cycle_us / config.array.cores());
    if (layer.bounds) t.binds[id] = layer.bounds->alone_by;
  }
  return t;
}

}  // namespace

Expected<std::vector<Trial>> Trials::simulate(const std::vector<Choice>& choices) {
  std::vector<Trial> trials;
  for (std::size_t first = 0; first < choices.size(); first += 2) {
    std::vector<std::unique_ptr<run::IsolatedTask>> tasks;
    std::vector<double> kept;
    for (std::size_t i = first; i < std::min(choices.size(), first + 2); ++i) {
      Assembly assembly = assemble(config_, layers_, choices[i]);
      kept.push_back(assembly.kept);
      run::RunConfig config = config_;
      config.masks = std::move(assembly.masks);
      tasks.push_back(std::make_unique<run::IsolatedTask>([config = std::move(config)]() -> Expected<std::string> {
        const Expected<result::DensityResult> found = run_density(config, run::Density::sparse);
        if (!found) return found.failure();
        return pack(*found);
      }));
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Expected<std::string> result = tasks[i]->wait();
      if (!result) return result.failure();
      trials.push_back(trial_of(config_, result::unpack(*result)));
      trials.back().choice = choices[first + i];
      trials.back().kept = kept[i];
      ++simulations_;
    }
  }
  return trials;
}

}  // namespace tessera::pruning
