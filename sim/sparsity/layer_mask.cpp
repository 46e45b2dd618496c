#include "sim/sparsity/layer_mask.h"

#include <algorithm>

namespace tessera::sparsity {
namespace {

void keep_groups(KernelMask& mask, const network::Layer& layer) {
  const int outs = layer.out.c / layer.groups, ins = layer.in.c / layer.groups;
  for (int r = 0; r < mask.rows; ++r) {
    const int last_channel = std::min((r + 1) * kernel_block, layer.out.c) - 1;
    const int first = r * kernel_block / outs * ins, end = (last_channel / outs + 1) * ins;  // input channels
    for (int c = 0; c < mask.cols; ++c)
      if ((c + 1) * kernel_block <= first || c * kernel_block >= end)
        mask.bits[static_cast<std::size_t>(r) * mask.cols + c] = 0;
  }
}

}  // namespace

KernelMask layer_mask(const network::Layer& layer, const std::optional<BlockMask>& mask) {
  if (!ops::has_weights(layer)) return {};
  if (!ops::has_blocks(layer)) return kernel_mask(BlockMask::all_ones(layer.out.c, 1));
  KernelMask blocks = kernel_mask(mask ? *mask : BlockMask::all_ones(layer.out.c, layer.in.c));
  if (layer.groups > 1) keep_groups(blocks, layer);
  return blocks;
}

std::vector<KernelMask> layer_masks(const network::Network& network,
                                    const std::vector<std::optional<BlockMask>>& masks) {
  std::vector<KernelMask> list;
  for (const network::Layer& l : network.layers) list.push_back(layer_mask(l, masks[static_cast<std::size_t>(l.id)]));
  return list;
}

}  // namespace tessera::sparsity
