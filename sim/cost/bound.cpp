#include "sim/cost/bound.h"

#include <algorithm>

#include "sim/cost/compulsory.h"
#include "sim/cost/kernel_time.h"
#include "sim/sparsity/layer_mask.h"

namespace tessera::cost {

Bounds analytic_bounds(const network::Network& network, const std::vector<std::optional<sparsity::BlockMask>>& masks,
                       const arch::ArraySpec& a, const LatencyModel& latency_model, bool products) {
  const std::vector<sparsity::KernelMask> kernel_masks = layer_masks(network, masks);
  const CompulsoryTraffic traffic = compulsory_traffic(network, kernel_masks, products);
  const double us = 1e6 / a.clock_hz;
  Bounds b;
  for (const network::Layer& l : network.layers) {
    const sparsity::KernelMask& mask = kernel_masks[l.id];
    const double compute = least_kernel_cycles(network, l, mask, latency_model, products) / a.cores() * us;
    b.layers.push_back({compute, alone_bound(l, mask, traffic.layers[l.id], a, latency_model, products)});
    b.compute_us += compute;
    b.alone_us += b.layers.back().alone.us;
  }
  b.ddr_us = us * ddr_cycles(a, traffic.read, traffic.written);
  return b;
}

}  // namespace tessera::cost
