// Analytic lower bounds. layer bound: over all legal mappings, the smallest of the largest of compute at the kernel
// law, bytes / rate for each class of channel, and DDR bytes / rate, for that layer alone. network bound: what nothing
// can beat, max(total compute on all cores, total compulsory DDR time).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/cost/kernel_law.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera {

struct LayerBound {
  double us = 0;
  std::string by;       // "compute", "input", "output", "weights", "ddr"
  std::string mapping;  // "cols=height rows=channels"
};
struct Bounds {
  std::vector<LayerBound> layers;  // by LayerId; input and concat layers are zero
  double layer_bound_us = 0;       // sum of the above
  double bound_us = 0;
};

// With `products` gemm layers are computed by the kernels for products (KernelKind::gemm), on elements of their own
// types.
Bounds analytic_bounds(const Network& network, const std::vector<std::optional<BlockMask>>& masks,
                       const ArraySpec& array, const KernelLaw& law, bool products = false);

}  // namespace tessera
