// Simulations that a schedule is chosen by. run/ implements it: what decides mappings knows neither programs nor
// simulators.
#pragma once
#include <optional>
#include <vector>

#include "sim/mapping/mapping.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::schedule {

// By LayerId, in cycles.
struct LayerTimes {
  std::vector<double> ends;     // of the layer's last task; negative where it has none
  std::vector<double> control;  // what the busiest controller does for the layer; 0 where transfers start for free
};

// When the last layer ends.
double whole(const LayerTimes& times);

// By how much each layer ends behind all layers that are computed before it, with what is computed with it.
std::vector<double> layer_shares(const mapping::Mapping& mapping, const LayerTimes& times);

class Trials {
 public:
  virtual ~Trials() = default;
  // Simulates the network as `mapping` says, with masks[i] as the block mask of layer i. Nothing where no program can
  // be made.
  virtual std::optional<LayerTimes> layer_times(const network::Network& network,
                                                const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                                const mapping::Mapping& mapping) const = 0;
  // The same as a run has it: with the switches that controllers write between layers, which takes longer to find out.
  virtual std::optional<LayerTimes> run_times(const network::Network& network,
                                              const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                              const mapping::Mapping& mapping) const {
    return layer_times(network, masks, mapping);
  }
  // Cycles that no mapping of the network with these masks takes less than; 0: nothing is known.
  virtual double least_cycles(const network::Network&, const std::vector<std::optional<sparsity::BlockMask>>&) const {
    return 0;
  }
  // The mapping that is decided for the network without masks, where somebody else decides it.
  virtual std::optional<mapping::Mapping> dense_mapping() const { return std::nullopt; }
  // What run_times says of it without masks, where that somebody else knows.
  virtual std::optional<LayerTimes> dense_times() const { return std::nullopt; }
};

}  // namespace tessera::schedule
