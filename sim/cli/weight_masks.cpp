#include "sim/cli/weight_masks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/random.h"

namespace tessera::cli {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

sparsity::FloatWeights floats_of(const import::Imported& imported, const network::Layer& layer) {
  const import::LayerWeights& weights = *imported.weights[static_cast<std::size_t>(layer.id)];
  return {layer.out.c, static_cast<int>(weights.shape[1] * weights.shape[2]), static_cast<int>(weights.shape[3]),
          weights.values()};
}

std::size_t zeros(const sparsity::BlockMask& mask) {
  return static_cast<std::size_t>(std::count(mask.bits.begin(), mask.bits.end(), 0));
}

// Replaces the blocks of masks that a generator made by as many of the least important: of each layer, or of all.
void prune_masks(run::RunConfig& config, const import::Imported& imported, const WeightMasks& source) {
  std::vector<sparsity::PrunedLayer> layers;
  std::vector<std::size_t> counts;
  std::vector<network::LayerId> ids;
  for (const network::Layer& layer : config.network.layers) {
    const std::optional<sparsity::BlockMask>& mask = config.masks[static_cast<std::size_t>(layer.id)];
    if (!mask) continue;
    const std::uint64_t seed = derive_seed(config.mask_spec.seed, static_cast<std::uint64_t>(layer.id));
    layers.push_back(
        {*mask, block_importance(floats_of(imported, layer), mask->bc, mask->bi, source.importance, seed)});
    counts.push_back(zeros(*mask));
    ids.push_back(layer.id);
  }
  if (source.global) {
    std::size_t all = 0;
    for (const std::size_t count : counts) all += count;
    prune(layers, all);
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!source.global) {
      std::vector<sparsity::PrunedLayer> alone{std::move(layers[i])};
      prune(alone, counts[i]);
      layers[i] = std::move(alone[0]);
    }
    config.masks[static_cast<std::size_t>(ids[i])] = std::move(layers[i].mask);
  }
}

// The resolved config names a mask file instead of a generator; the result folder gets that file.
void resolve_as_file(run::RunConfig& config) {
  if (std::none_of(config.masks.begin(), config.masks.end(), [](const auto& mask) { return mask.has_value(); })) return;
  config.mask_spec.file = "masks.npz";
  nlohmann::json& sparsity = config.resolved["sparsity"];
  sparsity["mask_file"] = config.mask_spec.file;
  sparsity["first_dense"] = config.mask_spec.first_dense = false;
  nlohmann::json layers = sparsity.value("layers", nlohmann::json::object());
  for (const char* key : {"ratio", "pattern", "seed"}) {
    sparsity.erase(key);
    for (auto& layer : layers) layer.erase(key);
  }
  if (sparsity.contains("layers")) sparsity["layers"] = layers;
}

std::string share_text(const Masks& masks) {
  std::size_t zero = 0, all = 0, sparse = 0;
  for (const auto& mask : masks) {
    if (!mask) continue;
    zero += zeros(*mask);
    all += mask->bits.size();
    ++sparse;
  }
  return fmt::format("{:.1f} % of the blocks of {} layers",
                     all == 0 ? 0.0 : 100.0 * static_cast<double>(zero) / static_cast<double>(all), sparse);
}

}  // namespace

Expected<WeightMasks> read_mask_source(const std::vector<std::string>& sets, std::vector<std::string>& rest) {
  WeightMasks source;
  Failure wrong{ExitCode::bad_input, {}};
  bool asked = false;
  for (const std::string& set : sets) {
    const std::string key = set.substr(0, set.find('='));
    const std::string value = set.size() > key.size() ? set.substr(key.size() + 1) : "";
    const bool importance = key == "sparsity.importance", scope = key == "sparsity.scope";
    source.ratio = source.ratio || key == "sparsity.ratio" ||
                   (key.rfind("sparsity.layers", 0) == 0 && key.find("ratio") != std::string::npos);
    source.foreign = source.foreign || key == "sparsity.pattern" || key == "sparsity.mask_file";
    asked = asked || importance || scope;
    if (!importance && !scope) rest.push_back(set);
    if (importance && sparsity::find_importance(value)) source.importance = *sparsity::find_importance(value);
    if (importance && !sparsity::find_importance(value))
      wrong.problems.push_back({"", key, fmt::format("is '{}'", value),
                                fmt::format("legal: {}", fmt::join(sparsity::importance_names(), ", "))});
    if (scope && value != "layer" && value != "global")
      wrong.problems.push_back({"", key, fmt::format("is '{}'", value), "legal: layer, global"});
    if (scope) source.global = value == "global";
  }
  if (asked && (source.foreign || !source.ratio))
    wrong.problems.push_back(
        {"", "sparsity.importance",
         source.foreign ? "stands beside sparsity.pattern or sparsity.mask_file" : "stands without sparsity.ratio",
         "legal: with sparsity.ratio alone"});
  if (!wrong.problems.empty()) return wrong;
  return source;
}

Masks zero_block_masks(const import::Imported& imported, const sparsity::MaskSpec& spec) {
  Masks masks(imported.network.layers.size());
  for (const network::Layer& layer : imported.network.layers) {
    const bool excluded = std::find(spec.exclude.begin(), spec.exclude.end(), layer.name) != spec.exclude.end();
    if (!imported.weights[static_cast<std::size_t>(layer.id)] || excluded) continue;
    const auto given = spec.layers.find(layer.name);
    const sparsity::MaskOverride own = given == spec.layers.end() ? sparsity::MaskOverride{} : given->second;
    sparsity::BlockMask mask =
        nonzero_blocks(floats_of(imported, layer), own.bc.value_or(spec.bc), own.bi.value_or(spec.bi));
    if (zeros(mask) > 0) masks[static_cast<std::size_t>(layer.id)] = std::move(mask);
  }
  return masks;
}

std::string use_weight_masks(run::RunConfig& config, const import::Imported& imported, const WeightMasks& source) {
  if (source.foreign) return "as configured, not from the weights of the file";
  if (source.ratio)
    prune_masks(config, imported, source);
  else
    config.masks = zero_block_masks(imported, config.mask_spec);
  resolve_as_file(config);
  if (source.ratio)
    return fmt::format("least important by {} ({}): {}", importance_name(source.importance),
                       source.global ? "all layers together" : "each layer by itself", share_text(config.masks));
  return fmt::format("zero blocks of the file, {}x{}: {}", config.mask_spec.bc, config.mask_spec.bi,
                     share_text(config.masks));
}

}  // namespace tessera::cli
