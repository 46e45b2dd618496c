#include "sim/cost/fitted_model.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <utility>

namespace tessera::cost {
namespace {

Millicycles to_millicycles_up(double cycles) { return static_cast<Millicycles>(std::ceil(cycles * 1000 - 1e-6)); }

// Pixels of a map of one column follow each other in memory as those of a row do.
bool is_column(const network::Layer& layer) {
  const network::Window& w = layer.window;
  return layer.in.w == 1 && layer.out.w == 1 && w.kw == 1 && w.pad_left == 0;
}

// The window of a call's kernel: a column is computed as the row that it is.
network::Window called_window(const network::Layer& layer) {
  network::Window w = kernel_window(layer);
  if (!is_column(layer)) return w;
  std::swap(w.kh, w.kw);
  std::swap(w.sh, w.sw);
  return w;
}

// Whether laying its windows side by side changes nothing.
bool is_pointwise(const network::Window& w) { return w.kh == 1 && w.kw == 1 && w.sh == 1 && w.sw == 1; }

// Groups of 8 pixels: pixels of one row are contiguous in a 1x1 convolution without stride and are worked together.
double pixel_groups(const program::KernelCall& call, const network::Layer& layer, int row_pixels) {
  std::int64_t h = call.out.h1 - call.out.h0, w = call.out.w1 - call.out.w0;
  if (is_column(layer)) std::swap(h, w);
  const std::int64_t padded =
      is_pointwise(called_window(layer)) ? round_up(h * w, row_pixels) : h * round_up(w, row_pixels);
  return static_cast<double>(padded) / 8.0;
}

// "m 32..64 k 32..128 n 32..64"
struct ProductRange {
  int m0, m1, k0, k1, n0, n1;
  bool holds(std::int64_t m, std::int64_t k, std::int64_t n) const {
    return m >= m0 && m <= m1 && k >= k0 && k <= k1 && n >= n0 && n <= n1;
  }
};
std::optional<ProductRange> parse_range(const std::string& text) {
  ProductRange r{};
  const int read = std::sscanf(text.c_str(), "m %d..%d k %d..%d n %d..%d", &r.m0, &r.m1, &r.k0, &r.k1, &r.n0, &r.n1);
  if (read != 6) return std::nullopt;
  return r;
}

Grounds conv_grounds(const ConvCoefficients& c, const program::KernelCall& call, const network::Layer& layer) {
  if (!c.fitted) return {};
  const network::Window window = called_window(layer);
  const int channels = call.out.c1 - call.out.c0;
  const int h = call.out.h1 - call.out.h0, w = call.out.w1 - call.out.w0, width = is_column(layer) ? h : w;
  const std::int64_t pixels = std::int64_t{h} * w;
  const std::int64_t taps = std::int64_t{window.kh} * window.kw;
  int in = 0, out = 0, row = 0;
  bool holds = false;
  if (const std::optional<ProductRange> r = parse_range(c.range))
    holds = pixels % c.row_pixels == 0 && taps == 1 && r->holds(pixels, call.in_c, channels);
  else if (std::sscanf(c.range.c_str(), "%d -> %d channels, %d pixels per row", &in, &out, &row) == 3)
    holds = layer.in.c == in && layer.out.c == out && width == row;
  if (holds) return {Footing::fitted, "", ""};
  return {Footing::extrapolated,
          fmt::format("conv {}x{}, m {} k {} n {}", window.kh, window.kw, pixels, call.in_c * taps, channels), c.range};
}

}  // namespace

double GemmCoefficients::cycles(int m, int k, int n) const {
  const auto blocks = static_cast<double>(ceil_div(m, bm) * ceil_div(n, bn));
  return prologue + blocks * (per_block + inner * static_cast<double>(ceil_div(k, bk)));
}

bool GemmCoefficients::fitted_to(int m, int k, int n) const {
  const std::optional<ProductRange> r = parse_range(range);
  return r && m % bm == 0 && k % bk == 0 && n % bn == 0 && r->holds(m, k, n);
}

std::string WindowKind::name() const {
  if (height == 0) return "strided";
  return fmt::format("{}x{}{}", height, width, strided ? " strided" : "");
}

const FittedModel::WindowKernel* FittedModel::window_kernel(const network::Window& window) const {
  const bool strided = window.sw > 1;
  for (const WindowKind& kind :
       {WindowKind{window.kh, window.kw, true}, WindowKind{0, 0, true}, WindowKind{window.kh, window.kw, false}}) {
    const auto entry = conv_by_window.find(kind);
    if (entry != conv_by_window.end() && (strided || !kind.strided)) return &*entry;
  }
  return nullptr;
}

const ConvCoefficients& FittedModel::conv_for(const network::Window& window) const {
  const WindowKernel* own = window_kernel(window);
  return own == nullptr ? *conv : own->second;
}

std::optional<program::KernelCode> FittedModel::code(const program::KernelCall& call,
                                                     const network::Layer& layer) const {
  const auto stated = [](std::string kernel, Bytes bytes) -> std::optional<program::KernelCode> {
    if (bytes == 0) return std::nullopt;
    return program::KernelCode{std::move(kernel), bytes};
  };
  switch (call.kind) {
    case program::KernelKind::conv: {
      const WindowKernel* own = window_kernel(called_window(layer));
      return own == nullptr ? stated("conv", conv->code) : stated("conv " + own->first.name(), own->second.code);
    }
    case program::KernelKind::gemm:
      return stated(fmt::format("gemm {} -> {}", type_name(layer.in_type), type_name(layer.out_type)),
                    gemm.at({layer.in_type, layer.out_type}).code);
    case program::KernelKind::maxpool:
    case program::KernelKind::avgpool:
      return stated(kernel_name(call.kind), elementwise->pool_code);
    case program::KernelKind::add:
    case program::KernelKind::copy:
      return stated(kernel_name(call.kind), elementwise->code);
    default: {
      const auto c = operators.find(call.kind);
      return c == operators.end() ? std::nullopt : stated(kernel_name(call.kind), c->second.code);
    }
  }
}

// Of the table behind a convolution.
double FittedModel::lookup_cycles(const program::KernelCall& call, const network::Layer& layer) const {
  if (!layer.lookup || !call.last) return 0;
  return static_cast<double>(call.out.elements()) / operators.at(program::KernelKind::lookup).per_cycle;
}

Millicycles FittedModel::duration(const program::KernelCall& call, const network::Layer& layer,
                                  const sparsity::ChunkSize* size) const {
  const auto elements = static_cast<double>(call.out.elements());
  const double taps = static_cast<double>(layer.window.kh) * layer.window.kw;
  switch (call.kind) {
    case program::KernelKind::conv: {
      const ConvCoefficients& c = conv_for(called_window(layer));
      const double groups = pixel_groups(call, layer, c.row_pixels);
      const double rows = static_cast<double>(call.out.c1 - call.out.c0) / 8.0;
      double per_row = (call.first ? 0 : c.load) + (call.last ? c.finish : c.store) + c.tap * taps;
      if (call.add_layer >= 0) per_row += c.residual;
      const double blocks = size == nullptr ? 0 : static_cast<double>(size->blocks);
      return to_millicycles_up(c.prologue + groups * (rows * per_row + c.inner * blocks * taps) +
                               lookup_cycles(call, layer));
    }
    case program::KernelKind::maxpool:
    case program::KernelKind::avgpool:
      return to_millicycles_up(elementwise->prologue + elements * taps / elementwise->pool_per_cycle);
    case program::KernelKind::add:
    case program::KernelKind::copy:
      return to_millicycles_up(elementwise->prologue + elements / elementwise->per_cycle);
    case program::KernelKind::depthwise:
    case program::KernelKind::lookup:
    case program::KernelKind::mul:
    case program::KernelKind::sub:
    case program::KernelKind::select:
    case program::KernelKind::pick:
    case program::KernelKind::resize:
    case program::KernelKind::depth_to_space:
    case program::KernelKind::remap:
    case program::KernelKind::transpose:
    case program::KernelKind::matmul:
    case program::KernelKind::softmax:
    case program::KernelKind::layernorm: {
      const OperatorCoefficients& c = operators.at(call.kind);
      const double behind = call.kind == program::KernelKind::lookup ? 0 : lookup_cycles(call, layer);
      const std::int64_t all = ops::is_product(layer) ? product_work(call, layer) : work(layer, call.out);
      return to_millicycles_up(c.prologue + static_cast<double>(all) / c.per_cycle + behind);
    }
    case program::KernelKind::ops:
      return ceil_div(call.operations, 256) * 1000;
    case program::KernelKind::gemm: {
      const GemmCoefficients& c = gemm.at({layer.in_type, layer.out_type});
      return static_cast<Millicycles>(
          std::llround(1000 * c.cycles(call.out.h1 - call.out.h0, call.in_c, call.out.c1 - call.out.c0)));
    }
    case program::KernelKind::clear:
      return clear_duration(call, layer, store_bytes);
  }
  return 0;
}

bool FittedModel::covers(program::KernelKind kind, const network::Layer& layer) const {
  switch (kind) {
    case program::KernelKind::conv:
      return layer.is_int8() && conv &&
             (is_pointwise(called_window(layer)) || !conv_for(called_window(layer)).im2col) &&
             (!layer.lookup || operators.count(program::KernelKind::lookup) > 0);
    case program::KernelKind::gemm:
      return gemm.count({layer.in_type, layer.out_type}) > 0;
    case program::KernelKind::ops:
    case program::KernelKind::clear:
      return true;
    case program::KernelKind::maxpool:
    case program::KernelKind::avgpool:
    case program::KernelKind::add:
    case program::KernelKind::copy:
      return elementwise.has_value();
    default:
      return operators.count(kind) > 0 && (!layer.lookup || operators.count(program::KernelKind::lookup) > 0);
  }
}

Grounds FittedModel::grounds(const program::KernelCall& call, const network::Layer& layer) const {
  if (call.kind == program::KernelKind::conv) return conv_grounds(conv_for(called_window(layer)), call, layer);
  if (call.kind != program::KernelKind::gemm) return {};
  const GemmCoefficients& c = gemm.at({layer.in_type, layer.out_type});
  if (!c.fitted) return {};
  const int m = call.out.h1 - call.out.h0, n = call.out.c1 - call.out.c0;
  if (c.fitted_to(m, call.in_c, n)) return {Footing::fitted, "", ""};
  return {Footing::extrapolated,
          fmt::format("gemm {} -> {}, m {} k {} n {}", type_name(layer.in_type), type_name(layer.out_type), m,
                      call.in_c, n),
          c.range};
}

std::string FittedModel::coverage() const {
  std::vector<std::string> products, parts;
  for (const auto& [types, c] : gemm)
    products.push_back(fmt::format("{} -> {}", type_name(types.first), type_name(types.second)));
  if (conv && conv->im2col)
    parts.emplace_back(
        "int8 networks of 1x1 convolutions (the streams of larger windows, which the DMA expands, are not modelled)");
  else if (conv)
    parts.emplace_back(elementwise ? "int8 networks" : "int8 convolutions");
  if (elementwise && !conv) parts.emplace_back("additions and pools");
  if (!products.empty()) parts.push_back(fmt::format("products {}", fmt::join(products, ", ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace tessera::cost
