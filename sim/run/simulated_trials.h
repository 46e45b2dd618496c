// Trials of a schedule on the simulator, each in a process of its own.
#pragma once
#include "sim/cost/latency_model.h"
#include "sim/schedule/trials.h"

namespace tessera::run {

class SimulatedTrials : public schedule::Trials {
 public:
  SimulatedTrials(const arch::ArraySpec& array, const cost::LatencyModel& latency_model)
      : array_(array), latency_model_(latency_model) {}
  std::optional<std::vector<double>> layer_ends(const network::Network& network,
                                                const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                                const mapping::Mapping& mapping) const override;

 private:
  const arch::ArraySpec& array_;
  const cost::LatencyModel& latency_model_;
};

}  // namespace tessera::run
