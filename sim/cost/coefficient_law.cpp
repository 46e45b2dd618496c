#include "sim/cost/coefficient_law.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace tessera {
namespace {

Millicycles to_millicycles_up(double cycles) { return static_cast<Millicycles>(std::ceil(cycles * 1000 - 1e-6)); }

// Groups of 8 pixels: pixels of one row are contiguous in a 1x1 convolution without stride and are worked together.
double pixel_groups(const KernelCall& call, const Layer& layer, int row_pixels) {
  const std::int64_t h = call.out.h1 - call.out.h0, w = call.out.w1 - call.out.w0;
  const Window& win = layer.window;
  const bool flat = win.kh == 1 && win.kw == 1 && win.sh == 1 && win.sw == 1;
  const std::int64_t padded = flat ? round_up(h * w, row_pixels) : h * round_up(w, row_pixels);
  return static_cast<double>(padded) / 8.0;
}

}  // namespace

double GemmCoefficients::cycles(int m, int k, int n) const {
  const auto blocks = static_cast<double>(ceil_div(m, bm) * ceil_div(n, bn));
  return prologue + blocks * (per_block + inner * static_cast<double>(ceil_div(k, bk)));
}

bool GemmCoefficients::fitted_to(int m, int k, int n) const {
  int m0 = 0, m1 = 0, k0 = 0, k1 = 0, n0 = 0, n1 = 0;
  if (std::sscanf(range.c_str(), "m %d..%d k %d..%d n %d..%d", &m0, &m1, &k0, &k1, &n0, &n1) != 6) return false;
  const bool whole = m % bm == 0 && k % bk == 0 && n % bn == 0;
  return whole && m >= m0 && m <= m1 && k >= k0 && k <= k1 && n >= n0 && n <= n1;
}

Millicycles CoefficientLaw::duration(const KernelCall& call, const Layer& layer, const ChunkSize* size) const {
  const auto elements = static_cast<double>(call.out.elements());
  const double taps = static_cast<double>(layer.window.kh) * layer.window.kw;
  switch (call.kind) {
    case KernelKind::conv: {
      const auto own = conv_by_window.find({layer.window.kh, layer.window.kw});
      const ConvCoefficients& c = own == conv_by_window.end() ? *conv : own->second;
      const double groups = pixel_groups(call, layer, c.row_pixels);
      const double rows = static_cast<double>(call.out.c1 - call.out.c0) / 8.0;
      double per_row = (call.first ? 0 : c.load) + (call.last ? c.finish : c.store);
      if (call.add_layer >= 0) per_row += c.residual;
      const double blocks = size == nullptr ? 0 : static_cast<double>(size->blocks);
      return to_millicycles_up(c.prologue + groups * (rows * per_row + c.inner * blocks * taps));
    }
    case KernelKind::maxpool:
    case KernelKind::avgpool:
      return to_millicycles_up(elementwise->prologue + elements * taps / elementwise->pool_per_cycle);
    case KernelKind::add:
    case KernelKind::copy:
      return to_millicycles_up(elementwise->prologue + elements / elementwise->per_cycle);
    case KernelKind::ops:
      return ceil_div(call.operations, 256) * 1000;
    case KernelKind::gemm: {
      const GemmCoefficients& c = gemm.at({layer.in_type, layer.out_type});
      return static_cast<Millicycles>(
          std::llround(1000 * c.cycles(call.out.h1 - call.out.h0, call.in_c, call.out.c1 - call.out.c0)));
    }
    case KernelKind::clear:
      return clear_duration(call, layer);
  }
  return 0;
}

bool CoefficientLaw::covers(KernelKind kind, const Layer& layer) const {
  switch (kind) {
    case KernelKind::conv:
      return layer.is_int8() && conv;
    case KernelKind::gemm:
      return gemm.count({layer.in_type, layer.out_type}) > 0;
    case KernelKind::ops:
    case KernelKind::clear:
      return true;
    default:
      return elementwise.has_value();
  }
}

std::string CoefficientLaw::coverage() const {
  std::vector<std::string> products, parts;
  for (const auto& [types, c] : gemm)
    products.push_back(fmt::format("{} -> {}", type_name(types.first), type_name(types.second)));
  if (conv) parts.emplace_back(elementwise ? "int8 networks" : "int8 convolutions");
  if (elementwise && !conv) parts.emplace_back("additions and pools");
  if (!products.empty()) parts.push_back(fmt::format("products {}", fmt::join(products, ", ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace tessera
