#include "sim/schedule/bottleneck_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/program/builder.h"

namespace tessera {
namespace {

enum Lock { in_full, in_empty, weights_full, weights_empty, out_full, out_empty, skip_full, skip_empty, side_full, side_empty };
constexpr int window_rows = 4;  // rows of the intermediate image a 3x3 core holds: three in use, one arriving
constexpr int skip_rows = 8;    // rows of the input that wait in the memory tile

// Core 3: weights, two rows inside, and rows outside to add and to send, `buffers` of each.
Bytes expand_bytes(const BottleneckDesign& d, int buffers) {
  return Bytes{d.narrow} * d.wide + Bytes{d.width} * (2 * d.narrow + 2 * buffers * d.wide);
}

class BottleneckEmitter {
 public:
  BottleneckEmitter(const BottleneckDesign& d, const ArraySpec& array, int buffers)
      : d_(d), buffers_(buffers), b_(array), map_(b_.map()), wide_row_(Bytes{d.width} * d.wide), narrow_row_(Bytes{d.width} * d.narrow) {}

  Program run() {
    Program& p = b_.program();
    p.network = fmt::format("bottleneck {}x{}", d_.height, d_.width);
    add_layer("reduce", d_.wide, d_.narrow, 1);
    add_layer("spatial", d_.narrow, d_.narrow, 3);
    add_layer("expand", d_.narrow, d_.wide, 1);
    locks();
    weights();
    input();
    middle();
    output();
    reduce_core();
    spatial_core(1);
    spatial_core(2);
    expand_core();
    return b_.finish();
  }

 private:
  void add_layer(const char* name, int cin, int cout, int taps) {
    ProgramLayer l;
    l.layer.id = static_cast<LayerId>(b_.program().layers.size());
    l.layer.name = name;
    l.layer.op = Op::conv2d;
    l.layer.window.kh = l.layer.window.kw = taps;
    l.layer.window.pad_top = l.layer.window.pad_left = l.layer.window.pad_bottom = l.layer.window.pad_right = taps / 2;
    l.layer.in = {d_.height, d_.width, cin};
    l.layer.out = {d_.height, d_.width, cout};
    b_.program().layers.push_back(std::move(l));
  }
  void pair(TileId tile, int full, int slots, LockRole full_role, LockRole empty_role) {
    b_.lock(tile, full, 0, full_role);
    b_.lock(tile, full + 1, slots, empty_role);
  }
  void locks() {
    for (int row = 0; row < 4; ++row) {
      const TileId t = map_.compute_tile(row, 0);
      const bool spatial = row == 1 || row == 2;
      pair(t, in_full, spatial ? window_rows : 2, LockRole::input_full, LockRole::input_empty);
      pair(t, weights_full, 1, LockRole::weights_full, LockRole::weights_empty);
      pair(t, out_full, row == 3 ? buffers_ : 2, LockRole::output_full, LockRole::output_empty);
      if (row != 3) continue;
      pair(t, skip_full, buffers_, LockRole::operand_full, LockRole::operand_empty);
      pair(t, side_full, 2, LockRole::input_full, LockRole::input_empty);
    }
    const TileId mem = map_.memory_tile(0);
    b_.lock(mem, in_full, 0, LockRole::staging_full);     // for core 0
    b_.lock(mem, skip_full, 0, LockRole::staging_full);   // sent to core 0, waits for core 3
    b_.lock(mem, in_empty, skip_rows, LockRole::staging_empty);
    pair(mem, weights_full, 4, LockRole::staging_full, LockRole::staging_empty);
    pair(mem, out_full, 2, LockRole::output_full, LockRole::output_empty);
  }
  static LockOp op(int lock) { return {static_cast<std::int16_t>(lock), 1}; }
  void send(EngineId channel, TileId memory, RouteId route, Bytes base, Bytes bytes, LockOp acquire, LockOp release,
            int layer, int times) {
    Transfer t;
    t.memory = memory;
    t.route = route;
    t.access = linear(base, bytes);
    t.acquire = acquire;
    t.release = release;
    t.layer = static_cast<std::int16_t>(layer);
    b_.transfer(channel, t);
    if (times > 1) b_.repeat_last(channel, 1, times);
  }
  EngineId mem_out(int ch) const { return map_.mem_channel(0, EngineKind::mm2s, ch); }
  EngineId mem_in(int ch) const { return map_.mem_channel(0, EngineKind::s2mm, ch); }
  EngineId in(int row, int ch) const { return map_.tile_channel(row, 0, EngineKind::s2mm, ch); }
  EngineId out(int row) const { return map_.tile_channel(row, 0, EngineKind::mm2s, 0); }
  TileId tile(int row) const { return map_.compute_tile(row, 0); }

  Bytes weight_bytes(int row) const {
    if (row == 1 || row == 2) return Bytes{d_.narrow} * d_.narrow * 9 / 2;
    return Bytes{d_.narrow} * d_.wide;
  }
  // One transfer per core through the memory tile, one after the other.
  void weights() {
    const EngineId shim = map_.shim_channel(0, EngineKind::mm2s, 1);
    const RouteId from_ddr = b_.route(shim, {mem_in(1)});
    const TileId mem = map_.memory_tile(0);
    for (int row = 0; row < 4; ++row) {
      const int layer = row == 0 ? 0 : row == 3 ? 2 : 1;
      const Bytes bytes = weight_bytes(row);
      const Bytes at = skip_rows * wide_row_ + 2 * wide_row_;
      send(shim, 0, from_ddr, 0, bytes, {}, {}, layer, 1);
      send(mem_in(1), mem, from_ddr, at, bytes, op(weights_empty), op(weights_full), layer, 1);
      const RouteId route = b_.route(mem_out(2), {in(row, 1)});
      send(mem_out(2), mem, route, at, bytes, op(weights_full), op(weights_empty), layer, 1);
      send(in(row, 1), tile(row), route, 0, bytes, op(weights_empty), op(weights_full), layer, 1);
    }
  }
  void input() {
    const TileId mem = map_.memory_tile(0);
    const EngineId shim = map_.shim_channel(0, EngineKind::mm2s, 0);
    const RouteId from_ddr = b_.route(shim, {mem_in(0)});
    send(shim, 0, from_ddr, 0, d_.height * wide_row_, {}, {}, 0, 1);
    send(mem_in(0), mem, from_ddr, 0, wide_row_, op(in_empty), op(in_full), 0, d_.height);
    const RouteId to_reduce = b_.route(mem_out(0), {in(0, 0)});
    send(mem_out(0), mem, to_reduce, 0, wide_row_, op(in_full), op(skip_full), 0, d_.height);
    send(in(0, 0), tile(0), to_reduce, weight_bytes(0), wide_row_, op(in_empty), op(in_full), 0, d_.height);
    const RouteId to_expand = b_.route(mem_out(1), {in(3, 1)});
    send(mem_out(1), mem, to_expand, 0, wide_row_, op(skip_full), op(in_empty), 2, d_.height);
    send(in(3, 1), tile(3), to_expand, weight_bytes(3), wide_row_, op(skip_empty), op(skip_full), 2, d_.height);
  }
  void middle() {
    const RouteId narrow = b_.route(out(0), {in(1, 0), in(2, 0)});
    const Bytes after = weight_bytes(0) + 2 * wide_row_;
    send(out(0), tile(0), narrow, after, narrow_row_, op(out_full), op(out_empty), 0, d_.height);
    for (int row = 1; row <= 2; ++row)
      send(in(row, 0), tile(row), narrow, weight_bytes(row), narrow_row_, op(in_empty), op(in_full), 1, d_.height);
    // Halves of a row arrive in turn on one channel of core 3.
    for (int row = 1; row <= 2; ++row) {
      const RouteId half = b_.route(out(row), {in(3, 0)});
      const int first = row == 1 ? in_full : side_full;
      const Bytes at = weight_bytes(row) + window_rows * narrow_row_;
      send(out(row), tile(row), half, at, narrow_row_ / 2, op(out_full), op(out_empty), 1, d_.height);
      send(in(3, 0), tile(3), half, weight_bytes(3) + wide_row_, narrow_row_ / 2, op(first + 1), op(first), 1, 1);
    }
    b_.repeat_last(in(3, 0), 2, d_.height);
  }
  void output() {
    const TileId mem = map_.memory_tile(0);
    const RouteId up = b_.route(out(3), {mem_in(2)});
    const EngineId shim = map_.shim_channel(0, EngineKind::s2mm, 0);
    const RouteId to_ddr = b_.route(mem_out(3), {shim});
    const Bytes at = weight_bytes(3) + wide_row_ + narrow_row_;
    send(out(3), tile(3), up, at, wide_row_, op(out_full), op(out_empty), 2, d_.height);
    send(mem_in(2), mem, up, skip_rows * wide_row_, wide_row_, op(out_empty), op(out_full), 2, d_.height);
    send(mem_out(3), mem, to_ddr, skip_rows * wide_row_, wide_row_, op(out_full), op(out_empty), 2, d_.height);
    send(shim, 0, to_ddr, 0, d_.height * wide_row_, {}, {}, 2, 1);
  }

  void acquire(int row, int lock, int n = 1) { b_.acquire(map_.core(row, 0), lock, n, layer_of(row)); }
  void release(int row, int lock, int n = 1) { b_.release(map_.core(row, 0), lock, n, layer_of(row)); }
  static int layer_of(int row) { return row == 0 ? 0 : row == 3 ? 2 : 1; }
  void repeat(int row, int steps, int times) {
    if (times > 1) b_.repeat_last(map_.core(row, 0), steps, times);
  }
  // A row of the layer's output, or half of its channels.
  void call(int row) {
    const int cin = row == 0 ? d_.wide : d_.narrow, cout = row == 0 ? d_.narrow : row == 3 ? d_.wide : d_.narrow / 2;
    const int taps = row == 1 || row == 2 ? 3 : 1;
    KernelCall c;
    c.kind = KernelKind::conv;
    c.layer = static_cast<std::int16_t>(layer_of(row));
    c.out = {0, 1, 0, d_.width, row == 2 ? cout : 0, row == 2 ? 2 * cout : cout};
    c.in_h = taps, c.in_w = d_.width + taps - 1, c.in_c = cin;
    if (chunk_of_[row] < 0) {
      ChunkPlace place;
      place.layer = c.layer;
      place.size.blocks = std::int64_t{cin / 8} * (cout / 8);
      place.size.data = place.size.blocks * 64 * taps * taps;
      chunk_of_[row] = static_cast<int>(b_.program().chunks.size());
      b_.program().chunks.push_back(std::move(place));
    }
    c.chunk = chunk_of_[row];
    b_.call(map_.core(row, 0), c);
  }
  void reduce_core() {
    acquire(0, weights_full);
    acquire(0, in_full), acquire(0, out_empty), call(0), release(0, in_empty), release(0, out_full);
    repeat(0, 5, d_.height);
    release(0, weights_empty);
  }
  void spatial_core(int row) {
    acquire(row, weights_full);
    // Row 0 needs two rows, every further row one more; the oldest is given back from row 1 on.
    acquire(row, in_full, d_.height > 1 ? 2 : 1), acquire(row, out_empty), call(row), release(row, out_full);
    if (d_.height > 2) {
      acquire(row, in_full), acquire(row, out_empty), call(row), release(row, in_empty), release(row, out_full);
      repeat(row, 5, d_.height - 2);
    }
    if (d_.height > 1) acquire(row, out_empty), call(row), release(row, out_full);
    release(row, in_empty, d_.height > 1 ? 2 : 1);
    release(row, weights_empty);
  }
  void expand_core() {
    acquire(3, weights_full);
    acquire(3, in_full), acquire(3, side_full), acquire(3, skip_full), acquire(3, out_empty), call(3);
    release(3, in_empty), release(3, side_empty), release(3, skip_empty), release(3, out_full);
    repeat(3, 9, d_.height);
    release(3, weights_empty);
  }

  const BottleneckDesign& d_;
  const int buffers_;  // of the wide rows in core 3
  ProgramBuilder b_;
  const EngineMap& map_;
  const Bytes wide_row_, narrow_row_;
  std::array<int, 4> chunk_of_{-1, -1, -1, -1};
};

}  // namespace

Expected<Program> build_bottleneck_program(const BottleneckDesign& d, const ArraySpec& array) {
  std::vector<Problem> problems;
  const auto note = [&](std::string what, std::string legal) {
    problems.push_back({"", fmt::format("bottleneck {}x{}", d.height, d.width), std::move(what), std::move(legal)});
  };
  if (d.height < 1 || d.width < 4 || d.width % 4 != 0) note("rows or columns of the image", "a width that is a multiple of 4");
  if (d.wide % 8 != 0 || d.narrow % 16 != 0 || d.wide < 8 || d.narrow < 16)
    note(fmt::format("{} and {} channels", d.wide, d.narrow), "multiples of 8 outside, of 16 inside");
  if (array.rows != 4 || array.cols < 1) note(fmt::format("{} rows of cores", array.rows), "4");
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  const int buffers = expand_bytes(d, 2) <= room ? 2 : 1;
  const Bytes reduce = Bytes{d.narrow} * d.wide + 2 * Bytes{d.width} * (d.wide + d.narrow);
  const Bytes need = std::max(reduce, expand_bytes(d, buffers));
  if (need > room) note(fmt::format("a core needs {} bytes", need), fmt::format("at most {} bytes", room));
  if (!problems.empty()) return Failure{ExitCode::does_not_fit, std::move(problems)};
  return BottleneckEmitter(d, array, buffers).run();
}

}  // namespace tessera
