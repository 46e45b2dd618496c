#include "sim/cost/kernel_time.h"

#include <algorithm>

namespace tessera::cost {
namespace {

double cycles(const network::Layer& layer, const KernelPart& part, const LatencyModel& latency_model, bool products,
              int add_layer) {
  program::KernelCall call;
  call.layer = static_cast<std::int16_t>(layer.id);
  call.kind = products && layer.is_gemm ? program::KernelKind::gemm : program::kernel_of(layer.op);
  if (!latency_model.covers(call.kind, layer)) return 0;
  call.out = {0, static_cast<int>(part.h), 0, static_cast<int>(part.w), 0, static_cast<int>(part.channels)};
  call.in_c = call.kind == program::KernelKind::gemm ? layer.in.c : network::stored_channels(layer.in.c);
  call.add_layer = static_cast<std::int16_t>(add_layer);
  sparsity::ChunkSize chunk;
  chunk.blocks = part.blocks;
  return static_cast<double>(latency_model.duration(call, layer, ops::has_blocks(layer) ? &chunk : nullptr)) / 1e3;
}

KernelPart whole(const network::Layer& layer, const sparsity::KernelMask& mask, bool products) {
  const int channels = products && layer.is_gemm ? layer.out.c : network::stored_channels(layer.out.c);
  return {layer.out.h, layer.out.w, channels, ops::has_blocks(layer) ? mask.count() : 0};
}

}  // namespace

double kernel_cycles(const network::Layer& layer, const KernelPart& part, const LatencyModel& latency_model,
                     bool products) {
  return cycles(layer, part, latency_model, products, -1);
}

double least_kernel_cycles(const network::Network& network, const network::Layer& layer,
                           const sparsity::KernelMask& mask, const LatencyModel& latency_model, bool products) {
  if (!ops::is_computed(layer)) return 0;
  double least = kernel_cycles(layer, whole(layer, mask, products), latency_model, products);
  if (layer.op != network::Op::add) return least;
  for (network::LayerId t : layer.inputs) {
    const network::Layer& conv = network.layers[t];
    if (conv.op != network::Op::conv2d) continue;
    const KernelPart part{conv.out.h, conv.out.w, network::stored_channels(conv.out.c), 0};
    const double fused =
        cycles(conv, part, latency_model, products, layer.id) - kernel_cycles(conv, part, latency_model, products);
    least = std::min(least, std::max(0.0, fused));
  }
  return least;
}

}  // namespace tessera::cost
