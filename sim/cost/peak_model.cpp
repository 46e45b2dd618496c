// Cycles of a call at the rates of the core alone (CoreRates of the hardware file). Channelwise kernels are charged one
// element per window tap; replayed calls 256 operations per cycle, as the published traces count them.
#include <fmt/format.h>

#include <map>
#include <tuple>

#include "sim/cost/latency_model_registry.h"

namespace tessera::cost {
namespace {

// Results of a table: 32 loads of one byte per cycle are taken to be the most that 8 banks and the parallel look-up of
// AIE-ML allow.
Millicycles lookups(std::int64_t results) { return ceil_div(results * 1000, 32); }

class PeakModel : public LatencyModel {
 public:
  explicit PeakModel(const arch::CoreRates& core) : core_(core) {}
  Millicycles duration(const program::KernelCall& call, const network::Layer& layer,
                       const sparsity::ChunkSize* size) const override {
    const std::int64_t pixels = std::int64_t{call.out.h1 - call.out.h0} * (call.out.w1 - call.out.w0);
    const std::int64_t taps = std::int64_t{layer.window.kh} * layer.window.kw;
    switch (call.kind) {
      case program::KernelKind::conv: {
        const std::int64_t results = layer.lookup && call.last ? call.out.elements() : 0;
        return size == nullptr ? 0
                               : ceil_div(pixels * size->blocks * 64 * taps * 1000, core_.i8_macs) + lookups(results);
      }
      case program::KernelKind::maxpool:
      case program::KernelKind::avgpool:
        return ceil_div(call.out.elements() * taps * 1000, core_.elements);
      case program::KernelKind::add:
      case program::KernelKind::copy:
        return ceil_div(call.out.elements() * 1000, core_.elements);
      case program::KernelKind::depthwise:
        return ceil_div(work(layer, call.out) * 1000, core_.elements) + lookups(layer.lookup ? call.out.elements() : 0);
      case program::KernelKind::mul:
      case program::KernelKind::sub:
        return ceil_div(call.out.elements() * 1000, core_.elements);
      case program::KernelKind::lookup:
      case program::KernelKind::select:
      case program::KernelKind::depth_to_space:
      case program::KernelKind::softmax:  // a look-up, a sum and a division by multiplication per element
        return lookups(call.out.elements());
      case program::KernelKind::pick:
      case program::KernelKind::resize:
      case program::KernelKind::transpose:
      case program::KernelKind::layernorm:  // two sums and a product per element
        return ceil_div(call.out.elements() * 1000, core_.store_bytes);
      case program::KernelKind::remap:  // copies, or four products per element
        return ceil_div(work(layer, call.out) * 1000, core_.store_bytes);
      case program::KernelKind::matmul:
        return ceil_div(product_work(call, layer) * 1000, core_.i8_macs);
      case program::KernelKind::ops:
        return ceil_div(call.operations, 256) * 1000;
      case program::KernelKind::gemm:
        return ceil_div(call.out.elements() * call.in_c * 1000, peak_macs_per_cycle(core_, layer.in_type));
      case program::KernelKind::clear:
        return clear_duration(call, layer, core_.store_bytes);
    }
    return 0;
  }
  bool covers(program::KernelKind kind, const network::Layer& layer) const override {
    return kind == program::KernelKind::gemm ? peak_macs_per_cycle(core_, layer.in_type) > 0
                                             : layer.is_int8() || kind == program::KernelKind::clear;
  }
  std::string coverage() const override { return products(); }
  Grounds grounds(const program::KernelCall&, const network::Layer&) const override { return {}; }
  std::string fingerprint() const override {
    return fmt::format("peak {} {} {} {} {} {}", core_.i8_macs, core_.i16_macs, core_.bf16_macs, core_.bfp16_macs,
                       core_.elements, core_.store_bytes);
  }

 private:
  std::string products() const {
    std::vector<std::string> types;
    for (const std::string& name : network::type_names())
      if (peak_macs_per_cycle(core_, *network::find_type(name)) > 0) types.push_back(name);
    return fmt::format("int8 networks; products of {}", fmt::join(types, ", "));
  }
  const arch::CoreRates core_;
};

}  // namespace

const LatencyModel& peak_model(const arch::CoreRates& core) {
  static std::map<std::tuple<int, int, int, int, int, Bytes>, PeakModel> models;  // their addresses stay
  return models
      .try_emplace({core.i8_macs, core.i16_macs, core.bf16_macs, core.bfp16_macs, core.elements, core.store_bytes},
                   core)
      .first->second;
}

}  // namespace tessera::cost
