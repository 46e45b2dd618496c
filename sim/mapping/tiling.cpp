#include "sim/mapping/tiling.h"

#include <algorithm>

namespace tessera::mapping {
namespace {

// Blocks of 8 channels that chunks are made of.
int summed_blocks(const network::Layer& layer) {
  const int summed = summed_channels(layer);
  return (summed > 0 ? summed : network::stored_channels(layer.in.c)) / 8;
}

int tiles_of(int whole, int size) { return static_cast<int>(ceil_div(whole, std::clamp(size, 1, std::max(1, whole)))); }

}  // namespace

TileSizes tile_sizes(const network::Layer& layer, const Partition& p, const Tiling& t) {
  return {static_cast<int>(ceil_div(p.max_h, t.nh)), static_cast<int>(ceil_div(p.max_w, t.nw)),
          static_cast<int>(ceil_div(p.max_b, t.no)) * 8, static_cast<int>(ceil_div(summed_blocks(layer), t.ni)) * 8};
}

bool may_chunk(const network::Layer& l, const Partition& p, const Tiling& t) {
  if (!is_product(l) || summed_channels(l) == 0) return summed_channels(l) > 0;
  if (l.matmul.by_rows && t.nw < p.max_w) return false;
  if (l.out.h == l.matmul.rows) return true;
  return std::all_of(p.parts.begin(), p.parts.end(), [&](const CorePart& part) {
    bool apart = true;
    for (int i = 0; apart && i < t.nh; ++i) {
      const Span tile = split(part.h, t.nh, i);
      apart = tile.empty() || in_one_group(l.matmul, tile.lo, tile.hi);
    }
    return apart;
  });
}

double loads_of_second(const network::Layer& l, const Tiling& t) {
  const double ns = t.nh * t.nw;
  if (!is_product(l)) return ns * t.no;
  if (t.ni > 1) return ns * t.no * t.ni;
  // Tiles that follow each other read the same, but for their head and their group of rows.
  const bool same = (t.nw == 1 || !l.matmul.by_rows) && (t.nh == 1 || l.out.h == l.matmul.rows);
  if (t.weights_stationary) return same ? t.no : ns * t.no;
  return t.no > 1 || !same ? ns * t.no : 1;
}

Tiling tiling_of(const network::Layer& layer, const Partition& p, const LayerMapping& m) {
  Tiling t;
  t.nh = tiles_of(p.max_h, m.tile.h);
  t.nw = tiles_of(p.max_w, m.tile.w);
  t.no = !operator_of(layer).splits_channels ? 1 : tiles_of(p.max_b, static_cast<int>(ceil_div(m.tile.co, 8)));
  if (may_chunk(layer, p, t)) t.ni = tiles_of(summed_blocks(layer), static_cast<int>(ceil_div(m.tile.ci, 8)));
  t.weights_stationary = m.weights_stationary;
  t.chunks_staged = m.chunks_staged;
  t.input_slots = std::max(2, m.buffers.input);
  t.inbound = m.inbound;
  return t;
}

TileShape tile_shape(const network::Layer& layer, const Partition& p, const Tiling& t) {
  TileShape s{};
  s.h = static_cast<int>(ceil_div(p.max_h, t.nh));
  s.w = static_cast<int>(ceil_div(p.max_w, t.nw));
  s.b = static_cast<int>(ceil_div(p.max_b, t.no));
  const network::Shape in = reads_at_most(layer, 0, {s.h, s.w, s.b * 8});
  const network::Window packed = packed_window(layer, s.h, s.w);
  s.read_h = in.h;
  s.read_w = in.w;
  const ops::Lattice lattice = lattice_of(layer);
  s.in_h = lattice.h > 1 ? s.h : in.h - (layer.window.extent_h() - packed.extent_h());
  s.in_w = lattice.w > 1 ? s.w : in.w - (layer.window.extent_w() - packed.extent_w());
  s.read_b = in.c / 8;
  return s.in_chunks(t.ni);
}

namespace {

// Of the second input, or of the residual that a convolution adds: as large as its output.
Bytes operand_bytes(const network::Layer& layer, const TileShape& s, int chunks) {
  const network::Shape out{s.h, s.w, s.b * 8};
  if (chunks > 1) {
    const network::Shape all = reads_at_most(layer, 1, out);
    return layer.matmul.by_rows ? Bytes{all.h} * s.in_b * 8 : Bytes{all.c} * std::min(s.in_b * 8, all.h);
  }
  return (operator_of(layer).inputs == 2 ? reads_at_most(layer, 1, out) : out).elements();
}

}  // namespace

CoreBuffers core_buffers(const Computed& c, const Partition& p, const Tiling& t, Bytes largest_chunk) {
  return core_buffers(c, tile_shape(*c.layer, p, t), t, largest_chunk);
}

CoreBuffers core_buffers(const Computed& c, const TileShape& s, const Tiling& t, Bytes largest_chunk) {
  const network::Layer& l = *c.layer;
  const Loads loads = loads_of(l, t);
  CoreBuffers b;
  b.input = Bytes{s.in_h} * s.in_w * s.in_b * 8;
  b.staged = Bytes{s.read_h} * s.read_w * s.in_b * 8;
  b.weights = round_up(largest_chunk, 32);
  b.output = Bytes{s.h} * s.w * s.b * 8;
  if (c.operand) b.operand = operand_bytes(l, s, is_product(l) ? t.ni : 1);
  const Bytes computed = b.output * (c.pool != nullptr ? c.pool->window.kh * c.pool->window.kw : 1);
  b.accumulator = t.ni > 1 ? computed * 4 : 0;
  b.unpooled = c.pool != nullptr ? computed : 0;
  b.slots.input = loads.input > 1 ? t.input_slots : 1;
  b.inbound = t.inbound;
  b.slots.weights = !has_weights(l) ? 0 : loads.weights > 1 ? 2 : 1;
  b.slots.output = t.nh * t.nw * t.no > 1 ? 2 : 1;
  b.slots.operand = !c.operand ? 0 : is_product(l) ? (loads.second > 1 ? 2 : 1) : b.slots.output;
  return b;
}

Bytes staging_bytes(const InDdr& in_ddr, const Partition& p, const Tiling& t, const CoreBuffers& b,
                    const arch::ArraySpec& a) {
  const Bytes groups = ceil_div(static_cast<Bytes>(p.acts.size()), static_cast<Bytes>(a.memtiles()));
  const Bytes parts = ceil_div(static_cast<Bytes>(p.parts.size()), static_cast<Bytes>(a.memtiles()));
  const Bytes seconds = ceil_div(static_cast<Bytes>(p.seconds.size()), static_cast<Bytes>(a.memtiles()));
  const Bytes input = in_ddr.input ? 2 * groups * b.staged * (t.chunks_staged ? 1 : t.ni) : 0;
  return input + (in_ddr.operand ? 2 * seconds * b.operand : 0) + (in_ddr.output ? 2 * parts * b.output : 0) +
         2 * b.weights;
}

network::Layer with_pool(const network::Layer& conv, const network::Layer& pool) {
  network::Layer both = conv;
  both.out = pool.out;
  both.window.dh = both.window.dw = 1;
  both.window.kh = conv.window.extent_h() + (pool.window.kh - 1) * conv.window.sh;
  both.window.kw = conv.window.extent_w() + (pool.window.kw - 1) * conv.window.sw;
  both.window.sh = conv.window.sh * pool.window.sh;
  both.window.sw = conv.window.sw * pool.window.sw;
  return both;
}

}  // namespace tessera::mapping
