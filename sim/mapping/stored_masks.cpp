#include "sim/mapping/stored_masks.h"

#include <algorithm>

#include "sim/sparsity/layer_mask.h"

namespace tessera::mapping {

sparsity::KernelMask stored_mask(const sparsity::KernelMask& mask, const std::vector<int>& rows,
                                 const std::vector<int>& cols) {
  sparsity::KernelMask stored = mask;
  for (int r = 0; r < mask.rows; ++r)
    for (int c = 0; c < mask.cols; ++c)
      stored.bits[static_cast<std::size_t>(r) * mask.cols + c] =
          mask.present(rows.empty() ? r : rows[r], cols.empty() ? c : cols[c]) ? 1 : 0;
  return stored;
}

std::vector<sparsity::KernelMask> kernel_masks(const network::Network& network,
                                               const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  return layer_masks(network, masks);
}

std::vector<sparsity::KernelMask> computed_masks(const Mapping& mapping, const network::Network& network,
                                                 const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  std::vector<sparsity::KernelMask> computed = kernel_masks(network, masks);
  for (const network::LayerId id : mapping.zeros_kept) std::fill(computed[id].bits.begin(), computed[id].bits.end(), 1);
  for (const network::Layer& l : network.layers)
    if (ops::has_blocks(l) && l.repeats >= 0) computed[l.id] = computed[l.repeats];
  return computed;
}

sparsity::KernelMask joined_mask(const std::vector<const sparsity::KernelMask*>& masks) {
  sparsity::KernelMask all;
  for (const sparsity::KernelMask* m : masks) {
    all.rows += m->rows;
    all.cols = m->cols;
    all.bits.insert(all.bits.end(), m->bits.begin(), m->bits.end());
  }
  return all;
}

}  // namespace tessera::mapping
