#include "sim/sparsity/zero_share.h"

#include <algorithm>
#include <cmath>

#include "sim/sparsity/generators.h"

namespace tessera::sparsity {
namespace {

double requested_share(const MaskSpec& spec, const LayerZeros& zeros, const network::Layer& layer) {
  switch (zeros.source) {
    case MaskSource::ratio:
      return spec.ratio;
    case MaskSource::own_ratio:
      return *spec.layers.at(layer.name).ratio;
    case MaskSource::importance:
    case MaskSource::file:
      return zeros.share();
    case MaskSource::exclude:
    case MaskSource::first_dense:
    case MaskSource::grouped:
      return 0;
  }
  return 0;
}

int empty_rows(const BlockMask& mask) {
  int empty = 0;
  for (int row = 0; row < mask.rows(); ++row) {
    const auto first = mask.bits.begin() + static_cast<std::ptrdiff_t>(row) * mask.cols();
    empty += std::find(first, first + mask.cols(), 1) == first + mask.cols() ? 1 : 0;
  }
  return empty;
}

BlockMask dense_mask(const MaskSpec& spec, const network::Layer& layer) {
  const auto own = spec.layers.find(layer.name);
  const MaskOverride given = own == spec.layers.end() ? MaskOverride{} : own->second;
  return BlockMask::all_ones(layer.out.c, layer.in.c / layer.groups, given.bc.value_or(spec.bc),
                             given.bi.value_or(spec.bi));
}

LayerZeros count(const network::Network& network, const MaskSpec& spec, const network::Layer& layer,
                 const std::optional<BlockMask>& given) {
  const BlockMask mask = given ? *given : dense_mask(spec, layer);
  const KernelMask kernel = kernel_mask(mask);
  LayerZeros zeros;
  zeros.layer = layer.id;
  zeros.source = mask_source(network, spec, layer);
  zeros.bc = mask.bc;
  zeros.bi = mask.bi;
  zeros.masked = given.has_value();
  zeros.blocks = static_cast<std::int64_t>(mask.bits.size());
  zeros.zeros = std::count(mask.bits.begin(), mask.bits.end(), 0);
  zeros.requested = requested_share(spec, zeros, layer);
  const bool of_ratio = zeros.source == MaskSource::ratio || zeros.source == MaskSource::own_ratio;
  zeros.kept = (of_ratio && would_empty(zeros.requested, zeros.blocks)) ||
               (zeros.source == MaskSource::importance && zeros.blocks > 1 && zeros.zeros + 1 == zeros.blocks);
  zeros.rows = mask.rows();
  zeros.empty_rows = empty_rows(mask);
  zeros.kernel_blocks = static_cast<std::int64_t>(kernel.bits.size());
  zeros.kernel_zeros = zeros.kernel_blocks - kernel.count();
  return zeros;
}

}  // namespace

bool LayerZeros::rounded() const {
  return !kept && std::abs(requested * static_cast<double>(blocks) - static_cast<double>(zeros)) > 1e-6;
}

std::string LayerZeros::why() const {
  std::string text;
  if (source == MaskSource::exclude) text = "exclude";
  if (source == MaskSource::first_dense) text = "first_dense";
  if (source == MaskSource::grouped) text = "grouped";
  if (source == MaskSource::own_ratio) text = "layers.ratio";
  if (source == MaskSource::importance) text = "importance";
  if (source == MaskSource::file) text = masked ? "mask_file" : "not in mask_file";
  if (kept) text += text.empty() ? "one block kept" : ", one block kept";
  if (rounded()) text += text.empty() ? "rounding" : ", rounding";
  return text;
}

std::vector<LayerZeros> count_zeros(const network::Network& network, const MaskSpec& spec,
                                    const std::vector<std::optional<BlockMask>>& masks) {
  std::vector<LayerZeros> layers;
  for (const network::Layer& layer : network.layers)
    if (ops::has_blocks(layer)) layers.push_back(count(network, spec, layer, masks[layer.id]));
  return layers;
}

NetworkZeros sum_zeros(const std::vector<LayerZeros>& layers) {
  NetworkZeros sum;
  for (const LayerZeros& layer : layers) {
    sum.blocks += layer.blocks;
    sum.zeros += layer.zeros;
    sum.requested_blocks += layer.requested * static_cast<double>(layer.blocks);
    sum.kernel_blocks += layer.kernel_blocks;
    sum.kernel_zeros += layer.kernel_zeros;
    sum.masked_layers += layer.masked ? 1 : 0;
    sum.kept_layers += layer.kept ? 1 : 0;
    sum.empty_rows += layer.empty_rows;
  }
  return sum;
}

std::vector<std::string> NetworkZeros::marks(const MaskSpec& spec) const {
  bool asked = spec.file.empty() && spec.ratio > 0;
  for (const auto& [name, layer] : spec.layers) asked = asked || layer.ratio.value_or(0) > 0;
  std::vector<std::string> marks;
  if (kept_layers > 0) marks.emplace_back("kept");
  if (std::abs(share() - requested()) >= 0.005) marks.emplace_back("rounded");
  if (empty_rows > 0) marks.emplace_back("empty_rows");
  if (zeros == 0 && asked) marks.emplace_back("nothing_zero");
  return marks;
}

}  // namespace tessera::sparsity
