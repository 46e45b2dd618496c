#include "sim/cost/bound.h"

#include <algorithm>

namespace tessera {
namespace {

struct Rates {  // bytes per cycle
  double channel;           // one stream into or out of a core
  int in_streams, out_streams;  // that one column of memory tiles can serve at once
  double ddr_read, ddr_write;
};

Rates rates_of(const ArraySpec& a) {
  Rates r{};
  r.channel = std::min({a.stream.bytes_per_cycle, a.tile.dma.bytes_per_cycle, a.memtile.dma.bytes_per_cycle});
  // One outbound channel of a memory tile is left for weights, unless it is the only one.
  r.in_streams = std::min(a.rows, std::max(1, a.memtile.dma.mm2s - 1) * a.memtile_rows);
  r.out_streams = std::min(a.rows, a.memtile.dma.s2mm * a.memtile_rows);
  const double shim = std::min(a.shim.dma.bytes_per_cycle, a.stream.bytes_per_cycle);
  r.ddr_read = std::min(a.ddr.read_bytes_per_cycle, a.cols * std::min(a.ddr.column_bytes_per_cycle, a.shim.dma.mm2s * shim));
  r.ddr_write = std::min(a.ddr.write_bytes_per_cycle, a.cols * std::min(a.ddr.column_bytes_per_cycle, a.shim.dma.s2mm * shim));
  return r;
}

struct Candidate {
  double cycles = 0;
  const char* by = "none";
  void raise(double c, const char* what) {
    if (c > cycles) {
      cycles = c;
      by = what;
    }
  }
};

// Bytes of a pixel of the input and of the output, and of all weights.
struct Widths {
  std::int64_t in, out;
  bool product;  // computed by a kernel for products
};
Widths widths_of(const Layer& l, bool products) {
  if (products && l.is_gemm) return {l.in.c * type_bytes(l.in_type), l.out.c * type_bytes(l.out_type), true};
  return {stored_channels(l.in.c), stored_channels(l.out.c), false};
}

KernelCall whole_call(const Layer& layer, std::int64_t h, std::int64_t w, std::int64_t channels) {
  KernelCall call;
  call.layer = static_cast<std::int16_t>(layer.id);
  call.kind = kernel_of(layer.op);
  call.out = {0, static_cast<int>(h), 0, static_cast<int>(w), 0, static_cast<int>(channels)};
  call.in_c = stored_channels(layer.in.c);
  return call;
}

Millicycles duration(const Layer& l, std::int64_t h, std::int64_t w, std::int64_t channels, const ChunkSize* chunk,
                     const Widths& widths, const KernelLaw& law) {
  KernelCall call = whole_call(l, h, w, channels);
  if (widths.product) {
    call.kind = KernelKind::gemm;
    call.out.c1 = std::min(call.out.c1, l.out.c);
    call.in_c = l.in.c;
  }
  return law.duration(call, l, chunk);
}

// Weights of `rows` 8-channel output rows at the layer's average density.
ChunkSize average_chunk(const Layer& layer, const KernelMask& mask, double rows) {
  ChunkShape all;
  all.col1 = mask.cols;
  all.taps = layer.window.kh * layer.window.kw;
  for (int r = 0; r < mask.rows; ++r) all.rows.push_back(r);
  ChunkSize s = chunk_size(mask, all);
  const double share = rows / mask.rows;
  s.blocks = static_cast<std::int64_t>(static_cast<double>(s.blocks) * share);
  s.data = static_cast<Bytes>(static_cast<double>(s.data) * share);
  s.index = static_cast<Bytes>(static_cast<double>(s.index) * share);
  return s;
}

struct Division {
  int h = 1, w = 1, c = 1;
};

Division divide(const ArraySpec& a, int cols_axis, int rows_axis) {
  Division d;
  for (const auto& [axis, n] : {std::pair{cols_axis, a.cols}, std::pair{rows_axis, a.rows}})
    (axis == 0 ? d.w : axis == 1 ? d.h : d.c) *= n;
  return d;
}

// Rows (or columns) of the input that a core with `out` of the output reads, halos aside: a stride beyond the kernel skips
// what lies between its windows.
std::int64_t rows_read(std::int64_t out, std::int64_t in_share, int kernel, int stride) {
  return std::min(in_share, kernel < stride ? out * kernel : (out - 1) * stride + kernel);
}

// The bytes of a chunk on its way.
double weight_bytes(const Layer& l, const ChunkSize& chunk, const Widths& widths, double share) {
  if (widths.product) return static_cast<double>(widths.in) * l.out.c * share;
  return static_cast<double>(chunk.data + chunk.index);
}

Candidate conv_candidate(const Layer& l, const KernelMask& mask, const ArraySpec& a, const Rates& r, const KernelLaw& law,
                         const Widths& widths, int cols_axis, int rows_axis) {
  const Division d = divide(a, cols_axis, rows_axis);
  const auto h = ceil_div(l.out.h, d.h), w = ceil_div(l.out.w, d.w), pixels = h * w;
  const auto rows8 = ceil_div(mask.rows, d.c);
  const ChunkSize chunk = average_chunk(l, mask, static_cast<double>(rows8));
  const double in_share = rows_axis == 2 ? 1.0 : static_cast<double>(a.rows) / r.in_streams;
  Candidate c;
  c.raise(static_cast<double>(duration(l, h, w, rows8 * 8, &chunk, widths, law)) / 1e3, "compute");
  const std::int64_t read = rows_read(h, ceil_div(l.in.h, d.h), l.window.kh, l.window.sh) *
                            rows_read(w, ceil_div(l.in.w, d.w), l.window.kw, l.window.sw);
  c.raise(static_cast<double>(read * widths.in) * in_share / r.channel, "input");
  const double channels = std::min(static_cast<double>(rows8 * 8) / stored_channels(l.out.c), 1.0);
  c.raise(static_cast<double>(pixels * widths.out) * channels * a.rows / r.out_streams / r.channel, "output");
  c.raise(weight_bytes(l, chunk, widths, channels) / r.channel, "weights");
  return c;
}

LayerBound layer_bound(const Layer& l, const KernelMask& mask, const ArraySpec& a, const Rates& r, const KernelLaw& law,
                       bool products) {
  LayerBound best;
  if (l.op == Op::input || l.op == Op::concat) return best;
  const double us = 1e6 / a.clock_hz;
  const int in_c = stored_channels(l.in.c), out_c = stored_channels(l.out.c);
  if (l.op != Op::conv2d) {
    const double in = static_cast<double>(std::int64_t{l.in.h} * l.in.w * in_c) * static_cast<double>(l.inputs.size());
    Candidate c;
    c.raise(in / a.cols / r.in_streams / r.channel, "input");
    c.raise(static_cast<double>(std::int64_t{l.out.h} * l.out.w * out_c) / a.cols / r.out_streams / r.channel, "output");
    c.raise(static_cast<double>(law.duration(whole_call(l, l.out.h, l.out.w, out_c), l, nullptr)) / 1e3 / a.cores(), "compute");
    return {c.cycles * us, c.by, "any"};
  }
  const ChunkSize all = average_chunk(l, mask, mask.rows);
  const Widths widths = widths_of(l, products);
  static const char* const axes[] = {"width", "height", "channels"};
  for (int cols_axis : {0, 1, 2})
    for (int rows_axis : {2, 0, 1}) {
      Candidate c = conv_candidate(l, mask, a, r, law, widths, cols_axis, rows_axis);
      c.raise(weight_bytes(l, all, widths, 1) / r.ddr_read, "ddr");
      if (best.mapping.empty() || c.cycles * us < best.us)
        best = {c.cycles * us, c.by, std::string("cols=") + axes[cols_axis] + " rows=" + axes[rows_axis]};
    }
  return best;
}

}  // namespace

Bounds analytic_bounds(const Network& network, const std::vector<std::optional<BlockMask>>& masks, const ArraySpec& a,
                       const KernelLaw& law, bool products) {
  const Rates r = rates_of(a);
  Bounds b;
  double compute = 0, read = 0, written = 0;
  std::int64_t network_in = 0;  // bytes of a pixel of the network's input when its reader is a product
  std::vector<bool> used(network.layers.size(), false);
  for (const Layer& l : network.layers) {
    KernelMask mask;
    if (l.op == Op::conv2d) mask = kernel_mask(masks[l.id] ? *masks[l.id] : BlockMask::all_ones(l.out.c, l.in.c));
    b.layers.push_back(layer_bound(l, mask, a, r, law, products));
    b.layer_bound_us += b.layers.back().us;
    for (LayerId i : l.inputs) used[i] = true;
    if (l.op == Op::conv2d) {
      const ChunkSize all = average_chunk(l, mask, mask.rows);
      const Widths widths = widths_of(l, products);
      read += weight_bytes(l, all, widths, 1);
      compute += static_cast<double>(duration(l, l.out.h, l.out.w, mask.rows * 8, &all, widths, law)) / 1e3;
      if (widths.product) network_in = widths.in;
    }
  }
  for (const Layer& l : network.layers) {
    const double pixels = static_cast<double>(l.out.h) * l.out.w;
    if (l.op == Op::input) read += pixels * static_cast<double>(network_in > 0 ? network_in : stored_channels(l.out.c));
    if (!used[l.id]) written += pixels * static_cast<double>(widths_of(l, products).out);
  }
  b.bound_us = std::max({compute / a.cores(), read / r.ddr_read, written / r.ddr_write}) * 1e6 / a.clock_hz;
  return b;
}

}  // namespace tessera
