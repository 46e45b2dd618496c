// What could be left out of each layer: masks of rising shares of zero blocks, the least important blocks first, in
// each pattern that is allowed, and what each of them loses.
#pragma once
#include <string>
#include <vector>

#include "sim/pruning/budget.h"
#include "sim/run/run_config.h"
#include "sim/sparsity/patterned_pruning.h"
#include "sim/sparsity/weight_file.h"

namespace tessera::pruning {

constexpr int share_steps = 16;  // in a pattern, candidate k leaves out k / 16 of the blocks

struct PruneSpec {
  Budget budget;
  sparsity::Importance importance = sparsity::Importance::l2;
  double least_density = 0;        // every layer keeps this share of its blocks, and at least one block
  std::vector<std::string> spare;  // layers that keep all of their blocks
  std::vector<sparsity::PrunePattern> patterns{sparsity::PrunePattern::free};
};

struct Candidate {
  int share = 0;  // of share_steps
  sparsity::PrunePattern pattern = sparsity::PrunePattern::free;
  sparsity::BlockMask mask;  // blocks that are zero in the weights are not in it, but for the last one
  std::size_t zeros = 0;     // blocks that it leaves out
  double lost = 0;           // their importance as a share of the layer's
};

// Every layer has the same shares and patterns at the same places: pattern by pattern, shares rising from 0.
struct LayerCandidates {
  network::LayerId layer = 0;
  std::vector<Candidate> candidates;
  std::vector<double> importance;  // by block
  double weight = 1;               // of the layer's share in the network's
};

// Of every layer with weights but the first convolution and those that are spared, in blocks of the layer's own size
// (`config.mask_spec`). Importance of gradients compares layers as it is; other measures count each layer alike.
std::vector<LayerCandidates> make_candidates(const run::RunConfig& config, const PruneSpec& spec,
                                             const sparsity::WeightsByLayer& weights,
                                             const sparsity::WeightsByLayer* gradients);

// Without `zeros` of the blocks and without those of importance 0, as long as a block of some importance stays. The
// shape of `grid` counts, not its bits.
Candidate candidate_of(const sparsity::BlockMask& grid, const std::vector<double>& importance, std::size_t zeros,
                       sparsity::PrunePattern pattern);

// What a mask leaves out, as a share of the layer's importance.
double lost_importance(const LayerCandidates& layer, const sparsity::BlockMask& mask);

}  // namespace tessera::pruning
