// The transfers of activations of LayerEmitter.
#include <algorithm>
#include <utility>

#include "sim/lower/layer_emitter.h"

namespace tessera::lower {
namespace {

program::Region region_of(Span h, Span w, Span c) { return {h.lo, h.hi, w.lo, w.hi, c.lo, c.hi}; }

}  // namespace

// Where columns split channels, every column reads from every memory tile and all channels are alike. Otherwise the
// streams of a column's own cores come first, and what other columns fetch from here (halos) uses the channels after
// them.
// Where there are more streams than channels, because of the rows of the array or because several columns read from one
// memory tile at a time, a stream takes another channel each time.
program::EngineId LayerEmitter::act_channel(int memtile, int lane, int turn, int home_column) const {
  const bool own = home_column < 0 || e_.array.memtile_column(memtile) == home_column;
  const int channels = plan_.channels.acts, lanes = plan_.partition.lanes;
  const bool alike = plan_.partition.sharding.cols == mapping::Axis::channels && home_column != foreign;
  const int spread = home_column == foreign ? lane : lane + std::max(0, home_column);
  const int channel = alike || plan_.crosses     ? spread % channels
                      : plan_.input_sharers > 1  ? (lane + std::max(0, home_column) * lanes + turn) % channels
                      : channels < lanes         ? (lane + turn) % channels
                      : own || channels == lanes ? lane % channels
                                                 : lanes + spread % (channels - lanes);
  return e_.map().mem_channel(memtile, program::EngineKind::mm2s, channel);
}

// Channels that no other stream of inputs uses but halos.
program::EngineId LayerEmitter::aside_channel(int memtile, int lane, int home_column) const {
  const int channels = plan_.channels.acts, lanes = plan_.partition.lanes;
  if (channels <= lanes) return act_channel(memtile, lane, 0, home_column);
  const int channel = lanes + (lane + std::max(0, home_column)) % (channels - lanes);
  return e_.map().mem_channel(memtile, program::EngineKind::mm2s, channel);
}

std::vector<LayerEmitter::Source> LayerEmitter::sources(const Feed& f, Staging* st, int key, Span staged) {
  const network::LayerId tensor = f.tensor;
  const Span c = f.c;
  std::vector<Source> list;
  Placement& placement = e_.placement(tensor);
  if (!placement.in_ddr) {
    const int c0 = e_.aliases[tensor].c0 + c.lo;
    for (std::size_t k = 0; k < f.windows.size(); ++k) {
      const Rectangle wanted = f.in_map(f.windows[k]);
      for (Segment s : segments_of(placement, wanted.h, wanted.w)) {
        const Span h = on_lattice(s.h, f.lattice.h), w = on_lattice(s.w, f.lattice.w);
        if (h.empty() || w.empty()) continue;
        s.h = in_map(h, f.lattice.h);
        s.w = in_map(w, f.lattice.w);
        list.push_back({k, s.piece->memtile, h, w, on_lattice(segment_access(s, c0, c.size()), f.lattice),
                        writers_of(*s.piece, s.h, s.w, {c0, c0 + c.size()}), s.piece->buffer.get(), nullptr});
      }
    }
    return list;
  }
  if (st->key != key) {
    const auto [h, w] = span_of(f);
    load_staging(*st, tensor, key, h, w, staged);
  }
  for (std::size_t k = 0; k < f.windows.size(); ++k)
    if (!f.windows[k].outside()) list.push_back(staged_source(f, k, *st));
  return list;
}

// From the first element of the map that lies in a window to the last.
Rectangle LayerEmitter::span_of(const Feed& f) {
  Rectangle all{};
  const auto widen = [](Span& whole, Span part) {
    whole = whole.empty() ? part : Span{std::min(whole.lo, part.lo), std::max(whole.hi, part.hi)};
  };
  for (const Window& w : f.windows) {
    if (w.outside()) continue;
    const Rectangle in_map = f.in_map(w);
    widen(all.h, in_map.h);
    widen(all.w, in_map.w);
  }
  return all;
}

LayerEmitter::Source LayerEmitter::staged_source(const Feed& f, std::size_t window, Staging& staging) {
  const auto [h, w] = f.in_map(f.windows[window]);
  const Span c = f.c;
  Staging* st = &staging;
  Buffer& slot = *st->slots[(st->used - 1) % 2];
  const std::int64_t pixel = st->c.size();
  Source s{window, st->memtile, f.windows[window].valid_h, f.windows[window].valid_w, {}, {}, &slot, st};
  s.access.base = slot.address + ((h.lo - st->h.lo) * st->w.size() + (w.lo - st->w.lo)) * pixel + c.lo - st->c.lo;
  s.access.rank = 3;
  s.access.dims[0] = program::repeated(c.size(), 1);
  s.access.dims[1] = program::repeated(w.size(), pixel);
  s.access.dims[2] = program::repeated(h.size(), pixel * st->w.size());
  s.access = on_lattice(s.access, f.lattice);
  if (st->locks.full < 0) s.waits.add(st->written.engine, st->written.tasks);
  return s;
}

program::Transfer LayerEmitter::sent_from(const Feed& f, const Source& src) const {
  program::Transfer out;
  out.layer = static_cast<std::int16_t>(layer_.id);
  out.tensor = static_cast<std::int16_t>(f.tensor);
  out.lattice = f.lattice;
  out.memory = e_.map().memory_tile(src.memtile);
  out.access = src.access;
  return out;
}

LayerEmitter::Delivery LayerEmitter::zeros_from(program::Transfer out, std::size_t window, const ZeroBlock& z) {
  const Rectangle& r = z.area;
  out.payload = program::Payload::padding;
  out.region = region_of(r.h, r.w, z.c);
  for (program::AccessDim& d : out.access.dims) d.count = 1;
  out.access.dims[0].count = z.c.size();
  const auto pad = [&](int dimension, int before, int after) {
    out.access.dims[dimension].pad_before = static_cast<std::int16_t>(before);
    out.access.dims[dimension].pad_after = static_cast<std::int16_t>(after);
  };
  pad(1, z.w, r.w.size() - 1 - z.w);
  pad(2, z.h, r.h.size() - 1 - z.h);
  return {window, out, r, z.c};
}

// From outside to inside, rows first: what is read among the zeros of a window then stands in the next one, which is
// sent later.
std::vector<LayerEmitter::Delivery> LayerEmitter::outer_zeros(const Feed& f, const Source& src) const {
  std::vector<Delivery> list;
  const program::Transfer out = sent_from(f, src);
  const auto add = [&](std::size_t k, Side side) {
    const Window& win = f.windows[k];
    for (const ZeroBlock& z : zeros_outside({win.h, win.w}, side, f.c, e_.array.memtile.dma, e_.array.tile.dma))
      list.push_back(zeros_from(out, k, z));
  };
  const std::size_t n = f.windows.size();
  const auto rows = [&](std::size_t k) { return f.windows[k].valid_h.empty(); };
  const auto columns = [&](std::size_t k) { return !rows(k) && f.windows[k].valid_w.empty(); };
  for (std::size_t k = 0; k < n; ++k)
    if (rows(k) && f.windows[k].h.lo < 0) add(k, Side::above);
  for (std::size_t k = n; k-- > 0;)
    if (rows(k) && f.windows[k].h.lo >= 0) add(k, Side::below);
  for (std::size_t k = 0; k < n; ++k)
    if (columns(k) && f.windows[k].w.lo < 0) add(k, Side::left);
  for (std::size_t k = n; k-- > 0;)
    if (columns(k) && f.windows[k].w.lo >= 0) add(k, Side::right);
  return list;
}

// What one source delivers of the window, as rectangles of it with the transfers that read them: zeros that the padding
// of the source's descriptor does not reach, then the source itself.
std::vector<LayerEmitter::Delivery> LayerEmitter::deliveries(const Feed& f, const Source& src) const {
  const Window& win = f.windows[src.window];
  // Rows and columns that this source delivers, its share of the padding included.
  const Rectangle all{
      {src.h.lo == win.valid_h.lo ? win.h.lo : src.h.lo, src.h.hi == win.valid_h.hi ? win.h.hi : src.h.hi},
      {src.w.lo == win.valid_w.lo ? win.w.lo : src.w.lo, src.w.hi == win.valid_w.hi ? win.w.hi : src.w.hi}};
  const Padding padding = padding_of(all, {src.h, src.w}, f.c, e_.array.memtile.dma, e_.array.tile.dma);
  program::Transfer out = sent_from(f, src);
  std::vector<Delivery> list;
  for (const ZeroBlock& z : padding.blocks) list.push_back(zeros_from(out, src.window, z));
  out.payload = program::Payload::activations;
  out.region = region_of(src.h, src.w, f.c);
  const auto pad = [&](int dimension, int before, int after) {
    out.access.dims[dimension].pad_before = static_cast<std::int16_t>(before);
    out.access.dims[dimension].pad_after = static_cast<std::int16_t>(after);
  };
  pad(1, src.w.lo - padding.map.w.lo, padding.map.w.hi - src.w.hi);
  pad(2, src.h.lo - padding.map.h.lo, padding.map.h.hi - src.h.hi);
  list.push_back({src.window, out, padding.map, f.c});
  return list;
}

// Where a delivery stands in the tile at `address`.
program::Access LayerEmitter::place_of(const Feed& f, const Delivery& d, std::int64_t address) {
  const Window& win = f.windows[d.window];
  const Rectangle& r = d.area;
  const std::int64_t channels = f.c.size(), row = f.columns * channels;
  program::Access a = program::linear(
      address + (win.row + r.h.lo - win.h.lo) * row + (win.column + r.w.lo - win.w.lo) * channels + d.c.lo - f.c.lo,
      d.c.size());
  if (d.c.size() < channels) {
    a.dims[a.rank++] = program::repeated(r.w.size(), channels);
  } else {
    a.dims[0].count *= r.w.size();
  }
  if (a.rank == 1 && r.w.size() == f.columns) {
    a.dims[0].count *= r.h.size();
  } else {
    a.dims[a.rank++] = program::repeated(r.h.size(), row);
  }
  return a;
}

void LayerEmitter::feed(const Feed& f, std::size_t from, std::size_t to) {
  std::vector<program::EngineId> sinks;
  sinks.reserve(f.parts.size());
  for (int part : f.parts) {
    const CorePart& p = plan_.partition.parts[part];
    sinks.push_back(e_.map().tile_channel(p.row, p.col, program::EngineKind::s2mm, f.port));
  }
  for (std::size_t k = from; k < to; ++k) {
    const Source& src = f.sources[k];
    const program::EngineId source = f.aside ? aside_channel(src.memtile, f.lane, f.home_column)
                                             : act_channel(src.memtile, f.lane, f.turn, f.home_column);
    const int route = e_.builder.route(source, sinks);
    std::vector<Delivery> list = deliveries(f, src);
    if (k == 0) {
      std::vector<Delivery> zeros = outer_zeros(f, src);
      list.insert(list.begin(), zeros.begin(), zeros.end());
    }
    for (std::size_t n = 0; n < list.size(); ++n) {
      program::Transfer out = list[n].out;
      out.route = route;
      std::vector<Emission::End> ends;
      ends.reserve(f.parts.size());
      for (std::size_t i = 0; i < f.parts.size(); ++i) {
        const CorePart& p = plan_.partition.parts[f.parts[i]];
        program::Transfer in = out;
        in.memory = e_.map().compute_tile(p.row, p.col);
        in.access = place_of(f, list[n], f.slots[i]->address);
        if (k == 0 && n == 0) in.acquire = {static_cast<std::int16_t>(f.lock), 1};
        if (k + 1 == f.sources.size() && n + 1 == list.size()) in.release = {static_cast<std::int16_t>(f.lock + 1), 1};
        ends.push_back({sinks[i], in, f.slots[i]->before});
      }
      if (src.staging != nullptr && src.staging->locks.full >= 0 && !std::exchange(src.staging->acquired, true))
        out.acquire = {src.staging->locks.full, 1};
      const std::vector<int> tasks = e_.stream({source, out, src.waits}, ends);
      src.buffer->users.add(source, tasks[0]);
      if (src.staging != nullptr) src.staging->last_sent = {source, tasks[0]};
      for (std::size_t i = 0; i < ends.size(); ++i) f.slots[i]->users.add(ends[i].channel, tasks[i + 1]);
    }
  }
}

std::optional<LayerEmitter::Feed> LayerEmitter::input_feed(int group, const Step& s) {
  const CoreGroup& g = plan_.partition.acts[group];
  const CorePart& p = plan_.partition.parts[g.parts[0]];
  if (empty_tile(p, s) || (channelwise_ && tile_b(p, s).empty())) {
    input_key_[group] = -1;  // the cores have let go of what they held
    return std::nullopt;
  }
  const int spatial = s.h * plan_.tiling.nw + s.w;
  const int ni = plan_.tiling.ni;
  const std::int64_t key =
      std::int64_t{spatial} * (channelwise_ ? outs_ * ni : ni) + (channelwise_ ? s.o * ni : 0) + s.i;
  if (key == input_key_[group]) return std::nullopt;
  input_key_[group] = key;
  Feed f;
  f.lattice = lattice_of(layer_);
  for (const ops::TapBox& box : tap_boxes(layer_, tile_of(p, s))) {
    f.windows.push_back(window_of(box.region, shape_on(f.lattice, layer_.in)));
    f.windows.back().row = box.row;
    f.windows.back().column = box.column;
  }
  f.columns = tile_sides(layer_, tile_of(p, s)).second;
  f.tensor = plan_.input;
  f.c = input_channels(p, s);
  f.parts = g.parts;
  f.aside = plan_.buffers.inbound.is_aside(input_count_[group]);
  f.port = f.aside ? 1 : 0;
  f.lock = input_lock(input_count_[group]);
  f.lane = g.lane;
  f.turn = plan_.buffers.inbound.turn_of(input_count_[group]);
  f.home_column = g.column;
  Staging* staging = input_staging_.empty() ? nullptr : &input_staging_[group];
  // A tile is staged with all its channels and read chunk by chunk, unless its chunks pass one by one.
  const program::Region all = reads(layer_, 0, tile_of(p, s));
  const Span staged = plan_.tiling.chunks_staged ? f.c : Span{all.c0, all.c1};
  f.sources = sources(f, staging, static_cast<int>(plan_.tiling.chunks_staged ? key : key / ni), staged);
  // Every group starts at its own column and goes on to the next, so that no memory tile serves all groups at once.
  const int memtiles = e_.array.memtiles(), home = std::max(0, g.column) * e_.array.memtile_rows;
  std::stable_sort(f.sources.begin(), f.sources.end(), [&](const Source& a, const Source& b) {
    return (a.memtile - home + memtiles) % memtiles < (b.memtile - home + memtiles) % memtiles;
  });
  for (int part : g.parts) f.slots.push_back(input_slot(part, input_count_[group]));
  ++input_count_[group];
  return f;
}

// Round by round: halos from other columns come after everybody's own rows. A channel that served a neighbour first
// would make the columns wait for each other one after the other.
void LayerEmitter::emit_inputs(const Step& s) {
  std::vector<Feed> feeds;
  for (int g = 0; g < static_cast<int>(plan_.partition.acts.size()); ++g)
    if (auto f = input_feed(g, s)) feeds.push_back(std::move(*f));
  std::size_t rounds = 0;
  for (const Feed& f : feeds) rounds = std::max(rounds, f.sources.size());
  for (std::size_t k = 0; k < rounds; ++k)
    for (const Feed& f : feeds)
      if (k < f.sources.size()) feed(f, k, k + 1);
}

void LayerEmitter::emit_output(int part, const Step& s, Buffer& slot) {
  const CorePart& p = plan_.partition.parts[part];
  const Span b = tile_b(p, s);
  const Member& m = member_of(b);
  const int first = m.target_c0 + (b.lo - m.blocks.lo) * 8, c0 = e_.aliases[m.target].c0 + first;
  const Outgoing o{part, tile_h(p, s), tile_w(p, s), {c0, c0 + b.size() * 8}, m, first, slot};
  if (!output_staging_.empty())
    spill_output(o);
  else
    put_output(o);
}

// Whether a core sends all its results through one channel though there are fewer of these than cores: where cores
// divide evenly among them and somebody has to start each. Elsewhere it takes another one each time, as in act_channel.
bool LayerEmitter::even_results() const {
  const auto cores = static_cast<int>(ceil_div(e_.array.rows, e_.array.memtile_rows));
  return e_.array.controller.mechanism != arch::ControlMechanism::none && cores % plan_.channels.results == 0;
}

program::EngineId LayerEmitter::result_sink(int part, int memtile) const {
  const CorePart& p = plan_.partition.parts[part];
  const int lane = e_.array.memtile_column(memtile) == p.col ? p.row : p.row + p.col;
  const int turn = e_.array.rows > plan_.channels.results && !even_results() ? slots_[part].outputs : 0;
  return e_.map().mem_channel(memtile, program::EngineKind::s2mm, (lane + turn) % plan_.channels.results);
}

program::Transfer LayerEmitter::from_core(const Outgoing& o, Span h, Span w, program::EngineId sink) const {
  const CorePart& p = plan_.partition.parts[o.part];
  program::Transfer t;
  t.layer = static_cast<std::int16_t>(o.member.layer);
  t.payload = program::Payload::activations;
  t.tensor = static_cast<std::int16_t>(o.member.target);
  t.region = region_of(h, w, {o.first, o.first + o.c.size()});
  t.route = e_.builder.route(e_.map().tile_channel(p.row, p.col, program::EngineKind::mm2s, 0), {sink});
  t.memory = e_.map().compute_tile(p.row, p.col);
  return t;
}

void LayerEmitter::put_output(const Outgoing& o) {
  const CorePart& p = plan_.partition.parts[o.part];
  const program::EngineId source = e_.map().tile_channel(p.row, p.col, program::EngineKind::mm2s, 0);
  const std::int64_t channels = o.c.size();
  const std::vector<Segment> segments = segments_of(e_.placement(o.member.target), o.h, o.w);
  for (std::size_t k = 0; k < segments.size(); ++k) {
    const Segment& seg = segments[k];
    const program::EngineId sink = result_sink(o.part, seg.piece->memtile);
    program::Transfer out = from_core(o, seg.h, seg.w, sink);
    out.access = program::linear(
        o.slot.address + ((seg.h.lo - o.h.lo) * std::int64_t{o.w.size()} + seg.w.lo - o.w.lo) * channels,
        seg.w.size() * channels);
    if (seg.w.size() == o.w.size()) {
      out.access.dims[0].count *= seg.h.size();
    } else {
      out.access.rank = 2;
      out.access.dims[1] = program::repeated(seg.h.size(), o.w.size() * channels);
    }
    program::Transfer in = out;
    if (k == 0) out.acquire = {core_locks::output + 1, 1};
    if (k + 1 == segments.size()) out.release = {core_locks::output, 1};
    in.payload = program::Payload::result;
    in.memory = e_.map().memory_tile(seg.piece->memtile);
    in.access = segment_access(seg, o.c.lo, o.c.size());
    const std::vector<int> tasks = e_.stream({source, out, {}}, {{sink, in, seg.piece->buffer->before}});
    o.slot.users.add(source, tasks[0]);
    seg.piece->buffer->users.add(sink, tasks[1]);
    seg.piece->writers.push_back({seg.h, seg.w, o.c, {sink, tasks[1]}});
  }
}

}  // namespace tessera::lower
