#include "sim/pruning/pruner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/pruning/knapsack.h"
#include "sim/pruning/trial.h"

namespace tessera::pruning {
namespace {

constexpr int most_rounds = 12;  // of knapsack and simulation

// What the network takes is no less than this of it.
std::string at_least_text(double least, Quantity quantity) {
  return amount_text(quantity == Quantity::weight_bytes ? least : std::ceil(least * 10) / 10, quantity);
}

class Pruner {
 public:
  Pruner(const run::RunConfig& config, const PruneSpec& spec, const std::vector<LayerCandidates>& layers,
         const std::function<void(const std::string&)>& progress)
      : config_(config), spec_(spec), layers_(layers), progress_(progress), trials_(config, layers) {}

  Expected<Pruned> prune() {
    if (std::optional<Failure> failure = try_uniform()) return *failure;
    if (total(*least_) > spec_.budget.most) return infeasible();
    std::vector<std::vector<Option>> costs = groups_;
    for (int pass = 0; pass < 3; ++pass) {
      const Choice before = best_->choice;
      if (std::optional<Failure> failure = search(costs)) return *failure;
      if (pass > 0 && best_->choice == before) break;
      costs = corrected();
    }
    if (std::optional<Failure> failure = give_back()) return *failure;
    return result();
  }

 private:
  double total(const Trial& trial) const { return amount(trial.total, spec_.budget.quantity); }
  Choice uniform(std::size_t candidate) const { return Choice(layers_.size(), static_cast<int>(candidate)); }

  const Candidate& taken(std::size_t layer, const Choice& choice) const {
    return layers_[layer].candidates[static_cast<std::size_t>(choice[layer])];
  }

  // Keeps the trial when it is the best within the budget, or the least of all.
  bool consider(const Trial& trial) {
    if (!least_ || total(trial) < total(*least_)) least_ = trial;
    const bool better = total(trial) <= spec_.budget.most && (!best_ || trial.kept > best_->kept);
    if (better) best_ = trial;
    return better;
  }

  // Whether no layer loses other blocks than with the candidate before.
  bool same_as_before(std::size_t candidate) const {
    return candidate > 0 && std::all_of(layers_.begin(), layers_.end(), [&](const LayerCandidates& layer) {
             return layer.candidates[candidate].mask.bits == layer.candidates[candidate - 1].mask.bits;
           });
  }

  std::optional<Failure> try_uniform() {
    const std::size_t count = layers_.empty() ? 1 : layers_[0].candidates.size();
    std::vector<Choice> choices;
    for (std::size_t c = 0; c < count; ++c)
      if (!same_as_before(c)) choices.push_back(uniform(c));
    progress_(fmt::format("simulating {} uniform shares", choices.size()));
    Expected<std::vector<Trial>> all = trials_.simulate(choices);
    if (!all) return all.failure();
    for (std::size_t c = 0, next = 0; c < count; ++c)
      uniform_.push_back(same_as_before(c) ? uniform_.back() : (*all)[next++]);
    for (const Trial& trial : uniform_) consider(trial);
    for (const LayerCandidates& layer : layers_) {
      std::vector<Option>& group = groups_.emplace_back();
      for (std::size_t c = 0; c < count; ++c)
        group.push_back({amount(uniform_[c].layers[static_cast<std::size_t>(layer.layer)], spec_.budget.quantity),
                         layer.weight * layer.candidates[c].lost});
    }
    return try_cheapest();
  }

  // Every layer's cheapest candidate, which need not be the one with the fewest blocks.
  std::optional<Failure> try_cheapest() {
    Choice cheapest;
    for (const std::vector<Option>& group : groups_)
      cheapest.push_back(
          static_cast<int>(std::min_element(group.begin(), group.end(),
                                            [](const Option& a, const Option& b) { return a.cost < b.cost; }) -
                           group.begin()));
    return try_choices({cheapest}, nullptr);
  }

  // Simulates what has not been simulated; `found` gets the last of them.
  std::optional<Failure> try_choices(const std::vector<Choice>& choices, Trial* found) {
    Expected<std::vector<Trial>> trials = trials_.simulate(choices);
    if (!trials) return trials.failure();
    for (const Trial& trial : *trials) consider(trial);
    if (found != nullptr && !trials->empty()) *found = trials->back();
    return std::nullopt;
  }

  static double model(const std::vector<std::vector<Option>>& costs, const Choice& choice) {
    double sum = 0;
    for (std::size_t i = 0; i < choice.size(); ++i) sum += costs[i][static_cast<std::size_t>(choice[i])].cost;
    return sum;
  }

  // The costs of each layer times what the best trial took for it over what the model says.
  std::vector<std::vector<Option>> corrected() const {
    std::vector<std::vector<Option>> costs = groups_;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      const double said = costs[i][static_cast<std::size_t>(best_->choice[i])].cost;
      const double took = amount(best_->layers[static_cast<std::size_t>(layers_[i].layer)], spec_.budget.quantity);
      if (said > 0)
        for (Option& option : costs[i]) option.cost *= took / said;
    }
    return costs;
  }

  // Knapsack and simulation in turn, the knapsack's budget moved by what the model was off, until the best trial is
  // within the tolerance below the budget.
  std::optional<Failure> search(const std::vector<std::vector<Option>>& costs) {
    const double most = spec_.budget.most;
    double low = 0, high = 0;
    for (const std::vector<Option>& group : costs) {
      const auto [least, greatest] = std::minmax_element(
          group.begin(), group.end(), [](const Option& a, const Option& b) { return a.cost < b.cost; });
      low += least->cost;
      high += greatest->cost;
    }
    double budget = model(costs, best_->choice) + most * (1 - tolerance / 4) - total(*best_);
    for (int round = 0; round < most_rounds && high - low > 1e-9 * high; ++round) {
      const std::optional<Choice> choice = choose_options(costs, std::clamp(budget, low, high));
      if (!choice || !tried_.insert(*choice).second) break;
      progress_(fmt::format("{} in the model", amount_text(model(costs, *choice), spec_.budget.quantity)));
      Trial trial;
      if (std::optional<Failure> failure = try_choices({*choice}, &trial)) return failure;
      const bool fits = total(trial) <= most;
      if (fits && (total(trial) >= most * (1 - tolerance) || budget >= high)) break;
      if (fits)
        low = std::max(low, model(costs, *choice));
      else
        high = std::min(high, model(costs, *choice));
      budget = model(costs, *choice) + most * (1 - tolerance / 2) - total(trial);
      if (budget <= low || budget >= high) budget = (low + high) / 2;
    }
    return std::nullopt;
  }

  // The candidate of the layer that loses less than the taken one, and of those the one that loses most; -1: none.
  int less_pruned(std::size_t layer) const {
    const double lost = taken(layer, best_->choice).lost;
    int next = -1;
    double most = -1;
    for (std::size_t c = 0; c < layers_[layer].candidates.size(); ++c) {
      const double other = layers_[layer].candidates[c].lost;
      if (other >= lost || other <= most) continue;
      most = other;
      next = static_cast<int>(c);
    }
    return next;
  }

  // Gives blocks back to one layer at a time, where most importance returns, as long as the budget has room: what is
  // left when no choice of the knapsack uses it up.
  std::optional<Failure> give_back() {
    for (int round = 0; round < most_rounds && total(*best_) < spec_.budget.most; ++round) {
      std::vector<std::pair<double, Choice>> moves;
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        const int next = less_pruned(i);
        if (next < 0) continue;
        Choice choice = best_->choice;
        choice[i] = next;
        if (tried_.count(choice) == 0) moves.emplace_back(assemble(config_, layers_, choice).kept, std::move(choice));
      }
      std::stable_sort(moves.begin(), moves.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
      std::vector<Choice> choices;
      for (std::size_t m = 0; m < std::min<std::size_t>(2, moves.size()); ++m) choices.push_back(moves[m].second);
      if (choices.empty()) break;
      tried_.insert(choices.begin(), choices.end());
      if (std::optional<Failure> failure = try_choices(choices, nullptr)) return failure;
    }
    return std::nullopt;
  }

  Failure infeasible() const {
    const Quantity quantity = spec_.budget.quantity;
    std::vector<std::size_t> order(config_.network.layers.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return amount(least_->layers[a], quantity) > amount(least_->layers[b], quantity);
    });
    std::vector<std::string> most;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i) {
      const std::string& binds = quantity == Quantity::latency_us ? least_->binds[order[i]] : "";
      most.push_back(fmt::format("{} {}{}", config_.network.layers[order[i]].name,
                                 amount_text(amount(least_->layers[order[i]], quantity), quantity),
                                 binds.empty() ? "" : " (" + binds + ")"));
    }
    return fail(ExitCode::does_not_fit,
                {"", option_of(quantity),
                 fmt::format("is {:.8g} {}, and with the blocks that must stay the network takes {}; most of it: {}",
                             spec_.budget.most, unit_of(quantity), amount_text(total(*least_), quantity),
                             fmt::join(most, ", ")),
                 fmt::format("legal: {} or more, a lower --min-density, fewer layers spared, or other hardware",
                             at_least_text(total(*least_), quantity))});
  }

  // The uniform share that takes as much as the best trial, between two simulated ones, and what it keeps; of the
  // patterns the one that keeps most.
  void compare_uniform(Pruned& pruned) const {
    pruned.uniform_kept = 0;
    for (std::size_t start = 0; start < uniform_.size(); start += share_steps + 1)
      for (std::size_t c = start + 1; c < start + share_steps + 1; ++c) {
        const double before = total(uniform_[c - 1]), after = total(uniform_[c]);
        if (after > total(*best_) && c < start + share_steps) continue;
        const double part = before > after ? std::clamp((before - total(*best_)) / (before - after), 0.0, 1.0) : 0;
        const double mixed = uniform_[c - 1].kept + part * (uniform_[c].kept - uniform_[c - 1].kept);
        if (mixed > pruned.uniform_kept) {
          pruned.uniform_share = (static_cast<double>(c - start) - 1 + part) / share_steps;
          pruned.uniform_kept = mixed;
        }
        break;
      }
  }

  Pruned result() const {
    Pruned pruned;
    const Assembly assembly = assemble(config_, layers_, best_->choice);
    pruned.masks = assembly.masks;
    pruned.before = uniform_.front().total;
    pruned.after = best_->total;
    pruned.least = total(*least_);
    pruned.kept = assembly.kept;
    pruned.simulations = trials_.simulations();
    compare_uniform(pruned);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto id = static_cast<std::size_t>(layers_[i].layer);
      const std::vector<std::uint8_t>& blocks = pruned.masks[id]->bits;
      const auto zeros = static_cast<std::size_t>(std::count(blocks.begin(), blocks.end(), 0));
      pruned.layers.push_back({layers_[i].layer, blocks.size(), zeros, taken(i, best_->choice).pattern,
                               1 - assembly.lost[i], uniform_.front().layers[id], best_->layers[id], best_->binds[id]});
    }
    return pruned;
  }

  const run::RunConfig& config_;
  const PruneSpec& spec_;
  const std::vector<LayerCandidates>& layers_;
  const std::function<void(const std::string&)>& progress_;
  Trials trials_;
  std::vector<Trial> uniform_;               // by candidate
  std::vector<std::vector<Option>> groups_;  // by layer and candidate
  std::set<Choice> tried_;                   // of the knapsack and by giving back
  std::optional<Trial> best_, least_;        // most kept within the budget; least of what the budget is of
};

}  // namespace

Expected<Pruned> prune_network(const run::RunConfig& config, const PruneSpec& spec,
                               const std::vector<LayerCandidates>& layers,
                               const std::function<void(const std::string&)>& progress) {
  return Pruner(config, spec, layers, progress).prune();
}

}  // namespace tessera::pruning
