#include "sim/schedule/tiling_cost.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera::schedule {
namespace {

struct TileShape {  // of the largest tile
  int h, w, b;      // output rows, columns, 8-channel blocks
  int in_h, in_w;   // window of the tile
  int in_b;         // 8-channel input blocks of one chunk
};

TileShape tile_shape(const network::Layer& layer, const Partition& p, const Tiling& t) {
  TileShape s{};
  s.h = static_cast<int>(ceil_div(p.max_h, t.nh));
  s.w = static_cast<int>(ceil_div(p.max_w, t.nw));
  s.b = static_cast<int>(ceil_div(p.max_b, t.no));
  s.in_h = (s.h - 1) * layer.window.sh + layer.window.kh;
  s.in_w = (s.w - 1) * layer.window.sw + layer.window.kw;
  s.in_b = channelwise(layer) ? s.b : static_cast<int>(ceil_div(network::stored_channels(layer.in.c) / 8, t.ni));
  return s;
}

double stream_rate(const arch::ArraySpec& a) {
  return std::min({a.stream.bytes_per_cycle, a.tile.dma.bytes_per_cycle, a.memtile.dma.bytes_per_cycle});
}

// A tensor whose bands the columns do not split.
struct Crossing {
  double tile_bands = 1;  // bands that a tile of it lies in
  double columns = 1;     // columns that use one memory tile at a time: all walk the bands in the same order
};
Crossing crossing(const Mapping& m, Axis bands, bool in_ddr, const network::Shape& map, int tile_h, int tile_w,
                  const arch::ArraySpec& a) {
  if (in_ddr || m.cols == Axis::channels || m.cols == bands) return {};
  const int extent = bands == Axis::height ? map.h : map.w, tile = bands == Axis::height ? tile_h : tile_w;
  const double count = std::min(a.memtiles(), extent);
  Crossing x;
  x.tile_bands = std::clamp(count * tile / extent, 1.0, count);
  x.columns = std::max(1.0, a.cols / std::min(count, x.tile_bands * (m.rows == bands ? a.rows : 1)));
  return x;
}

// Activation streams that one memory tile feeds at a time. Where the rows of the array split the axis of the input's
// bands, and the columns all read the same, the streams come from different memory tiles.
double lanes_per_memtile(const LayerContext& c, const Partition& p, double columns, const arch::ArraySpec& a) {
  const bool apart =
      p.mapping.cols == Axis::channels && p.mapping.rows == c.input_bands && !c.input_in_ddr && !channelwise(*c.layer);
  return p.full_lanes * c.input_sharers * columns / (apart && c.input_sharers == 1 ? a.memtiles() : 1);
}

}  // namespace

Weights weights_of(const LayerContext& c, const Partition& p, const Tiling& t) {
  return p.weights.empty() ? Weights{} : c.weights->cut(p, t.no, t.ni);
}

Loads loads_of(const network::Layer& layer, const Tiling& t) {
  const double ns = t.nh * t.nw;
  if (channelwise(layer)) return {ns * t.no, 0};
  Loads l{ns * t.no * t.ni, ns * t.no * t.ni};
  if (t.ni == 1 && (!t.weights_outer || t.no == 1)) l.input = ns;
  if (t.ni == 1 && t.weights_outer) l.weights = t.no;
  if (t.no * t.ni == 1) l.weights = 1;
  return l;
}

Movement movement_of(const LayerContext& c, const Partition& p, const Tiling& t, const CoreBuffers& b,
                     const Weights& weights, const ChannelPlan& plan, const arch::ArraySpec& a, double enough) {
  const network::Layer& l = *c.layer;
  const Loads loads = loads_of(l, t);
  const double rate = stream_rate(a);
  const double ns = t.nh * t.nw;
  const double dma = static_cast<double>(a.tile.dma.start_cycles + a.tile.dma.chain_cycles) + task_overhead;

  const TileShape s = tile_shape(l, p, t);
  const Crossing in = crossing(p.mapping, c.input_bands, c.input_in_ddr, l.in, s.in_h, s.in_w, a);
  const Crossing out = crossing(p.mapping, c.output_bands, c.output_in_ddr, l.out, s.h, s.w, a);
  Movement m;
  m.input = static_cast<double>(b.input) / rate + dma * in.tile_bands;
  m.output = static_cast<double>(b.output) / rate + dma * out.tile_bands;
  m.lanes = lanes_per_memtile(c, p, in.columns, a);
  m.raise(loads.input * m.input * std::max(1.0, m.lanes / plan.acts), "input");
  if (m.cycles >= enough) return m;
  const double reload = loads.weights / (t.no * t.ni);
  const double weight_time = reload * static_cast<double>(weights.group) / rate + loads.weights * dma;
  const Crossing second = crossing(p.mapping, c.operand_bands, c.operand_in_ddr, l.out, s.h, s.w, a);
  const double operand = c.operand ? ns * t.no * (static_cast<double>(b.operand) / rate + dma * second.tile_bands) : 0;
  m.raise(weight_time + operand, "weights");
  const int operand_channels = plan.acts > p.lanes ? plan.acts - p.lanes : plan.acts;
  const int cores_per_memtile = static_cast<int>(ceil_div(a.rows, a.memtile_rows));
  m.raise(operand * std::ceil(cores_per_memtile * second.columns / operand_channels - 0.01), "operand");
  const int groups_per_memtile = static_cast<int>(ceil_div(static_cast<int>(p.weights.size()), a.memtiles()));
  m.raise(weight_time * static_cast<double>(ceil_div(groups_per_memtile, std::max(1, plan.weights))), "weights");
  m.raise(ns * t.no * m.output * std::max(1.0, cores_per_memtile * out.columns / plan.results), "output");

  const double shim = std::min(a.shim.dma.bytes_per_cycle, a.stream.bytes_per_cycle);
  const double column_read = std::min(a.ddr.column_bytes_per_cycle, plan.loads * shim);
  const double read = std::min(a.ddr.read_bytes_per_cycle, a.cols * column_read);
  const bool resident =
      weights.all / std::max<Bytes>(1, std::min<Bytes>(a.memtiles(), static_cast<Bytes>(p.weights.size()))) < c.staging;
  double from_ddr = static_cast<double>(weights.all) * (resident ? 1.0 : reload);
  const double tiles = t.weights_outer || channelwise(l) ? ns * t.no : ns;
  const double staged = static_cast<double>(b.input) * (t.chunks_staged ? loads.input : tiles * t.ni);
  const auto groups = static_cast<double>(p.acts.size());
  if (c.input_in_ddr) {
    const auto streams = static_cast<double>(ceil_div(static_cast<int>(p.acts.size()), a.cols));  // of a column
    const double starts = (t.chunks_staged ? loads.input : tiles) * dma;
    m.raise((staged / shim + starts) * std::max(1.0, streams / plan.loads), "ddr");
    from_ddr += staged * groups;
  }
  if (c.operand_in_ddr) {
    const double all = ns * t.no * static_cast<double>(b.operand) * static_cast<double>(p.parts.size());
    m.raise((all + (c.input_in_ddr ? staged * groups : 0)) / column_read / a.cols, "ddr");
    from_ddr += all;
  }
  m.raise(from_ddr / read, "ddr");
  if (c.output_in_ddr) {
    const double all = static_cast<double>(std::int64_t{l.out.h} * l.out.w * network::stored_channels(l.out.c));
    m.raise(all / std::min(a.ddr.write_bytes_per_cycle,
                           a.cols * std::min(a.ddr.column_bytes_per_cycle, plan.spills * shim)),
            "ddr");
    m.raise(ns * t.no * m.output * cores_per_memtile / plan.spills, "ddr");
  }
  return m;
}

Estimate estimate_with(const LayerContext& c, const Partition& p, const Tiling& t, const CoreBuffers& b,
                       const Weights& weights, const ChannelPlan& plan, Movement m, const arch::ArraySpec& a,
                       const cost::KernelLaw& law) {
  const network::Layer& l = *c.layer;
  const TileShape s = tile_shape(l, p, t);
  program::KernelCall call;
  call.layer = static_cast<std::int16_t>(l.id);
  call.kind = program::kernel_of(l.op);
  const int ph = c.pool != nullptr ? c.pool->window.kh : 1, pw = c.pool != nullptr ? c.pool->window.kw : 1;
  call.out = {0, s.h * ph, 0, s.w * pw, 0, s.b * 8};
  call.in_h = s.in_h;
  call.in_w = s.in_w;
  call.in_c = s.in_b * 8;
  call.first = call.last = t.ni == 1;
  sparsity::ChunkSize chunk;
  chunk.blocks = ceil_div(weights.paced(t.input_slots), std::int64_t{t.no} * t.ni);
  const double fixed = static_cast<double>(a.tile.call_cycles) + call_overhead;
  double step = static_cast<double>(law.duration(call, *c.kernel, &chunk)) / 1e3 + fixed +
                4.0 * static_cast<double>(a.tile.locks.access_cycles);
  if (c.pool != nullptr) {
    call.kind = program::KernelKind::maxpool;
    call.out = {0, s.h, 0, s.w, 0, s.b * 8};
    step += (static_cast<double>(law.duration(call, *c.pool, nullptr)) / 1e3 + fixed) / t.ni;
  }
  m.raise(step * t.steps(), "compute");
  // Streams that do not divide evenly among the channels take turns. While cores compute, a channel stands behind the
  // core whose slot is not free yet, and with two slots a core then waits for the fullest channel.
  if (b.input_slots <= 2 && step * t.steps() >= m.cycles)
    m.raise(loads_of(l, t).input * m.input * std::ceil(m.lanes / plan.acts - 0.01), "input");

  // What is left to compute when the last input has come.
  const double tail = t.ni == 1 && !t.weights_outer && !channelwise(l) ? step * t.no : step;
  // Filling and draining the pipeline of one layer; what fits beside the neighbour's buffers is prefetched under it.
  const double fill = std::max(m.input * static_cast<double>(ceil_div(p.lanes, plan.acts)),
                               static_cast<double>(b.weights) / stream_rate(a)) +
                      tail + m.output * static_cast<double>(ceil_div(ceil_div(a.rows, a.memtile_rows), plan.results));
  const double shim = std::min(a.shim.dma.bytes_per_cycle, a.stream.bytes_per_cycle);
  const double staged = c.input_in_ddr ? static_cast<double>(b.input) * (t.chunks_staged ? 1 : t.ni) / shim : 0;
  const bool beside = b.total() * 2 <= a.tile.memory.size - a.tile.reserved;
  return {m.cycles + staged + (beside ? 0.4 * fill : fill) + exposed_per_step * t.steps(), m.bound_by};
}

double paced_cycles(const LayerContext& c, const Partition& p, const arch::ArraySpec& a, const cost::KernelLaw& law) {
  const TileShape s = tile_shape(*c.layer, p, {});
  program::KernelCall call;
  call.layer = static_cast<std::int16_t>(c.layer->id);
  call.kind = program::KernelKind::conv;
  const int ph = c.pool != nullptr ? c.pool->window.kh : 1, pw = c.pool != nullptr ? c.pool->window.kw : 1;
  call.out = {0, s.h * ph, 0, s.w * pw, 0, s.b * 8};
  call.in_h = s.in_h;
  call.in_w = s.in_w;
  call.in_c = s.in_b * 8;
  sparsity::ChunkSize chunk;
  chunk.blocks = weights_of(c, p, {}).paced(2);
  return static_cast<double>(law.duration(call, *c.kernel, &chunk)) / 1e3 + static_cast<double>(a.tile.call_cycles);
}

bool padding_fits(const LayerContext& c, const Partition& p, const Tiling& t, const arch::ArraySpec& a) {
  const network::Window& w = c.layer->window;
  if (w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0) return true;
  const TileShape s = tile_shape(*c.layer, p, t);
  return std::min(s.in_w, c.layer->in.w) <= a.memtile.dma.max_wrap && s.in_b * 8 / 4 <= a.memtile.dma.max_wrap;
}

CoreBuffers buffers_with(const LayerContext& c, const Partition& p, const Tiling& t, Bytes largest_chunk) {
  const network::Layer& l = *c.layer;
  const TileShape s = tile_shape(l, p, t);
  const Loads loads = loads_of(l, t);
  CoreBuffers b;
  b.input = Bytes{s.in_h} * s.in_w * s.in_b * 8;
  b.weights = round_up(largest_chunk, 32);
  b.output = Bytes{s.h} * s.w * s.b * 8;
  b.operand = c.operand ? b.output : 0;
  const Bytes computed = b.output * (c.pool != nullptr ? c.pool->window.kh * c.pool->window.kw : 1);
  b.accumulator = t.ni > 1 ? computed * 4 : 0;
  b.unpooled = c.pool != nullptr ? computed : 0;
  b.input_slots = loads.input > 1 ? t.input_slots : 1;
  b.weights_slots = channelwise(l) ? 0 : loads.weights > 1 ? 2 : 1;
  b.output_slots = t.nh * t.nw * t.no > 1 ? 2 : 1;
  b.operand_slots = c.operand ? b.output_slots : 0;
  return b;
}

ChannelPlan plan_channels(const LayerContext& c, const Partition& p, const arch::ArraySpec& a) {
  ChannelPlan plan;
  const int out = a.memtile.dma.mm2s;
  const network::Shape& shape = c.layer->out;
  const Bytes output = Bytes{shape.h} * shape.w * network::stored_channels(shape.c);
  const bool mostly_output =
      c.output_in_ddr && (c.weights == nullptr || output > c.weights->blocks() * c.weights->block_bytes());
  const int streams = static_cast<int>(ceil_div(static_cast<int>(p.weights.size()), a.memtiles()));
  const int kept = std::min(out - 1, p.lanes + (c.operand ? 2 : 0) + (mostly_output ? a.shim.dma.s2mm : 0));
  plan.weights = std::clamp(streams, streams == 0 ? 0 : 1, out - kept);
  plan.acts = std::max(1, out - plan.weights);
  if (c.output_in_ddr) {
    plan.spills = std::clamp(plan.acts - p.lanes, 1, a.shim.dma.s2mm);
    if (plan.acts > plan.spills) plan.acts -= plan.spills;
    plan.spill = std::min(plan.acts, out - plan.spills);
  }
  const int in = a.memtile.dma.s2mm;
  const int results = static_cast<int>(ceil_div(a.rows, a.memtile_rows));
  // Two of AIE2's six, more where results leave them; of fewer than six just one, as results need the others.
  plan.loads = std::min({in - 1, a.shim.dma.mm2s, std::max(in / 3, in - results)});
  plan.results = in - plan.loads;
  return plan;
}

CoreBuffers core_buffers(const LayerContext& c, const Partition& p, const Tiling& t) {
  return buffers_with(c, p, t, weights_of(c, p, t).largest);
}

Estimate estimate(const LayerContext& c, const Partition& p, const Tiling& t, const CoreBuffers& b,
                  const arch::ArraySpec& a, const cost::KernelLaw& law) {
  const Weights w = weights_of(c, p, t);
  const ChannelPlan plan = plan_channels(c, p, a);
  const Movement m = movement_of(c, p, t, b, w, plan, a, std::numeric_limits<double>::infinity());
  return estimate_with(c, p, t, b, w, plan, m, a, law);
}

Bytes staging_bytes(const LayerContext& c, const Partition& p, const Tiling& t, const CoreBuffers& b,
                    const arch::ArraySpec& a) {
  const Bytes groups = ceil_div(static_cast<Bytes>(p.acts.size()), static_cast<Bytes>(a.memtiles()));
  const Bytes parts = ceil_div(static_cast<Bytes>(p.parts.size()), static_cast<Bytes>(a.memtiles()));
  const Bytes input = c.input_in_ddr ? 2 * groups * b.input * (t.chunks_staged ? 1 : t.ni) : 0;
  return input + (c.operand_in_ddr ? 2 * parts * b.operand : 0) + (c.output_in_ddr ? 2 * parts * b.output : 0) +
         2 * b.weights;
}

}  // namespace tessera::schedule
