#include "sim/cli/weight_masks.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::cli {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

sparsity::FloatWeights floats_of(const import::LayerWeights& weights) {
  return {static_cast<int>(weights.shape[0]), static_cast<int>(weights.shape[1] * weights.shape[2]),
          static_cast<int>(weights.shape[3]), weights.values()};
}

std::size_t zeros(const sparsity::BlockMask& mask) {
  return static_cast<std::size_t>(std::count(mask.bits.begin(), mask.bits.end(), 0));
}

std::string key_of(const std::string& set) { return set.substr(0, set.find('=')); }

bool is_key(const std::vector<std::string>& sets, const char* key) {
  return std::any_of(sets.begin(), sets.end(), [&](const std::string& set) { return key_of(set) == key; });
}

}  // namespace

MaskOrigin mask_origin(const std::vector<std::string>& sets) {
  if (is_key(sets, "sparsity.pattern") || is_key(sets, "sparsity.mask_file")) return MaskOrigin::config;
  const bool ratio = std::any_of(sets.begin(), sets.end(), [](const std::string& set) {
    const std::string key = key_of(set);
    return key.rfind("sparsity.layers", 0) == 0 && key.find("ratio") != std::string::npos;
  });
  const auto given = [&](const char* key) { return is_key(sets, key); };
  return ratio || given("sparsity.ratio") || given("sparsity.importance") || given("sparsity.scope")
             ? MaskOrigin::importance
             : MaskOrigin::file;
}

std::vector<Problem> unsuitable_sets(MaskOrigin origin, const std::vector<std::string>& sets) {
  std::vector<Problem> problems;
  for (const std::string& set : sets) {
    const std::string key = key_of(set);
    if (key.substr(0, key.find('.')) == "network")
      problems.push_back(
          {"--set", key, "is for run configs: the network of this run is the ONNX file", "another file"});
    if (origin == MaskOrigin::file && (key == "sparsity.first_dense" || key == "sparsity.seed"))
      problems.push_back({"--set", key, "changes nothing: the zero blocks of the file are the masks",
                          "legal: with sparsity.ratio or sparsity.pattern"});
  }
  return problems;
}

nlohmann::json default_sparsity(MaskOrigin origin, const std::vector<std::string>& sets) {
  nlohmann::json sparsity = nlohmann::json::object();
  if (origin == MaskOrigin::importance && !is_key(sets, "sparsity.importance")) sparsity["importance"] = "l2";
  return sparsity;
}

sparsity::WeightsByLayer weights_by_layer(const import::Imported& imported) {
  sparsity::WeightsByLayer weights;
  for (const network::Layer& layer : imported.network.layers)
    if (const auto& own = imported.weights[static_cast<std::size_t>(layer.id)]; own && ops::is_maskable(layer))
      weights[layer.name] = floats_of(*own);
  return weights;
}

Masks block_masks(const import::Imported& imported, const sparsity::MaskSpec& spec) {
  Masks masks(imported.network.layers.size());
  for (const network::Layer& layer : imported.network.layers) {
    const bool excluded = std::find(spec.exclude.begin(), spec.exclude.end(), layer.name) != spec.exclude.end();
    const auto& weights = imported.weights[static_cast<std::size_t>(layer.id)];
    if (!weights || excluded || !ops::is_maskable(layer)) continue;
    const auto given = spec.layers.find(layer.name);
    const sparsity::MaskOverride own = given == spec.layers.end() ? sparsity::MaskOverride{} : given->second;
    masks[static_cast<std::size_t>(layer.id)] =
        nonzero_blocks(floats_of(*weights), own.bc.value_or(spec.bc), own.bi.value_or(spec.bi));
  }
  return masks;
}

Masks zero_block_masks(const import::Imported& imported, const sparsity::MaskSpec& spec) {
  Masks masks = block_masks(imported, spec);
  for (auto& mask : masks)
    if (mask && zeros(*mask) == 0) mask.reset();
  return masks;
}

void resolve_as_file(run::RunConfig& config) {
  if (std::none_of(config.masks.begin(), config.masks.end(), [](const auto& mask) { return mask.has_value(); })) return;
  if (config.mask_spec.importance) config.asked = config.mask_spec;
  config.mask_spec.file = "masks.npz";
  nlohmann::json& sparsity = config.resolved["sparsity"];
  sparsity["mask_file"] = config.mask_spec.file;
  sparsity["first_dense"] = config.mask_spec.first_dense = false;
  nlohmann::json layers = sparsity.value("layers", nlohmann::json::object());
  for (const char* key : {"ratio", "pattern", "seed", "importance", "scope", "n_m", "weights", "gradients"}) {
    sparsity.erase(key);
    for (auto& layer : layers) layer.erase(key);
  }
  if (sparsity.contains("layers")) sparsity["layers"] = layers;
}

std::string masks_text(const run::RunConfig& config, MaskOrigin origin) {
  if (origin == MaskOrigin::config) return "as configured, not from the weights of the file";
  std::size_t zero = 0, all = 0, sparse = 0;
  for (const auto& mask : config.masks) {
    if (!mask) continue;
    zero += zeros(*mask);
    all += mask->bits.size();
    ++sparse;
  }
  const std::string share =
      fmt::format("{:.1f} % of the blocks of {} layers",
                  all == 0 ? 0.0 : 100.0 * static_cast<double>(zero) / static_cast<double>(all), sparse);
  const sparsity::MaskSpec& spec = config.mask_spec;
  if (origin == MaskOrigin::file) return fmt::format("zero blocks of the file, {}x{}: {}", spec.bc, spec.bi, share);
  const std::string scope = spec.scope == sparsity::MaskScope::global ? "all layers together"
                            : spec.scope == sparsity::MaskScope::n_m
                                ? fmt::format("{} of {} blocks stay", spec.n_m[0], spec.n_m[1])
                                : "each layer by itself";
  return fmt::format("least important by {} ({}): {}", importance_name(*spec.importance), scope, share);
}

}  // namespace tessera::cli
