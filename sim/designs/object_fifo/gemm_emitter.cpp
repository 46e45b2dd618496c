#include "sim/designs/object_fifo/gemm_layout.h"
#include "sim/program/descriptor.h"

namespace tessera::designs::object_fifo {
namespace {

class GemmEmitter {
 public:
  GemmEmitter(const network::Network& network, const GemmLayout& layout)
      : network_(network), l_(layout), b_(layout.array), layer_(network.layers.back().id) {}

  program::Program run(const std::string& mapping) {
    program::Program& p = b_.program();
    p.network = network_.name;
    p.tensors = false;
    for (const network::Layer& l : network_.layers) p.layers.emplace_back().layer = l;
    p.layers.back().mapping = mapping;
    p.product = {static_cast<std::int16_t>(layer_), l_.a, l_.b, l_.c};
    p.ddr_bytes = l_.c.address + l_.c.pitch * l_.c.rows;
    for (int col = 0; col < l_.array.cols; ++col) {
      if (l_.first_row(col) < l_.last_row(col)) stage_a(col);
      stage_b(col);
      stage_c(col);
      for (int row = 0; row < l_.array.rows; ++row) core(row, col);
    }
    return b_.finish();
  }

 private:
  void host(program::EngineId shim, program::RouteId route, const program::Access& access) {
    program::Transfer t;
    t.route = route;
    t.access = access;
    t.layer = static_cast<std::int16_t>(layer_);
    b_.transfer(shim, t);
  }

  // `times` times what a descriptor reads, each `by` bytes further: tasks that iterate where the fields allow it. What
  // has no form as a whole is read one element of its last dimension after the other.
  void passes(program::EngineId shim, program::RouteId route, const program::Access& once, int times, Bytes by) {
    const arch::DmaSpec& dma = l_.array.shim.dma;
    const auto whole = encoded(once, dma);
    const int most = whole && dma.dimensions < 4 && by / 4 <= dma.max_step ? dma.iterations : 1;
    for (int y = 0; y < times; y += most) {
      program::Access read = whole.value_or(once);
      read.base += y * by;
      if (whole && dma.dimensions < 4) {
        while (read.rank < dma.dimensions) read.dims[static_cast<std::size_t>(read.rank++)] = program::repeated(1, 4);
        read.dims[static_cast<std::size_t>(read.rank++)] = program::repeated(std::min(most, times - y), by);
      }
      if (whole) {
        host(shim, route, read);
        continue;
      }
      const program::AccessDim last = once.dims[static_cast<std::size_t>(--read.rank)];
      for (int x = 0; x < last.count; ++x, read.base += last.step) host(shim, route, *encoded(read, dma));
    }
  }

  void stage_a(int col) {
    const program::EngineId shim = l_.map.shim_channel(col, program::EngineKind::mm2s, 0);
    const program::EngineId in = l_.map.mem_channel(l_.memtile(col), program::EngineKind::s2mm, 0);
    const program::RouteId from_ddr = b_.route(shim, {in});
    const int rows = l_.last_row(col) - l_.first_row(col), steps = l_.strips * l_.d.strip_calls;
    const Bytes block = l_.a.pitch * l_.array.rows * l_.d.tile_m;
    // For each block of rows once per tile of C side by side, or once where A is kept; with B kept, all blocks of rows
    // once per block of columns. What a task iterates over costs one start.
    const bool walks = l_.by_columns();
    const int outer = walks ? l_.blocks_n : l_.blocks_m;
    const int inner = walks ? l_.blocks_m : l_.keeps(Keeps::input) ? 1 : l_.blocks_n;
    program::Access read;
    read.rank = 3;
    read.dims[0] = program::repeated(l_.d.in_bytes(l_.d.tile_k), 1);
    read.dims[1] = program::repeated(l_.d.tile_m * rows, l_.a.pitch);
    read.dims[2] = program::repeated(steps, l_.d.in_bytes(l_.d.tile_k));
    for (int x = 0; x < outer; ++x) {
      read.base = l_.a.pitch * l_.first_row(col) * l_.d.tile_m + (walks ? 0 : block * x);
      passes(shim, from_ddr, read, inner, walks ? block : 0);
    }
    const std::int64_t objects = l_.a_passes() * l_.strips;
    for (int k = 0; k < rows; ++k) {
      declare(b_, l_.staged_a(col, k), program::LockRole::staging_full, program::LockRole::staging_empty);
      std::vector<program::EngineId> sinks;
      std::vector<Ring> rings;
      for (int c = 0; c < l_.array.cols; ++c) {
        sinks.push_back(l_.map.tile_channel(l_.first_row(col) + k, c, program::EngineKind::s2mm, 0));
        rings.push_back(l_.core_a(l_.first_row(col) + k, c));
      }
      pass(b_, {l_.map.mem_channel(l_.memtile(col), program::EngineKind::mm2s, k), l_.staged_a(col, k), sinks, rings},
           objects, layer_);
    }
    // The stream brings the rows in turn, one step of tile_k each, so that their strips are complete together.
    const Bytes step = l_.d.a_bytes() / l_.d.strip_calls;
    rotate(b_, in, l_.d.memtile_buffers, objects, [&](int buffer) {
      for (int call = 0; call < l_.d.strip_calls; ++call)
        for (int k = 0; k < rows; ++k) {
          const Ring ring = l_.staged_a(col, k);
          program::Transfer part = part_of(ring, buffer, call * step, step, from_ddr, layer_);
          if (call == 0) part.acquire = by_one(ring.full + 1);
          if (call == l_.d.strip_calls - 1) part.release = by_one(ring.full);
          b_.transfer(in, part);
        }
    });
  }

  void stage_b(int col) {
    const program::EngineId shim = l_.map.shim_channel(col, program::EngineKind::mm2s, 1);
    const program::EngineId in = l_.map.mem_channel(l_.memtile(col), program::EngineKind::s2mm, 1);
    const program::RouteId from_ddr = b_.route(shim, {in});
    read_b(col, shim, from_ddr);
    repeat_since(b_, shim, 0, l_.by_columns() ? 1 : l_.blocks_m);
    const std::int64_t objects = l_.b_sends() * l_.strips;
    std::vector<program::EngineId> sinks;
    std::vector<Ring> rings;
    for (int r = 0; r < l_.array.rows; ++r) {
      sinks.push_back(l_.map.tile_channel(r, col, program::EngineKind::s2mm, 1));
      rings.push_back(l_.core_b(r, col));
    }
    const program::EngineId out =
        l_.map.mem_channel(l_.memtile(col), program::EngineKind::mm2s, l_.array.memtile.dma.mm2s - 2);
    if (l_.d.b_stays) return keep_pieces(col, in, from_ddr, out, sinks, rings);
    const Ring staged = l_.staged_b(col);
    declare(b_, staged, program::LockRole::staging_full, program::LockRole::staging_empty);
    rotate(b_, in, staged.buffers, objects, [&](int k) { b_.transfer(in, filling(staged, k, from_ddr, layer_)); });
    pass(b_, {out, staged, sinks, rings}, objects, layer_);
  }

  // What a column reads of B for one row of tiles of C.
  void read_b(int col, program::EngineId shim, program::RouteId from_ddr) {
    program::Access read;
    read.base = l_.b.address + l_.d.in_bytes(std::int64_t{col} * l_.d.tile_n);
    read.rank = 3;
    read.dims[0] = program::repeated(l_.d.in_bytes(l_.d.tile_n), 1);
    read.dims[1] = program::repeated(l_.steps, l_.b.pitch);
    read.dims[2] = program::repeated(l_.blocks_n, l_.d.in_bytes(std::int64_t{l_.d.tile_n} * l_.array.cols));
    if (l_.d.b_packed) {
      const Bytes block = l_.strips * l_.d.b_bytes();
      for (int n = 0; n < l_.blocks_n; ++n)
        host(shim, from_ddr, program::linear(l_.b.address + (std::int64_t{col} * l_.blocks_n + n) * block, block));
    } else if (fits(read, l_.array.shim.dma)) {
      host(shim, from_ddr, read);
    } else {  // a dimension less, and an iteration instead
      read.rank = 2;
      passes(shim, from_ddr, read, l_.blocks_n, read.dims[2].step);
    }
  }

  // B of a block of columns stays in the memory tile: a piece is filled once all sends of the one before it there are
  // done, and sent once per block of rows.
  void keep_pieces(int col, program::EngineId in, program::RouteId from_ddr, program::EngineId out,
                   const std::vector<program::EngineId>& sinks, const std::vector<Ring>& rings) {
    const program::RouteId to_cores = b_.route(out, sinks);
    const auto sends = static_cast<std::int16_t>(l_.blocks_m);
    for (int p = 0; p < l_.pieces(); ++p) {
      const Ring piece = l_.piece_of_b(col, p);
      b_.lock(piece.tile, piece.full, 0, program::LockRole::staging_full);
      b_.lock(piece.tile, piece.full + 1, sends, program::LockRole::staging_empty);
      program::Transfer fill = filling(piece, 0, from_ddr, layer_);
      fill.acquire.value = fill.release.value = sends;
      b_.transfer(in, fill);
      b_.transfer(out, draining(piece, 0, to_cores, layer_));
    }
    repeat_since(b_, in, 0, l_.blocks_n);
    repeat_since(b_, out, 0, l_.outputs());
    for (std::size_t i = 0; i < sinks.size(); ++i)
      rotate(b_, sinks[i], rings[i].buffers, l_.outputs() * l_.strips,
             [&](int k) { b_.transfer(sinks[i], filling(rings[i], k, to_cores, layer_)); });
  }

  void stage_c(int col) {
    const program::EngineId out =
        l_.map.mem_channel(l_.memtile(col), program::EngineKind::mm2s, l_.array.memtile.dma.mm2s - 1);
    const program::EngineId shim = l_.map.shim_channel(col, program::EngineKind::s2mm, 0);
    const program::RouteId to_ddr = b_.route(out, {shim});
    for (int r = 0; r < l_.array.rows; ++r) {
      declare(b_, l_.staged_c(col, r), program::LockRole::output_full, program::LockRole::output_empty);
      const program::EngineId in = l_.map.mem_channel(l_.memtile(col), program::EngineKind::s2mm, first_c_channel + r);
      pass(b_,
           {l_.map.tile_channel(r, col, program::EngineKind::mm2s, 0), l_.core_c(r, col), {in}, {l_.staged_c(col, r)}},
           l_.outputs(), layer_);
    }
    rotate(b_, out, l_.d.memtile_buffers, l_.outputs(), [&](int buffer) {
      for (int r = 0; r < l_.array.rows; ++r) b_.transfer(out, draining(l_.staged_c(col, r), buffer, to_ddr, layer_));
    });
    program::Access write;  // the tiles of a column stand one below the other
    write.rank = 2;
    write.dims[0] = program::repeated(l_.d.out_bytes(l_.d.tile_n), 1);
    write.dims[1] = program::repeated(l_.d.tile_m * l_.array.rows, l_.c.pitch);
    const int outer = l_.by_columns() ? l_.blocks_n : l_.blocks_m, inner = l_.by_columns() ? l_.blocks_m : l_.blocks_n;
    for (int x = 0; x < outer; ++x)
      for (int y = 0; y < inner; ++y) {
        const int m = l_.by_columns() ? y : x, n = l_.by_columns() ? x : y;
        write.base = l_.c.address + l_.c.pitch * m * l_.array.rows * l_.d.tile_m +
                     l_.d.out_bytes((std::int64_t{n} * l_.array.cols + col) * l_.d.tile_n);
        host(shim, to_ddr, *encoded(write, l_.array.shim.dma));
      }
  }

  // Which buffer of each ring of a core is next.
  struct Turn {
    int a = 0, b = 0, c = 0;
    bool operator==(const Turn& o) const { return a == o.a && b == o.b && c == o.c; }
  };
  void advance(int& turn, int buffers, int by = 1) const { turn = (turn + by) % buffers; }

  // The call with step `step` of the buffers that are in turn.
  program::KernelCall kernel_call(int row, int col, const Turn& turn, int step, bool clears) const {
    const Ring a = l_.core_a(row, col), b = l_.core_b(row, col), c = l_.core_c(row, col);
    program::KernelCall call;
    call.kind = clears ? program::KernelKind::clear : program::KernelKind::gemm;
    call.layer = static_cast<std::int16_t>(layer_);
    call.out = {0, l_.d.tile_m, 0, 1, 0, l_.d.tile_n};
    call.in_h = l_.d.tile_m, call.in_w = 1, call.in_c = l_.d.tile_k;
    call.in = static_cast<std::int32_t>(a.base + turn.a * a.bytes + step * (a.bytes / l_.d.strip_calls));
    call.weights = static_cast<std::int32_t>(b.base + turn.b * b.bytes + step * (b.bytes / l_.d.strip_calls));
    call.acc = static_cast<std::int32_t>(c.base + turn.c * c.bytes);
    call.last = false;
    return call;
  }

  // The program of one core. Loops are as long as it takes until the same buffers are in turn again.
  struct CoreList {
    GemmEmitter& e;
    const int row, col;
    const program::EngineId id;
    Turn turn;

    void acquire(int lock) { e.b_.acquire(id, lock, 1, e.layer_); }
    void release(int lock, int count = 1) { e.b_.release(id, lock, count, e.layer_); }
    void clear() { e.b_.call(id, e.kernel_call(row, col, turn, 0, true)); }
    void multiply() {
      for (int step = 0; step < e.l_.d.strip_calls; ++step) e.b_.call(id, e.kernel_call(row, col, turn, step, false));
    }
    template <class Body>
    void loop(std::int64_t times, const Body& body) {
      const Turn start = turn;
      const std::size_t since = e.b_.program().engines[id].steps.size();
      std::int64_t period = 0;
      while (period < times && (period == 0 || !(turn == start))) body(), ++period;
      if (period == 0) return;
      repeat_since(e.b_, id, since, times / period);
      for (std::int64_t rest = times % period; rest > 0; --rest) body();
    }

    // Clears C and runs over k. With A held it is in the core already, for this tile of C and the next ones.
    void output_tile(bool a_held) {
      acquire(c_empty);
      clear();
      loop(e.l_.strips, [&] {
        if (!a_held) acquire(a_full);
        acquire(b_full);
        multiply();
        if (!e.l_.keeps(Keeps::input)) release(a_empty);
        release(b_empty);
        e.advance(turn.a, e.l_.d.a_buffers);
        e.advance(turn.b, e.l_.d.b_buffers);
      });
      release(c_full);
      e.advance(turn.c, e.l_.d.c_buffers);
    }
    void keep_nothing() {
      loop(e.l_.outputs(), [&] { output_tile(false); });
    }
    void keep_a() {
      loop(e.l_.blocks_m, [&] {
        const int first = turn.a;
        output_tile(false);
        turn.a = first;
        loop(e.l_.blocks_n - 1, [&] {
          output_tile(true);
          turn.a = first;
        });
        release(a_empty, e.l_.strips);
        e.advance(turn.a, e.l_.d.a_buffers, e.l_.strips);
      });
    }
    // The strip of B is released only when the first strip of A for the next one is there: objects are released by
    // their next use, so that a single buffer of B is refilled after that of A.
    void keep_b() {
      const auto tile = [&](bool first, bool releases) {
        if (!first) acquire(c_empty);
        acquire(a_full);
        if (releases) release(b_empty), e.advance(turn.b, e.l_.d.b_buffers);
        if (first) acquire(b_full), acquire(c_empty);
        clear();
        multiply();
        release(a_empty);
        release(c_full);
        e.advance(turn.a, e.l_.d.a_buffers);
        e.advance(turn.c, e.l_.d.c_buffers);
      };
      const auto column = [&](bool releases) {
        tile(true, releases);
        loop(e.l_.blocks_m - 1, [&] { tile(false, false); });
      };
      column(false);
      loop(e.l_.blocks_n - 1, [&] { column(true); });
      release(b_empty);
    }
  };

  void core(int row, int col) {
    declare(b_, l_.core_a(row, col), program::LockRole::input_full, program::LockRole::input_empty);
    declare(b_, l_.core_b(row, col), program::LockRole::weights_full, program::LockRole::weights_empty);
    declare(b_, l_.core_c(row, col), program::LockRole::output_full, program::LockRole::output_empty);
    CoreList list{*this, row, col, l_.map.core(row, col), {}};
    if (l_.keeps(Keeps::input)) return list.keep_a();
    if (l_.keeps(Keeps::weights)) return list.keep_b();
    list.keep_nothing();
  }

  const network::Network& network_;
  const GemmLayout& l_;
  program::ProgramBuilder b_;
  const network::LayerId layer_;
};

}  // namespace

program::Program emit_gemm(const network::Network& network, const GemmLayout& layout, const std::string& mapping) {
  return GemmEmitter(network, layout).run(mapping);
}

}  // namespace tessera::designs::object_fifo
