// Evaluates points for a search: plans them, runs them through the pool, answers with objective values.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "explore/pool/progress.h"
#include "explore/search/pareto.h"
#include "explore/sweep/run_sweep.h"

namespace tessera::explore {

class Evaluator {
 public:
  // Everything given must outlive the evaluator.
  Evaluator(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options, Store& store,
            int lock_descriptor);

  // Objective values of a point outside the condition, refused, failed, or beyond the budget.
  static constexpr double worst = 1e30;

  // Runs what is not known yet. Values are to be minimized.
  std::vector<std::vector<double>> evaluate(const std::vector<Index>& points);

  int evaluated() const { return static_cast<int>(known_.size()); }
  bool exhausted() const { return evaluated() >= budget_; }
  bool stopped() const { return interrupted_ || failure_; }
  bool interrupted() const { return interrupted_; }
  const std::optional<Failure>& failure() const { return failure_; }
  void finish() { progress_.finish(); }

 private:
  void run(const std::vector<Index>& fresh);
  std::vector<double> values_of(const PlanEntry& entry);

  const Sweep& sweep_;
  const PointRunner& runner_;
  const SweepOptions& options_;
  Store& store_;
  int lock_descriptor_;
  int budget_;
  std::vector<Objective> objectives_;
  Progress progress_;  // of evaluated points
  std::map<Index, std::vector<double>> known_;
  bool interrupted_ = false;
  std::optional<Failure> failure_;
};

std::vector<Objective> objectives_of(const SearchSpec& search);

}  // namespace tessera::explore
