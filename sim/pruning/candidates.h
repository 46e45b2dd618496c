// What could be left out of each layer: masks of rising shares of zero blocks, the least important blocks first, and
// what each of them loses.
#pragma once
#include <string>
#include <vector>

#include "sim/run/run_config.h"
#include "sim/sparsity/importance.h"
#include "sim/sparsity/weight_file.h"

namespace tessera::pruning {

constexpr int share_steps = 16;  // candidate k leaves out k / 16 of the blocks

struct PruneSpec {
  double latency_us = 0;
  sparsity::Importance importance = sparsity::Importance::l2;
  double least_density = 0;        // every layer keeps this share of its blocks, and at least one block
  std::vector<std::string> spare;  // layers that keep all of their blocks
};

struct LayerCandidates {
  network::LayerId layer = 0;
  std::vector<sparsity::BlockMask> masks;  // of candidate k; blocks that are zero in the weights are in none
  std::vector<double> lost;                // importance of the blocks that candidate k leaves out, as a share of all
  double weight = 1;                       // of the layer's share in the network's
  std::vector<std::size_t> zeros;          // blocks that candidate k leaves out
};

// Of every layer with weights but the first convolution and those that are spared. Importance of gradients compares
// layers as it is; other measures count each layer alike.
std::vector<LayerCandidates> make_candidates(const run::RunConfig& config, const PruneSpec& spec,
                                             const sparsity::WeightsByLayer& weights,
                                             const sparsity::WeightsByLayer* gradients);

// Share of the network's importance that remains when candidate `chosen[i]` of layer i is taken.
double kept_importance(const std::vector<LayerCandidates>& layers, const std::vector<int>& chosen);

}  // namespace tessera::pruning
