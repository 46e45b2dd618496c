#include "sim/cost/alone_bound.h"

#include <algorithm>
#include <functional>

#include "sim/cost/kernel_time.h"
#include "sim/network/shapes.h"

namespace tessera::cost {
namespace {

// Bytes per cycle of a stream into a core and out of one, how many of them come into a core at once, and how many of
// them the memory tiles serve.
struct Streams {
  double in, out;
  int inbound, sources, sinks;
};

Streams streams_of(const network::Layer& l, const arch::ArraySpec& a) {
  Streams s{};
  s.in = std::min({a.stream.bytes_per_cycle, a.tile.dma.rate(false), a.memtile.dma.rate(true)});
  s.out = std::min({a.stream.bytes_per_cycle, a.tile.dma.rate(true), a.memtile.dma.rate(false)});
  s.inbound = a.tile.dma.s2mm;
  // One outbound channel of a memory tile is left for weights, unless it is the only one.
  const int others = ops::has_weights(l) && a.memtile.dma.mm2s > 1 ? 1 : 0;
  s.sources = (a.memtile.dma.mm2s - others) * a.memtiles();
  s.sinks = a.memtile.dma.s2mm * a.memtiles();
  return s;
}

// The axes of the output: 0 width, 1 height, 2 channels.
constexpr const char* axes[] = {"width", "height", "channels"};
struct Division {
  int w = 1, h = 1, c = 1;
  Division(const arch::ArraySpec& a, int cols_axis, int rows_axis) {
    int* const parts[] = {&w, &h, &c};
    *parts[cols_axis] *= a.cols;
    *parts[rows_axis] *= a.rows;
  }
};

// What the bounds of one layer under any mapping rest on.
struct Demand {
  const network::Layer& layer;
  const sparsity::KernelMask& mask;
  const LatencyModel& latency_model;
  bool products;
  Streams streams;
  std::vector<std::int64_t> row_blocks;     // present 8x8 blocks by group of 8 output channels
  std::int64_t read_h = 0, read_w = 0;      // rows and columns of the input that are read at all
  Bytes read_pixel = 0, written_pixel = 0;  // bytes

  bool product() const { return products && layer.is_gemm; }
  bool conv() const { return ops::has_blocks(layer); }
  bool own_channels() const { return ops::channelwise(layer); }
  // What output channels are dealt out in, and how many of these there are.
  std::int64_t unit() const { return product() ? 1 : sparsity::kernel_block; }
  std::int64_t units() const { return product() ? layer.out.c : ceil_div(layer.out.c, sparsity::kernel_block); }
};

Demand demand_of(const network::Layer& l, const sparsity::KernelMask& mask, const arch::ArraySpec& a,
                 const LatencyModel& latency_model, bool products) {
  Demand d{l, mask, latency_model, products, streams_of(l, a), {}, l.in.h, l.in.w, 0, 0};
  const network::Window& k = l.window;
  if (ops::has_window(l)) {
    d.read_h = positions_read(l.in.h, l.out.h, k.extent_h(), k.sh, k.pad_top);
    d.read_w = positions_read(l.in.w, l.out.w, k.extent_w(), k.sw, k.pad_left);
  }
  d.read_pixel = network::input_pixel_bytes(l, products);
  d.written_pixel = network::output_pixel_bytes(l, products);
  if (!d.conv() || d.product()) return d;
  d.read_pixel = columns_read(mask) * sparsity::kernel_block;
  for (int r = 0; r < mask.rows; ++r) d.row_blocks.push_back(mask.count(r, r + 1, 0, mask.cols));
  return d;
}

struct Candidate {
  double cycles = 0;
  const char* by = "none";
  void raise(double c, const char* what) {
    if (c <= cycles) return;
    cycles = c;
    by = what;
  }
};

// Kernels of the core with the most pixels and the most output channels, of that with the most blocks, and of all on
// average.
double compute_cycles(const Demand& d, const Division& n) {
  const network::Layer& l = d.layer;
  const std::int64_t h = ceil_div(l.out.h, n.h), w = ceil_div(l.out.w, n.w), units = ceil_div(d.units(), n.c);
  const auto cycles = [&](std::int64_t channels, std::int64_t blocks) {
    return kernel_cycles(l, {h, w, channels, blocks}, d.latency_model, d.products);
  };
  if (d.row_blocks.empty()) return cycles(units * d.unit(), 0);
  std::vector<std::int64_t> ascending = d.row_blocks;
  std::sort(ascending.begin(), ascending.end());
  std::int64_t fewest = 0, all = 0;
  for (std::size_t r = 0; r < ascending.size(); ++r) {
    all += ascending[r];
    if (static_cast<std::int64_t>(r) < units) fewest += ascending[r];
  }
  const std::int64_t most = fullest(d.row_blocks, n.c), rows = std::max<std::int64_t>(1, ceil_div(most, d.mask.cols));
  return std::max({cycles(units * sparsity::kernel_block, fewest), cycles(rows * sparsity::kernel_block, most),
                   cycles(d.units() * sparsity::kernel_block, all) / n.c});
}

Candidate candidate(const Demand& d, const Division& n) {
  const network::Layer& l = d.layer;
  Candidate c;
  c.raise(compute_cycles(d, n), "compute");
  // Without a convolution's sum over the input channels a core reads just those that it computes.
  const std::int64_t read_units = ceil_div(d.units(), n.c);
  const Bytes core_pixel = d.own_channels() ? read_units * sparsity::kernel_block : d.read_pixel;
  const Bytes core_input = ceil_div(d.read_h, n.h) * ceil_div(d.read_w, n.w) * core_pixel;
  const Bytes second = operator_of(l).inputs == 2 ? l.second.h * Bytes{l.second.w} * d.read_pixel : 0;
  // What is read of a factor of a product, or of pixels and channels that are picked, is not bounded.
  if (operator_of(l).partial) return c;
  const Bytes all_input = d.read_h * d.read_w * d.read_pixel + second;
  const double inbound = d.streams.in * (d.product() ? 1 : d.streams.inbound);
  c.raise(static_cast<double>(core_input) / inbound, "input");
  c.raise(static_cast<double>(all_input) / d.streams.sources / d.streams.in, "input");
  const Bytes core_output = ceil_div(l.out.h, n.h) * ceil_div(l.out.w, n.w) *
                            (d.product() ? bytes_of(l.out_type, ceil_div(d.units(), n.c))
                                         : ceil_div(d.units(), n.c) * sparsity::kernel_block);
  const Bytes all_output = std::int64_t{l.out.h} * l.out.w * d.written_pixel;
  c.raise(static_cast<double>(core_output) / d.streams.out, "output");
  c.raise(static_cast<double>(all_output) / d.streams.sinks / d.streams.out, "output");
  if (d.product()) {
    c.raise(static_cast<double>(ceil_div(d.units(), n.c) * d.read_pixel) / d.streams.in, "weights");
  } else if (d.conv()) {
    std::vector<std::int64_t> bytes = d.row_blocks;
    const std::int64_t block = Bytes{sparsity::kernel_block} * sparsity::kernel_block * l.window.kh * l.window.kw;
    for (std::int64_t& b : bytes) b = b * block + Bytes{sparsity::kernel_block} * 4;
    const Bytes weights = fullest(std::move(bytes), n.c);
    c.raise(static_cast<double>(weights) / d.streams.in, "weights");
    c.raise(static_cast<double>(core_input + weights) / inbound, core_input > weights ? "input" : "weights");
  }
  return c;
}

// Bytes per cycle that all shim channels together read from DDR, or write to it, at best.
double ddr_rate(const arch::ArraySpec& a, bool read) {
  const arch::DmaSpec& shim = a.shim.dma;
  const double other = std::max(a.memtile.dma.rate(!read), a.tile.dma.rate(!read));
  const double channel = std::min({shim.rate(read), a.stream.bytes_per_cycle, other});
  const double column = std::min(a.ddr.column_bytes_per_cycle, (read ? shim.mm2s : shim.s2mm) * channel);
  return std::min(read ? a.ddr.read_bytes_per_cycle : a.ddr.write_bytes_per_cycle, a.cols * column);
}

}  // namespace

std::int64_t fullest(std::vector<std::int64_t> parts, std::int64_t machines) {
  std::sort(parts.begin(), parts.end(), std::greater<>());
  const auto count = static_cast<std::int64_t>(parts.size());
  std::vector<std::int64_t> before(parts.size() + 1, 0);
  for (std::size_t i = 0; i < parts.size(); ++i) before[i + 1] = before[i] + parts[i];
  std::int64_t least = ceil_div(before.back(), machines);
  // Of the k x machines + 1 largest parts some machine has k + 1.
  for (std::int64_t k = 0; k * machines < count; ++k)
    least = std::max(least, before[k * machines + 1] - before[k * machines - k]);
  return least;
}

double ddr_cycles(const arch::ArraySpec& a, Bytes read, Bytes written) {
  const double all =
      a.ddr.mixed_bytes_per_cycle > 0 ? static_cast<double>(read + written) / a.ddr.mixed_bytes_per_cycle : 0;
  return std::max(
      {static_cast<double>(read) / ddr_rate(a, true), static_cast<double>(written) / ddr_rate(a, false), all});
}

AloneBound alone_bound(const network::Layer& l, const sparsity::KernelMask& mask, const LayerTraffic& traffic,
                       const arch::ArraySpec& a, const LatencyModel& latency_model, bool products) {
  const double ddr = ddr_cycles(a, traffic.weights + traffic.input, traffic.output);
  const double us = 1e6 / a.clock_hz;
  if (!ops::is_computed(l)) return {ddr * us, ddr > 0 ? "ddr" : "", ""};
  const Demand demand = demand_of(l, mask, a, latency_model, products);
  AloneBound best;
  for (int cols_axis : {0, 1, 2})
    for (int rows_axis : {2, 0, 1}) {
      Candidate c = candidate(demand, Division(a, cols_axis, rows_axis));
      c.raise(ddr, "ddr");
      if (best.mapping.empty() || c.cycles * us < best.us)
        best = {c.cycles * us, c.by, std::string("cols=") + axes[cols_axis] + " rows=" + axes[rows_axis]};
    }
  return best;
}

}  // namespace tessera::cost
