// Which blocks of a network to leave out so that it runs in a given time and keeps as much importance as possible.
//
// The time of every (layer, share) is that which the cores spend on the layer, waiting included, in simulations of the
// whole network with that share everywhere: what layers hide from each other is in it. A knapsack over these times
// chooses a share per layer; the choice is simulated, and its budget corrected by what the simulation says, until that
// meets the budget.
#pragma once
#include <functional>

#include "sim/pruning/candidates.h"

namespace tessera::pruning {

constexpr double tolerance = 0.02;  // of the budget

struct PrunedRow {
  network::LayerId layer = 0;
  std::size_t blocks = 0, zeros = 0;
  double kept = 1;                     // share of the layer's importance
  double before_us = 0, after_us = 0;  // time of the cores, waiting included
  std::string binds;                   // what the layer's own bound comes from, after pruning
};

struct Pruned {
  std::vector<std::optional<sparsity::BlockMask>> masks;  // by LayerId
  double before_us = 0, latency_us = 0, least_us = 0;     // before: with every block that is not zero in the weights
  double kept = 1;                                        // share of the network's importance
  double uniform_share = 0, uniform_kept = 1;             // the uniform share of zero blocks that runs in latency_us
  int simulations = 0;
  std::vector<PrunedRow> layers;
};

// exit code 3 when no mask within the spec is fast enough. `progress` is called with what is done next.
Expected<Pruned> prune_network(const run::RunConfig& config, const PruneSpec& spec,
                               const std::vector<LayerCandidates>& layers,
                               const std::function<void(const std::string&)>& progress);

}  // namespace tessera::pruning
