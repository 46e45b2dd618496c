// The law `peak`: 256 int8 multiply-accumulates per cycle (AM020, summary table), no prologue, no epilogue. Channelwise
// kernels are charged 64 elements per window tap and cycle (AM020: 64 int8 adds per cycle); replayed calls 256
// operations per cycle; products of int16 64 and of bf16 128 multiply-accumulates per cycle (AM020, same table).
#include "sim/cost/kernel_law_registry.h"

namespace tessera::cost {
namespace {

class PeakLaw : public KernelLaw {
 public:
  Millicycles duration(const program::KernelCall& call, const network::Layer& layer,
                       const sparsity::ChunkSize* size) const override {
    const std::int64_t pixels = std::int64_t{call.out.h1 - call.out.h0} * (call.out.w1 - call.out.w0);
    const std::int64_t taps = std::int64_t{layer.window.kh} * layer.window.kw;
    switch (call.kind) {
      case program::KernelKind::conv:
        return size == nullptr ? 0 : ceil_div(pixels * size->blocks * 64 * taps * 1000, 256);
      case program::KernelKind::maxpool:
      case program::KernelKind::avgpool:
        return ceil_div(call.out.elements() * taps * 1000, 64);
      case program::KernelKind::add:
      case program::KernelKind::copy:
        return ceil_div(call.out.elements() * 1000, 64);
      case program::KernelKind::ops:
        return ceil_div(call.operations, 256) * 1000;
      case program::KernelKind::gemm:
        return ceil_div(call.out.elements() * call.in_c * 1000, peak_macs_per_cycle(layer.in_type));
      case program::KernelKind::clear:
        return clear_duration(call, layer);
    }
    return 0;
  }
  bool covers(program::KernelKind kind, const network::Layer& layer) const override {
    return kind == program::KernelKind::gemm ? peak_macs_per_cycle(layer.in_type) > 0
                                             : layer.is_int8() || kind == program::KernelKind::clear;
  }
  std::string coverage() const override { return "int8 networks; products of i8, i16 and bf16"; }
  Grounds grounds(const program::KernelCall&, const network::Layer&) const override { return {}; }
  std::string fingerprint() const override { return "peak"; }
};

}  // namespace

const KernelLaw& peak_law() {
  static const PeakLaw law;
  return law;
}

}  // namespace tessera::cost
