#include "sim/designs/object_fifo/bottleneck.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/designs/object_fifo/ring.h"
#include "sim/program/descriptor.h"

namespace tessera::designs::object_fifo {
namespace {

enum Lock { in_full, in_empty, weights_full, weights_empty, out_full, out_empty, skip_full, skip_empty };
constexpr int window_rows = 4;  // rows of the intermediate image a 3x3 core holds: three in use, one arriving
constexpr int skip_rows = 8;    // rows of the input that wait in the memory tile

network::LayerId layer_of(const Bottleneck& d, int row) {
  return row == 0 ? d.reduce : row == 3 ? d.expand : d.spatial;
}

// The weights of a core: of all output channels, or of one half.
program::ChunkPlace weights_of(const network::Network& network, const Bottleneck& d, int row) {
  const network::Layer& l = network.layers[layer_of(d, row)];
  const int blocks = l.out.c / 8, first = row == 2 ? blocks / 2 : 0, last = row == 1 ? blocks / 2 : blocks;
  program::ChunkPlace place;
  place.layer = static_cast<std::int16_t>(l.id);
  for (int r = first; r < last; ++r) place.shape.rows.push_back(r);
  place.shape.col1 = l.in.c / 8;
  place.shape.taps = l.window.kh * l.window.kw;
  place.shape.bias = true;
  place.shape.multipliers = l.scaling == network::Scaling::channel;
  place.size = chunk_size(kernel_mask(sparsity::BlockMask::all_ones(l.out.c, l.in.c)), place.shape);
  return place;
}

// What works a layer, one row of the image per call.
struct Stage {
  network::LayerId layer;
  const char* cores;
  std::string tiling;
  Bytes core_bytes;
};
// `buffers`: of the rows outside in core 3, those to add and those to send.
std::array<Stage, 3> stages(const network::Network& network, const Bottleneck& d, int buffers) {
  const auto weights = [&](int row) { return weights_of(network, d, row).size.total(); };
  const Bytes row = d.width;
  return {Stage{d.reduce, "core 0", fmt::format("tile=1x{}x{}/{}", d.width, d.narrow, d.wide),
                weights(0) + 2 * row * (d.wide + d.narrow)},
          Stage{d.spatial, "cores 1 and 2", fmt::format("tile=1x{}x{}/{}", d.width, d.narrow / 2, d.narrow),
                weights(1) + row * d.narrow * (window_rows + 1)},
          Stage{d.expand, "core 3", fmt::format("tile=1x{}x{}/{}", d.width, d.wide, d.narrow),
                weights(3) + row * (2 * d.narrow + 2 * buffers * d.wide)}};
}

class BottleneckEmitter {
 public:
  BottleneckEmitter(const network::Network& network, const Bottleneck& d, const arch::ArraySpec& array, int buffers)
      : network_(network),
        d_(d),
        buffers_(buffers),
        b_(array),
        map_(b_.map()),
        core_dma_(array.tile.dma),
        wide_row_(Bytes{d.width} * d.wide),
        narrow_row_(Bytes{d.width} * d.narrow) {
    Bytes at = d.height * wide_row_;  // in DDR: the image, weights of the four cores, the result
    for (int row = 0; row < 4; ++row) {
      chunks_[row] = weights_of(network, d, row);
      chunks_[row].ddr_address = at;
      at += chunks_[row].size.total();
      const bool spatial = row == 1 || row == 2;
      const Bytes in = row == 0 ? wide_row_ : narrow_row_;
      const Bytes out = row == 0 ? narrow_row_ : row == 3 ? wide_row_ : narrow_row_ / 2;
      in_[row] = {tile(row), chunks_[row].size.total(), in, spatial ? window_rows : 2, in_full};
      out_[row] = {tile(row), in_[row].end(), out, row == 3 ? buffers : 2, out_full};
    }
    skip_ = {tile(3), in_[3].end(), wide_row_, buffers, skip_full};
    out_[3].base = skip_.end();
    results_at_ = at;
    results_ = {memory(), skip_rows * wide_row_, wide_row_, 2, out_full};
    weights_ = {memory(), results_.end(), 0, 1, weights_full};
  }

  program::Program run() {
    program::Program& p = b_.program();
    p.network = network_.name;
    p.tensors = false;
    for (const network::Layer& l : network_.layers) p.layers.emplace_back().layer = l;
    for (const Stage& s : stages(network_, d_, buffers_))
      p.layers[s.layer].mapping = std::string(s.cores) + " " + s.tiling;
    p.layers[d_.sum].mapping = "fused into " + network_.layers[d_.expand].name;
    p.chunks.assign(chunks_.begin(), chunks_.end());
    image(0, 0);
    image(d_.sum, results_at_);
    p.ddr_bytes = results_at_ + d_.height * wide_row_;
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
  program::TileId memory() const { return map_.memory_tile(0); }
  program::TileId tile(int row) const { return map_.compute_tile(row, 0); }
  program::EngineId mem_out(int ch) const { return map_.mem_channel(0, program::EngineKind::mm2s, ch); }
  program::EngineId mem_in(int ch) const { return map_.mem_channel(0, program::EngineKind::s2mm, ch); }
  program::EngineId in(int row, int ch) const { return map_.tile_channel(row, 0, program::EngineKind::s2mm, ch); }
  program::EngineId out(int row) const { return map_.tile_channel(row, 0, program::EngineKind::mm2s, 0); }

  void image(network::LayerId tensor, std::int64_t at) {
    program::TensorPiece piece;
    piece.tensor = static_cast<std::int16_t>(tensor);
    piece.region = {0, d_.height, 0, d_.width, 0, d_.wide};
    piece.in_ddr = true;
    piece.access = program::linear(at, d_.height * wide_row_);
    b_.program().pieces.push_back(piece);
  }
  void locks() {
    for (int row = 0; row < 4; ++row) {
      declare(b_, in_[row], program::LockRole::input_full, program::LockRole::input_empty);
      declare(b_, {tile(row), 0, in_[row].base, 1, weights_full}, program::LockRole::weights_full,
              program::LockRole::weights_empty);
      declare(b_, out_[row], program::LockRole::output_full, program::LockRole::output_empty);
    }
    declare(b_, skip_, program::LockRole::operand_full, program::LockRole::operand_empty);
    b_.lock(memory(), in_full, 0, program::LockRole::staging_full);    // for core 0
    b_.lock(memory(), skip_full, 0, program::LockRole::staging_full);  // sent to core 0, waits for core 3
    b_.lock(memory(), in_empty, skip_rows, program::LockRole::staging_empty);
    declare(b_, weights_, program::LockRole::staging_full, program::LockRole::staging_empty);
    declare(b_, results_, program::LockRole::output_full, program::LockRole::output_empty);
  }
  void host(program::EngineId shim, program::RouteId route, std::int64_t base, Bytes bytes, network::LayerId layer) {
    program::Transfer t;
    t.route = route;
    t.access = program::linear(base, bytes);
    t.layer = static_cast<std::int16_t>(layer);
    b_.transfer(shim, t);
  }
  // One transfer per core through one buffer of the memory tile, one after the other.
  void weights() {
    const program::EngineId shim = map_.shim_channel(0, program::EngineKind::mm2s, 1);
    const program::RouteId from_ddr = b_.route(shim, {mem_in(1)});
    for (int row = 0; row < 4; ++row) {
      const network::LayerId layer = layer_of(d_, row);
      Ring staged = weights_;
      staged.bytes = chunks_[row].size.total();
      host(shim, from_ddr, chunks_[row].ddr_address, staged.bytes, layer);
      b_.transfer(mem_in(1), filling(staged, 0, from_ddr, layer));
      pass(b_, {mem_out(2), staged, {in(row, 1)}, {{tile(row), 0, staged.bytes, 1, weights_full}}}, 1, layer);
    }
  }
  void input() {
    const program::EngineId shim = map_.shim_channel(0, program::EngineKind::mm2s, 0);
    const program::RouteId from_ddr = b_.route(shim, {mem_in(0)});
    host(shim, from_ddr, 0, d_.height * wide_row_, d_.reduce);
    // A row becomes empty when core 3 has it: its lock passes from in_empty over in_full and skip_full.
    const Ring rows{memory(), 0, wide_row_, skip_rows, in_full};
    rotate(b_, mem_in(0), skip_rows, d_.height,
           [&](int k) { b_.transfer(mem_in(0), filling(rows, k, from_ddr, d_.reduce)); });
    const auto send = [&](program::EngineId from, program::EngineId to, const Ring& sink, int acquire, int release,
                          network::LayerId layer) {
      const program::RouteId route = b_.route(from, {to});
      rotate(b_, from, skip_rows, d_.height, [&](int k) {
        program::Transfer t = part_of(rows, k, 0, wide_row_, route, layer);
        t.acquire = by_one(acquire);
        t.release = by_one(release);
        b_.transfer(from, t);
      });
      rotate(b_, to, sink.buffers, d_.height, [&](int k) { b_.transfer(to, filling(sink, k, route, layer)); });
    };
    send(mem_out(0), in(0, 0), in_[0], in_full, skip_full, d_.reduce);
    send(mem_out(1), in(3, 1), skip_, skip_full, in_empty, d_.expand);
  }
  void middle() {
    pass(b_, {out(0), out_[0], {in(1, 0), in(2, 0)}, {in_[1], in_[2]}}, d_.height, d_.reduce);
    // Halves of the channels arrive in turn on one channel of core 3, and stand beside each other in its row.
    const program::RouteId halves[] = {b_.route(out(1), {in(3, 0)}), b_.route(out(2), {in(3, 0)})};
    for (int row = 1; row <= 2; ++row)
      rotate(b_, out(row), 2, d_.height,
             [&](int k) { b_.transfer(out(row), draining(out_[row], k, halves[row - 1], d_.spatial)); });
    rotate(b_, in(3, 0), 2, d_.height, [&](int k) {
      for (int half = 0; half < 2; ++half) {
        program::Transfer t = part_of(in_[3], k, half * d_.narrow / 2, narrow_row_ / 2, halves[half], d_.spatial);
        t.access.rank = 2;
        t.access.dims[0] = program::repeated(d_.narrow / 2, 1);
        t.access.dims[1] = program::repeated(d_.width, d_.narrow);
        t.access = *encoded(t.access, core_dma_);
        (half == 0 ? t.acquire : t.release) = by_one(half == 0 ? in_empty : in_full);
        b_.transfer(in(3, 0), t);
      }
    });
  }
  void output() {
    pass(b_, {out(3), out_[3], {mem_in(2)}, {results_}}, d_.height, d_.expand);
    const program::EngineId shim = map_.shim_channel(0, program::EngineKind::s2mm, 0);
    const program::RouteId to_ddr = b_.route(mem_out(3), {shim});
    rotate(b_, mem_out(3), results_.buffers, d_.height,
           [&](int k) { b_.transfer(mem_out(3), draining(results_, k, to_ddr, d_.expand)); });
    host(shim, to_ddr, results_at_, d_.height * wide_row_, d_.expand);
  }

  program::EngineId core(int row) const { return map_.core(row, 0); }
  void acquire(int row, int lock, int n = 1) { b_.acquire(core(row), lock, n, layer_of(d_, row)); }
  void release(int row, int lock, int n = 1) { b_.release(core(row), lock, n, layer_of(d_, row)); }
  static int address(const Ring& r, std::int64_t turn) { return static_cast<int>(r.base + turn % r.buffers * r.bytes); }
  // Row `h` of the layer's output, or half of its channels. The window of a 3x3 stands in a ring.
  void call(int row, int h) {
    const network::Layer& l = network_.layers[layer_of(d_, row)];
    const sparsity::ChunkShape& shape = chunks_[row].shape;
    program::KernelCall c;
    c.kind = program::KernelKind::conv;
    c.layer = static_cast<std::int16_t>(l.id);
    c.out = {h, h + 1, 0, d_.width, shape.rows.front() * 8, shape.rows.back() * 8 + 8};
    c.in_h = l.window.kh, c.in_w = d_.width + l.window.kw - 1, c.in_c = l.in.c;
    c.chunk = row;
    c.weights = 0;
    c.result = address(out_[row], h);
    c.in = address(in_[row], h);
    if (row == 1 || row == 2) {
      c.in = static_cast<int>(in_[row].base);
      c.ring = window_rows;
      c.ring_row = static_cast<std::int16_t>(std::max(0, h - 1) % window_rows);
    }
    if (row == 3) {
      c.add_layer = static_cast<std::int16_t>(d_.sum);
      c.in2 = address(skip_, h);
    }
    b_.call(core(row), c);
  }
  // Rows [first, first + count), looping as soon as the same buffers are in turn again.
  template <class Body>
  void rows(int row, int first, int count, const Body& body) {
    rotate(b_, core(row), window_rows, count, [&](int k) { body(first + k); });
  }
  void reduce_core() {
    acquire(0, weights_full);
    rows(0, 0, d_.height, [&](int h) {
      acquire(0, in_full), acquire(0, out_empty), call(0, h), release(0, in_empty), release(0, out_full);
    });
    release(0, weights_empty);
  }
  void spatial_core(int row) {
    acquire(row, weights_full);
    // Row 0 needs two rows, every further row one more; the oldest is given back from row 1 on.
    acquire(row, in_full, d_.height > 1 ? 2 : 1), acquire(row, out_empty), call(row, 0), release(row, out_full);
    rows(row, 1, d_.height - 2, [&](int h) {
      acquire(row, in_full), acquire(row, out_empty), call(row, h), release(row, in_empty), release(row, out_full);
    });
    if (d_.height > 1) acquire(row, out_empty), call(row, d_.height - 1), release(row, out_full);
    release(row, in_empty, d_.height > 1 ? 2 : 1);
    release(row, weights_empty);
  }
  void expand_core() {
    acquire(3, weights_full);
    rows(3, 0, d_.height, [&](int h) {
      acquire(3, in_full), acquire(3, skip_full), acquire(3, out_empty), call(3, h);
      release(3, in_empty), release(3, skip_empty), release(3, out_full);
    });
    release(3, weights_empty);
  }

  const network::Network& network_;
  const Bottleneck& d_;
  const int buffers_;  // of the wide rows in core 3
  program::ProgramBuilder b_;
  const program::EngineMap& map_;
  const arch::DmaSpec& core_dma_;
  const Bytes wide_row_, narrow_row_;
  std::array<program::ChunkPlace, 4> chunks_;
  Bytes results_at_ = 0;          // in DDR
  Ring weights_, results_;        // in the memory tile
  std::array<Ring, 4> in_, out_;  // per core
  Ring skip_;                     // core 3: the row to add
};

bool is_conv(const network::Layer& l, int kernel) {
  const int pad = kernel / 2;
  return l.op == network::Op::conv2d && l.is_int8() && l.groups == 1 && !l.lookup && l.most == 127 &&
         l.window == network::Window{kernel, kernel, 1, 1, pad, pad, pad, pad};
}

std::vector<Problem> misfits(const network::Network& network, const Bottleneck& d, const arch::ArraySpec& array,
                             int buffers) {
  std::vector<Problem> problems;
  const auto note = [&](std::string what, std::string legal) {
    problems.push_back({"", "network " + network.name, std::move(what), std::move(legal)});
  };
  if (d.width < 4 || d.width % 4 != 0)
    note(fmt::format("rows of {} pixels", d.width), "a width that is a multiple of 4");
  if (d.wide % 8 != 0 || d.narrow % 16 != 0)
    note(fmt::format("{} and {} channels", d.wide, d.narrow), "multiples of 8 outside, of 16 inside");
  if (array.rows != 4) note(fmt::format("{} rows of cores", array.rows), "4, of which one column is used");
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  Bytes need = 0;
  for (const Stage& stage : stages(network, d, buffers)) need = std::max(need, stage.core_bytes);
  if (need > room) note(fmt::format("a core needs {} bytes", need), fmt::format("at most {} bytes", room));
  program::Access half = program::linear(0, d.narrow / 2);  // of the channels, in a row of the last core
  half.rank = 2;
  half.dims[1] = program::repeated(d.width, d.narrow);
  if (d.narrow % 16 == 0 && !encoded(half, array.tile.dma))
    note(fmt::format("{} rows of {} bytes have no form in descriptors of a core", d.width, d.narrow / 2),
         fmt::format("runs of {} words", array.tile.dma.max_wrap));
  Bytes most_weights = 0;
  for (const int row : {0, 1, 3}) most_weights = std::max(most_weights, weights_of(network, d, row).size.total());
  const Bytes staged = (skip_rows + 2) * Bytes{d.width} * d.wide + most_weights;
  if (staged > array.memtile.memory.size)
    note(fmt::format("staging needs {} bytes of a memory tile", staged),
         fmt::format("at most {} bytes", array.memtile.memory.size));
  return problems;
}

}  // namespace

std::optional<Bottleneck> find_bottleneck(const network::Network& network) {
  const auto& l = network.layers;
  if (l.size() != 5) return std::nullopt;
  const auto reads = [&](network::LayerId id, std::vector<network::LayerId> inputs) { return l[id].inputs == inputs; };
  const bool chain =
      is_conv(l[1], 1) && reads(1, {0}) && is_conv(l[2], 3) && reads(2, {1}) && is_conv(l[3], 1) && reads(3, {2});
  if (!chain || l[4].op != network::Op::add || !(reads(4, {0, 3}) || reads(4, {3, 0}))) return std::nullopt;
  if (l[1].out.c != l[2].out.c || l[3].out.c != l[0].out.c) return std::nullopt;
  return Bottleneck{l[0].out.h, l[0].out.w, l[0].out.c, l[1].out.c, 1, 2, 3, 4};
}

Expected<Schedule> schedule_bottleneck(const network::Network& network, const Bottleneck& d,
                                       const arch::ArraySpec& array, const cost::LatencyModel& latency_model) {
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  const int buffers = stages(network, d, 2)[2].core_bytes <= room ? 2 : 1;
  std::vector<Problem> problems = misfits(network, d, array, buffers);
  if (!problems.empty()) return Failure{ExitCode::does_not_fit, std::move(problems)};
  Schedule s;
  s.layers.resize(network.layers.size());
  s.layers[d.sum].computed_by = d.expand;
  s.program = BottleneckEmitter(network, d, array, buffers).run();
  const std::vector<Millicycles> durations = kernel_durations(s.program, latency_model);
  for (const Stage& stage : stages(network, d, buffers)) {
    schedule::Candidate& c = s.layers[stage.layer].candidates.emplace_back();
    Millicycles call = 0;
    for (std::size_t i = 0; i < durations.size(); ++i)
      if (s.program.calls[i].layer == stage.layer) call = durations[i];
    c.mapping = stage.cores;
    c.tiling = stage.tiling;
    c.rows = d.height;
    c.us = to_us(call * d.height, array.clock_hz);
    c.bound_by = "compute";
    c.core_bytes = stage.core_bytes;
    c.chosen = true;
    s.estimate_us = std::max(s.estimate_us, c.us);  // the slowest stage sets the pace
  }
  return s;
}

}  // namespace tessera::designs::object_fifo
