#include "sim/run/sparsity_result.h"

#include "sim/sparsity/zero_share.h"

namespace tessera::run {
namespace {
using nlohmann::json;

json layer_zeros(const std::string& name, const sparsity::LayerZeros& zeros) {
  return {{"name", name},
          {"block", {zeros.bc, zeros.bi}},
          {"blocks", zeros.blocks},
          {"zero_blocks", zeros.zeros},
          {"zero_share", zeros.share()},
          {"requested_share", zeros.requested},
          {"why", zeros.why()},
          {"rows", zeros.rows},
          {"empty_rows", zeros.empty_rows}};
}
}  // namespace

json sparsity_result(const RunConfig& config) {
  const std::vector<sparsity::LayerZeros> layers = count_zeros(config.network, config.mask_spec, config.masks);
  const sparsity::NetworkZeros all = sum_zeros(layers);
  json sparsity = config.resolved["sparsity"];
  if (!config.mask_spec.file.empty()) sparsity["mask_file"] = config.mask_spec.file;
  sparsity["zero_share"] = all.share();
  sparsity["requested_share"] = all.requested();
  sparsity["blocks"] = all.blocks;
  sparsity["zero_blocks"] = all.zeros;
  sparsity["kernel_zero_share"] =
      all.kernel_blocks == 0 ? 0 : static_cast<double>(all.kernel_zeros) / static_cast<double>(all.kernel_blocks);
  sparsity["masked_layers"] = all.masked_layers;
  sparsity["kept_layers"] = all.kept_layers;
  sparsity["empty_rows"] = all.empty_rows;
  sparsity["marks"] = all.marks(config.mask_spec);
  json& by_layer = sparsity["by_layer"] = json::array();
  for (const sparsity::LayerZeros& zeros : layers)
    by_layer.push_back(layer_zeros(config.network.layers[zeros.layer].name, zeros));
  return sparsity;
}

void add_zero_shares(json& density, const json& sparsity) {
  if (density.is_null()) return;
  std::map<std::string, json> shares;
  for (const json& layer : sparsity["by_layer"]) shares[layer["name"].get<std::string>()] = layer["zero_share"];
  for (json& layer : density["layers"]) {
    const auto found = shares.find(layer["name"].get<std::string>());
    if (found != shares.end()) layer["zero_share"] = found->second;
  }
}

}  // namespace tessera::run
