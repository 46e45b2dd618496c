// Analytic lower bounds. Of a network, what no schedule of it on this array with these kernels beats:
//   compute   kernel time of all layers, spread evenly over all cores
//   ddr       compulsory bytes (compulsory.h) at the rate of DDR, each direction for itself
// Of a layer: `compute_us`, its share of the former, which no layer of any run beats, and `alone` (alone_bound.h),
// which the layer can only beat in company.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/cost/alone_bound.h"
#include "sim/cost/latency_model.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::cost {

struct LayerBound {
  double compute_us = 0;
  AloneBound alone;
};
struct Bounds {
  std::vector<LayerBound> layers;  // by LayerId
  double compute_us = 0, ddr_us = 0;
  double alone_us = 0;  // sum over layers: one after another, each alone
  double bound_us() const { return compute_us > ddr_us ? compute_us : ddr_us; }
};

// With `products` gemm layers are computed by the kernels for products (KernelKind::gemm), on elements of their own
// types.
Bounds analytic_bounds(const network::Network& network, const std::vector<std::optional<sparsity::BlockMask>>& masks,
                       const arch::ArraySpec& array, const LatencyModel& latency_model, bool products = false);

}  // namespace tessera::cost
