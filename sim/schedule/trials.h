// Simulations that a schedule is chosen by. run/ implements it: what decides mappings knows neither programs nor
// simulators.
#pragma once
#include <optional>
#include <vector>

#include "sim/mapping/mapping.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::schedule {

class Trials {
 public:
  virtual ~Trials() = default;
  // Simulates the network as `mapping` says, with masks[i] as the block mask of layer i. When the last task of every
  // layer ends, in cycles, by LayerId; negative for a layer that has none. Nothing where no program can be made.
  virtual std::optional<std::vector<double>> layer_ends(const network::Network& network,
                                                        const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                                        const mapping::Mapping& mapping) const = 0;
};

}  // namespace tessera::schedule
