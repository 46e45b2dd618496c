#include "sim/pruning/candidates.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/random.h"

namespace tessera::pruning {
namespace {

bool is_first_convolution(const network::Network& network, const network::Layer& layer) {
  const auto first = std::find_if(network.layers.begin(), network.layers.end(),
                                  [](const network::Layer& l) { return l.op == network::Op::conv2d && !l.is_gemm; });
  return first != network.layers.end() && first->id == layer.id;
}

LayerCandidates candidates_of(network::LayerId id, const sparsity::BlockMask& grid,
                              const std::vector<double>& importance, double least_density) {
  LayerCandidates c;
  c.layer = id;
  const std::size_t blocks = importance.size();
  const auto empty = static_cast<std::size_t>(std::count(importance.begin(), importance.end(), 0.0));
  const auto most = blocks - std::max<std::size_t>(
                                 1, static_cast<std::size_t>(std::ceil(least_density * static_cast<double>(blocks))));
  c.weight = std::accumulate(importance.begin(), importance.end(), 0.0);
  for (int k = 0; k <= share_steps; ++k) {
    const std::size_t wanted = std::min(most, blocks * static_cast<std::size_t>(k) / share_steps);
    const std::size_t zeros = std::max(std::min(empty, blocks - 1), wanted);
    std::vector<sparsity::PrunedLayer> layer{{grid, importance}};
    prune(layer, zeros);
    double lost = 0;
    for (std::size_t b = 0; b < blocks; ++b) lost += layer[0].mask.bits[b] == 0 ? importance[b] : 0;
    c.lost.push_back(c.weight > 0 ? lost / c.weight : 0);
    c.zeros.push_back(zeros);
    c.masks.push_back(std::move(layer[0].mask));
  }
  return c;
}

}  // namespace

std::vector<LayerCandidates> make_candidates(const run::RunConfig& config, const PruneSpec& spec,
                                             const sparsity::WeightsByLayer& weights,
                                             const sparsity::WeightsByLayer* gradients) {
  std::vector<LayerCandidates> layers;
  for (const network::Layer& layer : config.network.layers) {
    const auto own = weights.find(layer.name);
    if (own == weights.end() || is_first_convolution(config.network, layer) ||
        std::find(spec.spare.begin(), spec.spare.end(), layer.name) != spec.spare.end())
      continue;
    const auto grid = sparsity::BlockMask::all_ones(layer.out.c, layer.in.c, config.mask_spec.bc, config.mask_spec.bi);
    const std::uint64_t seed = derive_seed(config.mask_spec.seed, static_cast<std::uint64_t>(layer.id));
    const sparsity::FloatWeights* gradient = gradients == nullptr ? nullptr : &gradients->at(layer.name);
    layers.push_back(candidates_of(layer.id, grid,
                                   block_importance(own->second, grid.bc, grid.bi, spec.importance, seed, gradient),
                                   spec.least_density));
  }
  double all = 0;
  for (LayerCandidates& layer : layers) {
    if (!needs_gradients(spec.importance)) layer.weight = 1;
    all += layer.weight;
  }
  for (LayerCandidates& layer : layers) layer.weight = all > 0 ? layer.weight / all : 0;
  return layers;
}

double kept_importance(const std::vector<LayerCandidates>& layers, const std::vector<int>& chosen) {
  double kept = 1;
  for (std::size_t i = 0; i < layers.size(); ++i)
    kept -= layers[i].weight * layers[i].lost[static_cast<std::size_t>(chosen[i])];
  return kept;
}

}  // namespace tessera::pruning
