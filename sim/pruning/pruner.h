// Which blocks of a network to leave out so that it stays within a budget of time, weight bytes or energy and keeps as
// much importance as possible.
//
// What every (layer, candidate) costs comes from simulations of the whole network with that candidate everywhere: of
// time it is what the cores spend on the layer, waiting included, so that what layers hide from each other is in it. A
// knapsack over these costs chooses a candidate per layer; the choice is simulated, and costs and budget of the
// knapsack are corrected by what the simulation says.
#pragma once
#include <functional>

#include "sim/pruning/candidates.h"

namespace tessera::pruning {

constexpr double tolerance = 0.02;  // of the budget

struct PrunedRow {
  network::LayerId layer = 0;
  std::size_t blocks = 0, zeros = 0;
  sparsity::PrunePattern pattern = sparsity::PrunePattern::free;
  double kept = 1;            // share of the layer's importance
  Amounts before{}, after{};  // time: of the cores, waiting included
  std::string binds;          // what the layer's own bound comes from, after pruning
};

struct Pruned {
  std::vector<std::optional<sparsity::BlockMask>> masks;  // by LayerId
  Amounts before{}, after{};  // of the network; before: with every block that is not zero in the weights
  double least = 0;           // the least seen of what the budget is of
  double kept = 1;            // share of the network's importance
  double uniform_share = 0, uniform_kept = 1;  // the uniform share of zero blocks that takes as much
  int simulations = 0;
  std::vector<PrunedRow> layers;
};

// exit code 3 when no mask within the spec meets the budget. `progress` is called with what is done next.
Expected<Pruned> prune_network(const run::RunConfig& config, const PruneSpec& spec,
                               const std::vector<LayerCandidates>& layers,
                               const std::function<void(const std::string&)>& progress);

}  // namespace tessera::pruning
