// The least that the kernels of a hardware file take for a layer, or for a part of it, on one core: as one call. Cut
// into several calls the same work never takes less.
#pragma once
#include "sim/cost/latency_model.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::cost {

struct KernelPart {
  std::int64_t h = 0, w = 0, channels = 0;  // of the output
  std::int64_t blocks = 0;                  // conv: present 8x8 blocks
};

// With `products` gemm layers are computed by the kernels for products (KernelKind::gemm).
double kernel_cycles(const network::Layer& layer, const KernelPart& part, const LatencyModel& latency_model,
                     bool products);

// Of the whole layer in its network: an addition may be computed by the convolution that makes one of its operands.
double least_kernel_cycles(const network::Network& network, const network::Layer& layer,
                           const sparsity::KernelMask& mask, const LatencyModel& latency_model, bool products);

}  // namespace tessera::cost
