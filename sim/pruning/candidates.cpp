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
                              const std::vector<double>& importance, const PruneSpec& spec) {
  LayerCandidates c;
  c.layer = id;
  c.importance = importance;
  c.weight = std::accumulate(importance.begin(), importance.end(), 0.0);
  const std::size_t blocks = importance.size();
  const auto stay = static_cast<std::size_t>(std::ceil(spec.least_density * static_cast<double>(blocks)));
  const std::size_t most = blocks - std::max<std::size_t>(1, stay);
  for (const sparsity::PrunePattern pattern : spec.patterns)
    for (int k = 0; k <= share_steps; ++k) {
      const std::size_t zeros = std::min(most, blocks * static_cast<std::size_t>(k) / share_steps);
      c.candidates.push_back(candidate_of(grid, importance, zeros, pattern));
      c.candidates.back().share = k;
      c.candidates.back().lost = lost_importance(c, c.candidates.back().mask);
    }
  return c;
}

}  // namespace

Candidate candidate_of(const sparsity::BlockMask& grid, const std::vector<double>& importance, std::size_t zeros,
                       sparsity::PrunePattern pattern) {
  Candidate c;
  c.pattern = pattern;
  c.mask = prune_patterned(grid, importance, zeros, pattern);
  if (std::any_of(importance.begin(), importance.end(), [](double value) { return value > 0; }))
    for (std::size_t b = 0; b < importance.size(); ++b)
      if (importance[b] == 0) c.mask.bits[b] = 0;
  c.zeros = static_cast<std::size_t>(std::count(c.mask.bits.begin(), c.mask.bits.end(), 0));
  return c;
}

double lost_importance(const LayerCandidates& layer, const sparsity::BlockMask& mask) {
  double lost = 0, all = 0;
  for (std::size_t b = 0; b < layer.importance.size(); ++b) {
    all += layer.importance[b];
    lost += mask.bits[b] == 0 ? layer.importance[b] : 0;
  }
  return all > 0 ? lost / all : 0;
}

std::vector<LayerCandidates> make_candidates(const run::RunConfig& config, const PruneSpec& spec,
                                             const sparsity::WeightsByLayer& weights,
                                             const sparsity::WeightsByLayer* gradients) {
  std::vector<LayerCandidates> layers;
  for (const network::Layer& layer : config.network.layers) {
    const auto own = weights.find(layer.name);
    if (own == weights.end() || is_first_convolution(config.network, layer) ||
        std::find(spec.spare.begin(), spec.spare.end(), layer.name) != spec.spare.end())
      continue;
    const sparsity::MaskSpec& masks = config.mask_spec;
    const auto given = masks.layers.find(layer.name);
    const sparsity::MaskOverride sides = given == masks.layers.end() ? sparsity::MaskOverride{} : given->second;
    const auto grid = sparsity::BlockMask::all_ones(layer.out.c, layer.in.c, sides.bc.value_or(masks.bc),
                                                    sides.bi.value_or(masks.bi));
    const std::uint64_t seed = derive_seed(masks.seed, static_cast<std::uint64_t>(layer.id));
    const sparsity::FloatWeights* gradient = gradients == nullptr ? nullptr : &gradients->at(layer.name);
    layers.push_back(candidates_of(
        layer.id, grid, block_importance(own->second, grid.bc, grid.bi, spec.importance, seed, gradient), spec));
  }
  double all = 0;
  for (LayerCandidates& layer : layers) {
    if (!needs_gradients(spec.importance)) layer.weight = 1;
    all += layer.weight;
  }
  for (LayerCandidates& layer : layers) layer.weight = all > 0 ? layer.weight / all : 0;
  return layers;
}

}  // namespace tessera::pruning
