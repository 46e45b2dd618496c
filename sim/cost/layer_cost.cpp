#include "sim/cost/layer_cost.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/cost/control_time.h"
#include "sim/cost/tuned.h"
#include "sim/program/ddr_load.h"

namespace tessera::cost {
namespace {

double stream_rate(const arch::ArraySpec& a) {
  return std::min({a.stream.bytes_per_cycle, a.tile.dma.bytes_per_cycle, a.memtile.dma.bytes_per_cycle});
}

// A tensor whose bands the columns do not split.
struct Crossing {
  double tile_bands = 1;  // bands that a tile of it lies in
  double columns = 1;     // columns that use one memory tile at a time: all walk the bands in the same order
};
struct TiledMap {
  const network::Shape& map;
  int tile_h, tile_w;
};
Crossing crossing(const mapping::Sharding& m, mapping::Axis bands, bool in_ddr, const TiledMap& of,
                  const arch::ArraySpec& a) {
  if (in_ddr || m.cols == mapping::Axis::channels || m.cols == bands) return {};
  const int extent = bands == mapping::Axis::height ? of.map.h : of.map.w,
            tile = bands == mapping::Axis::height ? of.tile_h : of.tile_w;
  const double count = std::min(a.memtiles(), extent);
  Crossing x;
  x.tile_bands = std::clamp(count * tile / extent, 1.0, count);
  x.columns = std::max(1.0, a.cols / std::min(count, x.tile_bands * (m.rows == bands ? a.rows : 1)));
  return x;
}

// Activation streams that one memory tile feeds at a time. Where the rows of the array split the axis of the input's
// bands, and the columns all read the same, the streams come from different memory tiles.
double lanes_per_memtile(const LayerContext& c, const mapping::Partition& p, double columns, const arch::ArraySpec& a) {
  const bool apart = p.sharding.cols == mapping::Axis::channels && p.sharding.rows == c.input_axis && !c.in_ddr.input &&
                     !mapping::channelwise(*c.layer);
  return p.full_lanes * c.input_sharers * columns / (apart && c.input_sharers == 1 ? a.memtiles() : 1);
}

double shim_rate(const arch::ArraySpec& a) { return std::min(a.shim.dma.bytes_per_cycle, a.stream.bytes_per_cycle); }

// Parts of the window of a tile that its taps read, with gaps between them that no core holds.
int boxes_of(const network::Layer& l, const mapping::TileShape& s) {
  return (s.in_h < s.read_h ? l.window.kh : 1) * (s.in_w < s.read_w ? l.window.kw : 1);
}

int cores_per_memtile_of(const arch::ArraySpec& a) { return static_cast<int>(ceil_div(a.rows, a.memtile_rows)); }

// A tile of a map in DDR, as one descriptor moves it.
program::Access tile_access(const network::Shape& map, int h, int w, int channels) {
  const int pixel = network::stored_channels(map.c);
  program::Access a;
  a.rank = 1;
  a.dims[0].count = channels;
  for (const auto& [count, step] : {std::pair{w, pixel}, std::pair{h, map.w * pixel}})
    if (count > 1) a.dims[static_cast<std::size_t>(a.rank++)] = program::repeated(count, step);
  return a;
}

// Share of the tiles of an input that come over the second channel of a core.
double aside_share(const mapping::Inbound& in, double tiles) {
  return in.aside == 0 ? 0 : std::floor(tiles / in.aside) / tiles;
}

// What the inbound channels of a core carry; inputs that come aside are sent by channels of the memory tile that other
// inputs leave free.
struct Carried {
  double first = 0, second = 0;
  double most() const { return std::max(first, second); }
};
Carried carried_by(const mapping::Inbound& in, const Walk& walk, const Movement& m) {
  const int spare = walk.channels.acts - walk.partition.lanes;
  const double aside = m.inputs * aside_share(in, m.input > 0 ? m.inputs / m.input : 1);
  return {
      m.inputs - aside + (in.operand_first ? m.operands : 0),
      std::max(m.weights + aside + (in.operand_first ? 0 : m.operands), spare > 0 ? aside * m.lanes / spare : aside)};
}

void raise_inbound(Movement& m, const Walk& walk) {
  const Carried carried = carried_by(walk.tiling.inbound, walk, m);
  m.raise(carried.first, "input");
  m.raise(carried.second, "weights");
}

// An output that goes to DDR.
void raise_spilled(Movement& m, const network::Layer& l, const Walk& walk, const arch::ArraySpec& a) {
  const mapping::TileShape& s = walk.shape;
  mapping::Span rows = walk.partition.parts[0].h;  // of the output that are computed
  for (const mapping::CorePart& part : walk.partition.parts)
    rows = {std::min(rows.lo, part.h.lo), std::max(rows.hi, part.h.hi)};
  const double all = static_cast<double>(std::int64_t{rows.size()} * l.out.w * network::stored_channels(l.out.c)) *
                     program::ddr_load(tile_access(l.out, s.h, s.w, s.b * 8), a.ddr, true);
  const int spills = walk.channels.spills;
  m.raise(all / std::min(a.ddr.write_bytes_per_cycle,
                         a.cols * std::min(a.ddr.column_bytes_per_cycle, spills * shim_rate(a))),
          "ddr");
  const mapping::Tiling& t = walk.tiling;
  m.raise(1.0 * t.nh * t.nw * t.no * m.output * cores_per_memtile_of(a) / spills, "ddr");
}

}  // namespace

mapping::Weights weights_of(const LayerContext& c, const mapping::Partition& p, const mapping::Tiling& t) {
  return p.weights.empty() ? mapping::Weights{} : c.weights->cut(p, t.no, t.ni);
}

namespace {
// Of a tile of the second input. The second factor of a product stands in bands of its own rows, and `columns` are
// streams from one memory tile: all groups of cores walk the bands alike, but for those with other groups of rows.
Crossing second_crossing(const LayerContext& c, const Walk& walk, const arch::ArraySpec& a) {
  const network::Layer& l = *c.layer;
  const mapping::TileShape& s = walk.shape;
  const auto groups = static_cast<double>(walk.partition.seconds.size());
  if (!is_product(l)) return crossing(walk.partition.sharding, c.operand_axis, c.in_ddr.operand, {l.out, s.h, s.w}, a);
  if (c.in_ddr.operand) return {1, std::ceil(groups / a.memtiles())};
  const network::Shape read = reads_at_most(l, 1, {s.h, s.w, s.b * 8});
  const int rows = walk.tiling.ni > 1 && !l.matmul.by_rows ? s.in_b * 8 : read.h;
  const double count = c.operand_axis == mapping::Axis::height ? std::min(a.memtiles(), l.second.h) : 1;
  const double bands = std::clamp(std::ceil(count * rows / l.second.h), 1.0, count);
  std::set<int> apart;
  for (const mapping::CoreGroup& g : walk.partition.seconds)
    apart.insert(walk.partition.parts[static_cast<std::size_t>(g.parts[0])].h.lo / l.matmul.rows);
  return {bands, groups / std::max(bands, std::min(count, static_cast<double>(apart.size())))};
}

// That many streams of second inputs from one memory tile at a time.
void raise_second(Movement& m, const Walk& walk, double streams) {
  const int acts = walk.channels.acts, lanes = walk.partition.lanes, channels = acts > lanes ? acts - lanes : acts;
  m.raise(m.operands * std::ceil(streams / channels - 0.01), "operand");
}
}  // namespace

Movement movement_of(const LayerContext& c, const Walk& walk, const arch::ArraySpec& a, double enough) {
  const auto& [p, t, b, weights, plan, s] = walk;
  const network::Layer& l = *c.layer;
  const mapping::Loads loads = loads_of(l, t);
  const double rate = stream_rate(a);
  const double ns = t.nh * t.nw;
  const double dma = static_cast<double>(a.tile.dma.start_cycles + a.tile.dma.chain_cycles) + tuned.task_overhead;

  const Crossing in = crossing(p.sharding, c.input_axis, c.in_ddr.input, {l.in, s.read_h, s.read_w}, a);
  const Crossing out = crossing(p.sharding, c.output_axis, c.in_ddr.output, {l.out, s.h, s.w}, a);
  Movement m;
  m.input = static_cast<double>(b.input) / rate + dma * std::max<double>(in.tile_bands, boxes_of(l, s));
  m.output = static_cast<double>(b.output) / rate + dma * out.tile_bands;
  m.lanes = lanes_per_memtile(c, p, in.columns, a);
  m.inputs = loads.input * m.input;
  m.raise(m.inputs * std::max(1 - aside_share(t.inbound, loads.input), m.lanes / plan.acts), "input");
  if (m.cycles >= enough) return m;
  const double reload = loads.weights / (t.no * t.ni);
  m.weights = reload * static_cast<double>(weights.group) / rate + loads.weights * dma;
  const Crossing second = c.operand ? second_crossing(c, walk, a) : Crossing{};
  m.operands = c.operand ? loads.second * (static_cast<double>(b.operand) / rate + dma * second.tile_bands) : 0;
  raise_inbound(m, walk);
  const int cores_per_memtile = cores_per_memtile_of(a);
  raise_second(m, walk, is_product(l) ? second.columns : cores_per_memtile * second.columns);
  const int groups_per_memtile = static_cast<int>(ceil_div(static_cast<int>(p.weights.size()), a.memtiles()));
  m.raise(m.weights * static_cast<double>(ceil_div(groups_per_memtile, std::max(1, plan.weights))), "weights");
  m.raise(ns * t.no * m.output * std::max(1.0, cores_per_memtile * out.columns / plan.results), "output");

  const double shim = shim_rate(a);
  const double column_read = std::min(a.ddr.column_bytes_per_cycle, plan.loads * shim);
  const double read = std::min(a.ddr.read_bytes_per_cycle, a.cols * column_read);
  const bool resident =
      weights.all / std::max<Bytes>(1, std::min<Bytes>(a.memtiles(), static_cast<Bytes>(p.weights.size()))) < c.staging;
  double from_ddr = static_cast<double>(weights.all) * (resident ? 1.0 : reload);
  const double tiles = t.weights_stationary || mapping::channelwise(l) ? ns * t.no : ns;
  const double staged = static_cast<double>(b.staged) * (t.chunks_staged ? loads.input : tiles * t.ni);
  const auto groups = static_cast<double>(p.acts.size());
  if (c.in_ddr.input) {
    const int channels = t.chunks_staged || mapping::channelwise(l) ? s.in_b * 8 : network::stored_channels(l.in.c);
    const program::Access piece = tile_access(l.in, s.in_h, s.in_w, channels);
    const double wait = program::channel_wait(piece, a.ddr), shim_in = wait > 0 ? std::min(shim, 1 / wait) : shim;
    const auto streams = static_cast<double>(ceil_div(static_cast<int>(p.acts.size()), a.cols));  // of a column
    // What one memory tile gets: its share of the input, and the weights of its groups of cores.
    m.raise(staged * streams / std::min(a.ddr.column_bytes_per_cycle, plan.loads * shim_in) +
                static_cast<double>(weights.group) * groups_per_memtile * (resident ? 1.0 : reload) / column_read,
            "ddr");
    const double starts = (t.chunks_staged ? loads.input : tiles) * dma;
    m.raise((staged / shim_in + starts) * std::max(1.0, streams / plan.loads), "ddr");
    from_ddr += staged * groups * program::ddr_load(piece, a.ddr, false);
  }
  if (c.in_ddr.operand) {
    const double all = loads.second * static_cast<double>(b.operand) * static_cast<double>(p.seconds.size());
    m.raise((all + (c.in_ddr.input ? staged * groups : 0)) / column_read / a.cols, "ddr");
    from_ddr += all;
  }
  m.raise(from_ddr / read, "ddr");
  if (c.in_ddr.output) raise_spilled(m, l, walk, a);
  return m;
}

namespace {
// Sets of cores that streams of an input go to: of each memory tile that it comes from, a column's own and those to the
// left and right, or all. A switch tells so many apart that end in one channel as an arbiter has selections.
int ways_of_input(const LayerContext& c, const mapping::Partition& p, const arch::ArraySpec& a) {
  const bool by_height = c.input_axis == mapping::Axis::height;
  if (c.in_ddr.input) return 1;
  if (p.sharding.cols != c.input_axis) return std::min(a.memtiles(), by_height ? c.layer->in.h : c.layer->in.w);
  const network::Window& w = c.layer->window;
  return (by_height ? w.extent_h() > w.sh : w.extent_w() > w.sw) ? 3 : 1;
}
}  // namespace

std::optional<mapping::Inbound> even_inbound(const LayerContext& c, const Walk& walk, const Movement& usual,
                                             const arch::ArraySpec& a) {
  constexpr int most_aside = 8;
  const int weighted = walk.partition.weights.empty() ? 0 : 1, most_ways = a.stream.selections;
  const int ways = ways_of_input(c, walk.partition, a);
  const bool may_aside = !c.in_ddr.input && ways + weighted <= most_ways && walk.channels.acts > walk.partition.lanes;
  const double tiles = usual.inputs / usual.input;
  std::optional<mapping::Inbound> best;
  double least = tuned.worth_evening * carried_by({}, walk, usual).most();
  for (const bool operand_first : {false, true}) {
    if (operand_first && !(c.operand && ways + 1 <= most_ways)) continue;
    for (int aside = 0; aside <= (may_aside ? std::min<double>(most_aside, tiles / 2) : 0);
         aside += aside == 0 ? 2 : 1) {
      const mapping::Inbound in{aside, operand_first};
      const double time = carried_by(in, walk, usual).most();
      if (time >= least) continue;
      least = time;
      best = in;
    }
  }
  return best;
}

namespace {
// Time of control packets for descriptors that tiles of unequal size need: each form of a tile its own, at every core
// and at the memory tiles that feed them. Equal tiles are loops of a few.
double packet_cycles(const LayerContext& c, const Walk& walk, const arch::ArraySpec& a) {
  const auto forms = [](int size, int parts) { return size % parts == 0 ? 1.0 : parts; };
  const mapping::Tiling& t = walk.tiling;
  const int summed = summed_channels(*c.layer), blocks = summed == 0 ? t.ni : summed / 8;
  const double unequal =
      forms(walk.partition.max_h, t.nh) * forms(walk.partition.max_w, t.nw) * forms(blocks, t.ni) - 1;
  return a.controller.packet_cycles(arch::ControlKind::write_descriptor) / a.cols * unequal *
         (2 * a.cores() + a.memtiles() * walk.channels.acts);
}

// Time of controllers for the layer. It counts in full: what one controller does for a layer, it cannot do for another.
double control_cycles(const LayerContext& c, const Walk& walk, const arch::ArraySpec& a) {
  if (a.controller.mechanism == arch::ControlMechanism::none) return 0;
  if (a.controller.mechanism != arch::ControlMechanism::serial) return packet_cycles(c, walk, a);
  return serial_cycles(control_work(c, walk, a), a);
}
}  // namespace

Estimate estimate_with(const LayerContext& c, const Walk& walk, Movement m, const arch::ArraySpec& a,
                       const LatencyModel& latency_model, double enough) {
  const auto& [p, t, b, weights, plan, s] = walk;
  const network::Layer& l = *c.layer;
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
  const double fixed = static_cast<double>(a.tile.call_cycles) + tuned.call_overhead;
  double step = static_cast<double>(latency_model.duration(call, *c.kernel, &chunk)) / 1e3 + fixed +
                4.0 * static_cast<double>(a.tile.locks.access_cycles);
  if (c.pool != nullptr) {
    call.kind = program::KernelKind::maxpool;
    call.out = {0, s.h, 0, s.w, 0, s.b * 8};
    step += (static_cast<double>(latency_model.duration(call, *c.pool, nullptr)) / 1e3 + fixed) / t.ni;
  }
  m.raise(step * t.steps(), "compute");
  // Streams that do not divide evenly among the channels take turns. While cores compute, a channel stands behind the
  // core whose slot is not free yet, and with two slots a core then waits for the fullest channel.
  if (b.slots.input <= 2 && step * t.steps() >= m.cycles)
    m.raise(loads_of(l, t).input * m.input * std::ceil(m.lanes / plan.acts - 0.01), "input");

  // What is left to compute when the last input has come.
  const double tail = t.ni == 1 && !t.weights_stationary && !mapping::channelwise(l) ? step * t.no : step;
  // Filling and draining the pipeline of one layer; what fits beside the neighbour's buffers is prefetched under it.
  const double fill = std::max(m.input * static_cast<double>(ceil_div(p.lanes, plan.acts)),
                               static_cast<double>(b.weights) / stream_rate(a)) +
                      tail + m.output * static_cast<double>(ceil_div(ceil_div(a.rows, a.memtile_rows), plan.results));
  const double shim = shim_rate(a);
  const double staged = c.in_ddr.input ? static_cast<double>(b.staged) * (t.chunks_staged ? 1 : t.ni) / shim : 0;
  const bool beside = b.total() * 2 <= a.tile.memory.size - a.tile.reserved;
  const double free =
      m.cycles + staged + (beside ? tuned.exposed_fill * fill : fill) + tuned.exposed_per_step * t.steps();
  if (free >= enough) return {free, m.bound_by};
  const double control = control_cycles(c, walk, a);
  return {free + control, control > m.cycles ? "control" : m.bound_by};
}

double paced_cycles(const LayerContext& c, const mapping::Partition& p, const arch::ArraySpec& a,
                    const LatencyModel& latency_model) {
  const mapping::TileShape s = tile_shape(*c.layer, p, {});
  program::KernelCall call;
  call.layer = static_cast<std::int16_t>(c.layer->id);
  call.kind = program::kernel_of(c.layer->op);
  const int ph = c.pool != nullptr ? c.pool->window.kh : 1, pw = c.pool != nullptr ? c.pool->window.kw : 1;
  call.out = {0, s.h * ph, 0, s.w * pw, 0, s.b * 8};
  call.in_h = s.in_h;
  call.in_w = s.in_w;
  call.in_c = s.in_b * 8;
  sparsity::ChunkSize chunk;
  chunk.blocks = weights_of(c, p, {}).paced(2);
  return static_cast<double>(latency_model.duration(call, *c.kernel, &chunk)) / 1e3 +
         static_cast<double>(a.tile.call_cycles);
}

bool padding_fits(const LayerContext& c, const mapping::TileShape& s, const arch::ArraySpec& a) {
  const network::Window& w = c.layer->window;
  if (w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0) return true;
  return std::min(s.in_w, c.layer->in.w) <= a.memtile.dma.max_wrap && s.in_b * 8 / 4 <= a.memtile.dma.max_wrap;
}

Estimate layer_cost(const LayerContext& c, mapping::Span rows, const mapping::LayerMapping& m, const arch::ArraySpec& a,
                    const LatencyModel& latency_model) {
  const mapping::Partition p = make_partition(*c.layer, rows, m.sharding, a, c.borders);
  const mapping::Tiling t = tiling_of(*c.layer, p, m);
  const mapping::Weights w = weights_of(c, p, t);
  const mapping::TileShape shape = tile_shape(*c.layer, p, t);
  mapping::CoreBuffers b = core_buffers(c, shape, t, w.largest);
  b.slots = m.buffers;
  const Walk walk{p, t, b, w, m.channels, shape};
  return estimate_with(c, walk, movement_of(c, walk, a, std::numeric_limits<double>::infinity()), a, latency_model);
}

}  // namespace tessera::cost
