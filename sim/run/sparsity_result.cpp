#include "sim/run/sparsity_result.h"

#include <map>

#include "sim/result/json.h"
#include "sim/sparsity/zero_share.h"

namespace tessera::run {
namespace {

result::LayerZeros layer_zeros(const std::string& name, const sparsity::LayerZeros& zeros) {
  result::LayerZeros layer;
  layer.name = name;
  layer.block = {zeros.bc, zeros.bi};
  layer.blocks = zeros.blocks;
  layer.zero_blocks = zeros.zeros;
  layer.zero_share = zeros.share();
  layer.requested_share = zeros.requested;
  layer.why = zeros.why();
  layer.rows = zeros.rows;
  layer.empty_rows = zeros.empty_rows;
  return layer;
}
}  // namespace

result::SparsityResult sparsity_result(const RunConfig& config) {
  const sparsity::MaskSpec& asked = config.asked ? *config.asked : config.mask_spec;
  const std::vector<sparsity::LayerZeros> layers = count_zeros(config.network, asked, config.masks);
  const sparsity::NetworkZeros all = sum_zeros(layers);
  result::SparsityResult sparsity = result::given_sparsity(config.resolved["sparsity"]);
  if (!config.mask_spec.file.empty()) sparsity.mask_file = config.mask_spec.file;
  sparsity.zero_share = all.share();
  sparsity.requested_share = all.requested();
  sparsity.blocks = all.blocks;
  sparsity.zero_blocks = all.zeros;
  if (all.kernel_blocks > 0)
    sparsity.kernel_zero_share = static_cast<double>(all.kernel_zeros) / static_cast<double>(all.kernel_blocks);
  sparsity.masked_layers = all.masked_layers;
  sparsity.kept_layers = all.kept_layers;
  sparsity.empty_rows = all.empty_rows;
  sparsity.marks = all.marks(asked);
  for (const sparsity::LayerZeros& zeros : layers)
    sparsity.by_layer.push_back(layer_zeros(config.network.layers[zeros.layer].name, zeros));
  return sparsity;
}

void add_zero_shares(result::DensityResult& density, const result::SparsityResult& sparsity) {
  std::map<std::string, double> shares;
  for (const result::LayerZeros& layer : sparsity.by_layer) shares[layer.name] = layer.zero_share;
  for (result::LayerResult& layer : density.layers)
    if (const auto found = shares.find(layer.name); found != shares.end()) layer.zero_share = found->second;
}

}  // namespace tessera::run
