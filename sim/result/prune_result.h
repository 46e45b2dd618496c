// What `tessera prune` found out.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

// What a network takes.
struct PruneAmounts {
  std::optional<double> latency_us;
  std::optional<Bytes> weight_bytes;
  std::optional<double> energy_uj;
};
struct PruneResult {
  std::string network, hardware, importance;
  PruneAmounts budget, before, pruned;
  double least = 0;
  double importance_kept = 1;
  double uniform_share = 0, uniform_importance_kept = 1;
  std::int64_t simulations = 0;
};

const std::vector<Metric<PruneResult>>& prune_metrics();

std::string json_text(const PruneResult& result);

}  // namespace tessera::result
