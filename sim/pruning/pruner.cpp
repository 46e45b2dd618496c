#include "sim/pruning/pruner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "sim/pruning/knapsack.h"
#include "sim/result/json.h"
#include "sim/run/isolate.h"
#include "sim/run/pipeline.h"

namespace tessera::pruning {
namespace {

constexpr int most_rounds = 12;  // of knapsack and simulation

// One simulation of the whole network.
struct Simulated {
  double latency_us = 0;
  std::vector<double> layer_us;    // by LayerId: time of the cores on it, waiting included
  std::vector<std::string> binds;  // by LayerId
};

Simulated measured(const run::RunConfig& config, const result::DensityResult& result) {
  Simulated s;
  s.latency_us = result.latency_us;
  s.layer_us.resize(config.network.layers.size());
  s.binds.resize(config.network.layers.size());
  std::map<std::string, network::LayerId> ids;
  for (const network::Layer& layer : config.network.layers) ids[layer.name] = layer.id;
  const double cycle_us = s.latency_us / (static_cast<double>(result.total) / millicycles_per_cycle);
  for (const result::LayerResult& layer : result.layers) {
    const auto id = static_cast<std::size_t>(ids.at(layer.name));
    const Millicycles idle = layer.time[static_cast<std::size_t>(exec::Cause::idle)];
    const Millicycles time = std::accumulate(layer.time.begin(), layer.time.end(), -idle);
    s.layer_us[id] = static_cast<double>(time) / millicycles_per_cycle * cycle_us / config.array.cores();
    if (layer.bounds) s.binds[id] = layer.bounds->alone_by;
  }
  return s;
}

class Pruner {
 public:
  Pruner(const run::RunConfig& config, const PruneSpec& spec, const std::vector<LayerCandidates>& layers,
         const std::function<void(const std::string&)>& progress)
      : config_(config), spec_(spec), layers_(layers), progress_(progress) {
    // Shares beyond which no layer may lose a block more are all alike.
    for (const LayerCandidates& layer : layers_)
      for (int k = 1; k <= share_steps; ++k)
        if (layer.zeros[static_cast<std::size_t>(k)] != layer.zeros[static_cast<std::size_t>(k) - 1])
          steps_ = std::max(steps_, k + 1);
  }

  Expected<Pruned> prune() {
    if (std::optional<Failure> failure = simulate_uniform()) return *failure;
    if (uniform_.back().latency_us > spec_.latency_us) return infeasible();
    Expected<Simulated> best = search();
    if (!best) return best.failure();
    if (std::optional<Failure> failure = refine(*best)) return *failure;
    return result(*best);
  }

 private:
  std::vector<int> uniform(int step) const { return std::vector<int>(layers_.size(), step); }

  run::RunConfig with(const std::vector<int>& chosen) const {
    run::RunConfig config = config_;
    for (std::size_t i = 0; i < layers_.size(); ++i)
      config.masks[static_cast<std::size_t>(layers_[i].layer)] = layers_[i].masks[static_cast<std::size_t>(chosen[i])];
    return config;
  }

  // Several choices, each in its own process, two at a time.
  Expected<std::vector<Simulated>> simulate(const std::vector<std::vector<int>>& choices) {
    std::vector<Simulated> results;
    for (std::size_t first = 0; first < choices.size(); first += 2) {
      std::vector<std::unique_ptr<run::IsolatedTask>> tasks;
      for (std::size_t i = first; i < std::min(choices.size(), first + 2); ++i)
        tasks.push_back(std::make_unique<run::IsolatedTask>([this, chosen = choices[i]]() -> Expected<std::string> {
          const Expected<result::DensityResult> found = run_density(with(chosen), run::Density::sparse);
          if (!found) return found.failure();
          return pack(*found);
        }));
      for (const auto& task : tasks) {
        const Expected<std::string> result = task->wait();
        if (!result) return result.failure();
        results.push_back(measured(config_, result::unpack(*result)));
        ++simulations_;
      }
    }
    return results;
  }

  std::optional<Failure> simulate_uniform() {
    progress_(fmt::format("simulating {} uniform shares", steps_));
    std::vector<std::vector<int>> choices;
    for (int k = 0; k < steps_; ++k) choices.push_back(uniform(k));
    Expected<std::vector<Simulated>> all = simulate(choices);
    if (!all) return all.failure();
    uniform_ = std::move(*all);
    for (const LayerCandidates& layer : layers_) {
      std::vector<Option>& group = groups_.emplace_back();
      for (std::size_t k = 0; k < static_cast<std::size_t>(steps_); ++k)
        group.push_back({uniform_[k].layer_us[static_cast<std::size_t>(layer.layer)], layer.weight * layer.lost[k]});
    }
    return std::nullopt;
  }

  // Time that the chosen layers take in the model.
  double model_us(const std::vector<int>& chosen) const {
    double us = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) us += groups_[i][static_cast<std::size_t>(chosen[i])].cost;
    return us;
  }

  // The simulated choice nearest below the budget, or else nearest above it within the tolerance.
  Expected<Simulated> search() {
    double budget = model_us(uniform(0)) + spec_.latency_us - uniform_.front().latency_us;
    double low = model_us(uniform(steps_ - 1)), high = model_us(uniform(0));
    std::optional<Simulated> best{uniform_.back()};
    chosen_ = uniform(steps_ - 1);
    for (int round = 0; round < most_rounds; ++round) {
      const std::optional<std::vector<int>> choice = choose_options(groups_, std::clamp(budget, low, high));
      if (!choice) {
        budget = std::min(high, budget * (1 + tolerance / 2));
        continue;
      }
      if (std::find(simulated_.begin(), simulated_.end(), *choice) != simulated_.end()) break;
      simulated_.push_back(*choice);
      progress_(fmt::format("round {}: {:.1f} us in the model", round + 1, model_us(*choice)));
      Expected<std::vector<Simulated>> simulated = simulate({*choice});
      if (!simulated) return simulated.failure();
      const double us = (*simulated)[0].latency_us, wanted = spec_.latency_us;
      const bool fits = us <= wanted;
      if (fits && kept_importance(layers_, *choice) > kept_importance(layers_, chosen_)) {
        best = std::move((*simulated)[0]);
        chosen_ = *choice;
      }
      if ((fits && us >= wanted * (1 - tolerance)) || (fits && budget >= high)) break;
      // Towards the middle of the tolerance, by what the model was off.
      if (fits)
        low = std::max(low, model_us(*choice));
      else
        high = std::min(high, model_us(*choice));
      budget = model_us(*choice) + (wanted * (1 - tolerance / 2) - us);
      if (budget <= low || budget >= high) budget = (low + high) / 2;
      if (high - low < 1e-9 * high) break;
    }
    return *best;
  }

  // Gives blocks back to one layer at a time, where most importance returns, as long as the time is short of the
  // tolerance: what is left when no choice of the knapsack lies within it.
  std::optional<Failure> refine(Simulated& best) {
    std::vector<bool> tried(layers_.size(), false);
    for (int round = 0; round < most_rounds && best.latency_us < spec_.latency_us * (1 - tolerance); ++round) {
      std::size_t at = layers_.size();
      double most = 0;
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        const auto k = static_cast<std::size_t>(chosen_[i]);
        const double gain = k == 0 || tried[i] ? 0 : groups_[i][k].loss - groups_[i][k - 1].loss;
        if (gain <= most) continue;
        most = gain;
        at = i;
      }
      if (at == layers_.size()) break;
      tried[at] = true;
      std::vector<int> choice = chosen_;
      --choice[at];
      Expected<std::vector<Simulated>> simulated = simulate({choice});
      if (!simulated) return simulated.failure();
      if ((*simulated)[0].latency_us > spec_.latency_us) continue;
      best = std::move((*simulated)[0]);
      chosen_ = std::move(choice);
      tried[at] = false;
    }
    return std::nullopt;
  }

  Failure infeasible() const {
    const Simulated& least = uniform_.back();
    std::vector<std::size_t> order(config_.network.layers.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return least.layer_us[a] > least.layer_us[b]; });
    std::vector<std::string> longest;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i)
      longest.push_back(fmt::format("{} {:.1f} us{}", config_.network.layers[order[i]].name, least.layer_us[order[i]],
                                    least.binds[order[i]].empty() ? "" : " (" + least.binds[order[i]] + ")"));
    return fail(
        ExitCode::does_not_fit,
        {"", "--latency-us",
         fmt::format("is {:.6g} us, and with the fewest blocks that may stay the network takes {:.1f} us; longest: "
                     "{}",
                     spec_.latency_us, least.latency_us, fmt::join(longest, ", ")),
         fmt::format("legal: {:.1f} us or more, a lower --min-density, fewer layers spared, or faster hardware",
                     std::ceil(least.latency_us * 10) / 10)});
  }

  // The uniform share that takes as long, between two simulated ones, and what it keeps.
  void compare_uniform(Pruned& pruned) const {
    for (int k = 1; k < steps_; ++k) {
      const double before = uniform_[static_cast<std::size_t>(k) - 1].latency_us,
                   after = uniform_[static_cast<std::size_t>(k)].latency_us;
      if (after > pruned.latency_us && k + 1 < steps_) continue;
      const double part = before > after ? std::clamp((before - pruned.latency_us) / (before - after), 0.0, 1.0) : 0;
      const double kept_before = kept_importance(layers_, uniform(k - 1)),
                   kept_after = kept_importance(layers_, uniform(k));
      pruned.uniform_share = (k - 1 + part) / share_steps;
      pruned.uniform_kept = kept_before + part * (kept_after - kept_before);
      return;
    }
  }

  Pruned result(const Simulated& best) const {
    Pruned pruned;
    pruned.masks = with(chosen_).masks;
    pruned.before_us = uniform_.front().latency_us;
    pruned.latency_us = best.latency_us;
    pruned.least_us = uniform_.back().latency_us;
    pruned.kept = kept_importance(layers_, chosen_);
    pruned.simulations = simulations_;
    compare_uniform(pruned);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto id = static_cast<std::size_t>(layers_[i].layer);
      const auto c = static_cast<std::size_t>(chosen_[i]);
      pruned.layers.push_back({layers_[i].layer, layers_[i].masks[c].bits.size(), layers_[i].zeros[c],
                               1 - layers_[i].lost[c], uniform_.front().layer_us[id], best.layer_us[id],
                               best.binds[id]});
    }
    return pruned;
  }

  const run::RunConfig& config_;
  const PruneSpec& spec_;
  const std::vector<LayerCandidates>& layers_;
  const std::function<void(const std::string&)>& progress_;
  int steps_ = 1;                            // uniform shares
  std::vector<Simulated> uniform_;           // by step
  std::vector<std::vector<Option>> groups_;  // by layer and candidate
  std::vector<int> chosen_;
  std::vector<std::vector<int>> simulated_;  // choices of the knapsack so far
  int simulations_ = 0;
};

}  // namespace

Expected<Pruned> prune_network(const run::RunConfig& config, const PruneSpec& spec,
                               const std::vector<LayerCandidates>& layers,
                               const std::function<void(const std::string&)>& progress) {
  return Pruner(config, spec, layers, progress).prune();
}

}  // namespace tessera::pruning
