#include "sim/sparsity/importance_masks.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/random.h"

namespace tessera::sparsity {
namespace {

using Masks = std::vector<std::optional<BlockMask>>;

// The array of a layer, or a problem.
const FloatWeights* find(const network::Layer& layer, const WeightsByLayer& all, const char* what,
                         std::vector<Problem>& problems) {
  const auto it = all.find(layer.name);
  if (it == all.end()) {
    problems.push_back(
        {"", what, fmt::format("has no weights of layer '{}'", layer.name), "legal: those of every layer with a mask"});
    return nullptr;
  }
  const FloatWeights& w = it->second;
  const int taps = layer.window.kh * layer.window.kw;
  if (w.cout == layer.out.c && w.taps == taps && w.cin == layer.in.c) return &w;
  problems.push_back({"", what, fmt::format("has {} x {} taps x {} for layer '{}'", w.cout, w.taps, w.cin, layer.name),
                      fmt::format("legal: {} x {} taps x {}, as in the network", layer.out.c, taps, layer.in.c)});
  return nullptr;
}

struct Candidate {
  network::LayerId layer;
  std::size_t zeros;
};

void choose_by_ratio(const MaskSpec& spec, const std::vector<Candidate>& candidates, std::vector<PrunedLayer>& layers) {
  if (spec.scope == MaskScope::global) {
    std::size_t all = 0;
    for (const Candidate& c : candidates) all += c.zeros;
    return prune(layers, all);
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::vector<PrunedLayer> alone{std::move(layers[i])};
    prune(alone, candidates[i].zeros);
    layers[i] = std::move(alone[0]);
  }
}

}  // namespace

std::vector<Problem> choose_blocks(const network::Network& network, const MaskSpec& spec, const WeightsByLayer& weights,
                                   const WeightsByLayer* gradients, Masks& masks) {
  std::vector<Problem> problems;
  std::vector<PrunedLayer> layers;
  std::vector<Candidate> candidates;
  for (const network::Layer& layer : network.layers) {
    const std::optional<BlockMask>& mask = masks[static_cast<std::size_t>(layer.id)];
    if (!mask) continue;
    const FloatWeights *w = find(layer, weights, "weights", problems),
                       *g = gradients == nullptr ? nullptr : find(layer, *gradients, "gradients", problems);
    if (w == nullptr || (gradients != nullptr && g == nullptr)) continue;
    const std::uint64_t seed = derive_seed(spec.seed, static_cast<std::uint64_t>(layer.id));
    layers.push_back({*mask, block_importance(*w, mask->bc, mask->bi, *spec.importance, seed, g)});
    candidates.push_back({layer.id, static_cast<std::size_t>(std::count(mask->bits.begin(), mask->bits.end(), 0))});
  }
  if (!problems.empty()) return problems;
  if (spec.scope == MaskScope::n_m)
    for (PrunedLayer& layer : layers) keep_n_of_m(layer, spec.n_m[0], spec.n_m[1]);
  else
    choose_by_ratio(spec, candidates, layers);
  for (std::size_t i = 0; i < layers.size(); ++i)
    masks[static_cast<std::size_t>(candidates[i].layer)] = std::move(layers[i].mask);
  return problems;
}

}  // namespace tessera::sparsity
