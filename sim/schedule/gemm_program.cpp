#include "sim/schedule/gemm_program.h"

#include <fmt/format.h>

#include "sim/program/builder.h"

namespace tessera {
namespace {

// Locks of a compute tile; a memory tile has a pair of them per buffer of A (one per row it feeds), B and C (per row).
enum CoreLock { a_full, a_empty, b_full, b_empty, c_full, c_empty };
constexpr int first_c_channel = 2;  // memory tile: S2MM 0 takes A, 1 takes B, the others C of one row each

class GemmEmitter {
 public:
  GemmEmitter(const GemmDesign& d, const ArraySpec& array)
      : d_(d), array_(array), b_(array), map_(b_.map()),
        a_bytes_(Bytes{d.tile_m} * d.tile_k * d.strip_calls * d.in_bytes),
        b_bytes_(Bytes{d.tile_n} * d.tile_k * d.strip_calls * d.in_bytes),
        c_bytes_(Bytes{d.tile_m} * d.tile_n * d.out_bytes),
        blocks_m_(static_cast<int>(ceil_div(d.m, d.tile_m * array.rows))),
        blocks_n_(static_cast<int>(ceil_div(d.n, d.tile_n * array.cols))),
        strips_(static_cast<int>(ceil_div(d.k, d.tile_k * d.strip_calls))) {}

  GemmProgram run() {
    b_.program().network = fmt::format("gemm {}x{}x{}", d_.m, d_.k, d_.n);
    memory_locks();
    for (int col = 0; col < array_.cols; ++col) {
      if (!rows_of(col).empty()) stage_a(col);
      stage_b(col);
      stage_c(col);
      for (int row = 0; row < array_.rows; ++row) core(row, col);
    }
    return {b_.finish(), std::move(clears_)};
  }

 private:
  std::vector<int> rows_of(int col) const {  // the rows whose A passes through this column
    std::vector<int> rows;
    for (int r = col; r < array_.rows; r += array_.cols) rows.push_back(r);
    return rows;
  }
  std::int64_t outputs() const { return std::int64_t{blocks_m_} * blocks_n_; }
  // One task of a shim channel reads what a block of rows (of columns, when B is stationary) needs.
  int tasks() const { return d_.b_stationary ? blocks_n_ : blocks_m_; }
  int inner_outputs() const { return d_.b_stationary ? blocks_m_ : blocks_n_; }
  // How often A and B pass: once for every tile of C, or once per block of rows (of columns).
  std::int64_t a_passes() const { return d_.a_stationary ? blocks_m_ : outputs(); }
  std::int64_t b_passes() const { return d_.b_stationary ? blocks_n_ : outputs(); }

  // Lock numbers of memory tiles.
  int mem_a(int k) const { return 2 * k; }
  int feeds() const { return static_cast<int>(ceil_div(array_.rows, array_.cols)); }  // rows of A per column
  int mem_b() const { return 2 * feeds(); }
  int mem_c(int row) const { return mem_b() + 2 + 2 * row; }

  void pair(TileId tile, int full, int buffers, LockRole full_role, LockRole empty_role) {
    b_.lock(tile, full, 0, full_role);
    b_.lock(tile, full + 1, buffers, empty_role);
  }
  void memory_locks() {
    for (int col = 0; col < array_.cols; ++col) {
      const TileId mem = map_.memory_tile(memtile(col));
      const int n = d_.memtile_buffers;
      for (std::size_t k = 0; k < rows_of(col).size(); ++k)
        pair(mem, mem_a(static_cast<int>(k)), n, LockRole::staging_full, LockRole::staging_empty);
      pair(mem, mem_b(), n, LockRole::staging_full, LockRole::staging_empty);
      for (int r = 0; r < array_.rows; ++r)
        pair(mem, mem_c(r), n, LockRole::output_full, LockRole::output_empty);
    }
  }
  int memtile(int col) const { return col * array_.memtile_rows; }

  Transfer move(TileId memory, RouteId route, const Access& access, LockOp acquire, LockOp release) const {
    Transfer t;
    t.memory = memory;
    t.route = route;
    t.access = access;
    t.acquire = acquire;
    t.release = release;
    return t;
  }
  static LockOp op(int lock) { return {static_cast<std::int16_t>(lock), 1}; }
  // `count` descriptors, run `times` times over.
  void loop(EngineId engine, int steps, std::int64_t times) {
    if (times > 1) b_.repeat_last(engine, steps, static_cast<int>(times));
  }

  void stage_a(int col) {
    const std::vector<int> rows = rows_of(col);
    const auto count = static_cast<int>(rows.size());
    const TileId mem = map_.memory_tile(memtile(col));
    const EngineId shim = map_.shim_channel(col, EngineKind::mm2s, 0);
    const EngineId in = map_.mem_channel(memtile(col), EngineKind::s2mm, 0);
    // All rows of this column, one step of tile_k after the other.
    Access read;
    read.rank = 4;
    read.dims[0] = repeated(d_.tile_k * d_.in_bytes, 1);
    read.dims[1] = repeated(d_.tile_m * count, d_.k * d_.in_bytes);
    read.dims[2] = repeated(strips_ * d_.strip_calls, d_.tile_k * d_.in_bytes);
    read.dims[3] = repeated(d_.a_stationary ? 1 : inner_outputs(), 0);
    b_.transfer(shim, move(0, b_.route(shim, {in}), read, {}, {}));
    loop(shim, 1, tasks());
    for (int k = 0; k < count; ++k) {
      const Access buffer = linear(k * d_.memtile_buffers * a_bytes_, a_bytes_);
      const EngineId out = map_.mem_channel(memtile(col), EngineKind::mm2s, k);
      std::vector<EngineId> sinks;
      for (int c = 0; c < array_.cols; ++c)
        sinks.push_back(map_.tile_channel(rows[static_cast<std::size_t>(k)], c, EngineKind::s2mm, 0));
      const RouteId route = b_.route(out, sinks);
      b_.transfer(out, move(mem, route, buffer, op(mem_a(k)), op(mem_a(k) + 1)));
      loop(out, 1, a_passes() * strips_);
      for (int c = 0; c < array_.cols; ++c) {
        const int row = rows[static_cast<std::size_t>(k)];
        const EngineId sink = map_.tile_channel(row, c, EngineKind::s2mm, 0);
        b_.transfer(sink, move(map_.compute_tile(row, c), route, linear(0, a_bytes_), op(a_empty), op(a_full)));
        loop(sink, 1, a_passes() * strips_);
      }
    }
    // The stream brings the rows in turn, one step of tile_k each, so that their strips are complete together.
    const Bytes step = a_bytes_ / d_.strip_calls;
    for (int call = 0; call < d_.strip_calls; ++call)
      for (int k = 0; k < count; ++k) {
        const Access part = linear(k * d_.memtile_buffers * a_bytes_ + call * step, step);
        const LockOp acquire = call == 0 ? op(mem_a(k) + 1) : LockOp{};
        const LockOp release = call == d_.strip_calls - 1 ? op(mem_a(k)) : LockOp{};
        b_.transfer(in, move(mem, b_.route(shim, {in}), part, acquire, release));
      }
    loop(in, count * d_.strip_calls, a_passes() * strips_);
  }

  void stage_b(int col) {
    const TileId mem = map_.memory_tile(memtile(col));
    const EngineId shim = map_.shim_channel(col, EngineKind::mm2s, 1);
    const EngineId in = map_.mem_channel(memtile(col), EngineKind::s2mm, 1);
    const EngineId out = map_.mem_channel(memtile(col), EngineKind::mm2s, array_.memtile.dma.mm2s - 2);
    Access read;
    read.rank = 3;
    read.dims[0] = repeated(d_.tile_n * d_.in_bytes, 1);
    read.dims[1] = repeated(strips_ * d_.strip_calls * d_.tile_k, d_.n * d_.in_bytes);
    read.dims[2] = repeated(blocks_n_, d_.tile_n * array_.cols * d_.in_bytes);
    read.base = Bytes{d_.m} * d_.k * d_.in_bytes;
    const RouteId from_ddr = b_.route(shim, {in});
    b_.transfer(shim, move(0, from_ddr, read, {}, {}));
    loop(shim, 1, d_.b_stationary ? 1 : blocks_m_);
    const Access buffer = linear(feeds() * d_.memtile_buffers * a_bytes_, b_bytes_);
    b_.transfer(in, move(mem, from_ddr, buffer, op(mem_b() + 1), op(mem_b())));
    loop(in, 1, b_passes() * strips_);
    std::vector<EngineId> sinks;
    for (int r = 0; r < array_.rows; ++r) sinks.push_back(map_.tile_channel(r, col, EngineKind::s2mm, 1));
    const RouteId route = b_.route(out, sinks);
    b_.transfer(out, move(mem, route, buffer, op(mem_b()), op(mem_b() + 1)));
    loop(out, 1, b_passes() * strips_);
    for (int r = 0; r < array_.rows; ++r) {
      const Access own = linear(d_.a_buffers * a_bytes_, b_bytes_);
      b_.transfer(sinks[static_cast<std::size_t>(r)],
                  move(map_.compute_tile(r, col), route, own, op(b_empty), op(b_full)));
      loop(sinks[static_cast<std::size_t>(r)], 1, b_passes() * strips_);
    }
  }

  void stage_c(int col) {
    const TileId mem = map_.memory_tile(memtile(col));
    const EngineId out = map_.mem_channel(memtile(col), EngineKind::mm2s, array_.memtile.dma.mm2s - 1);
    const EngineId shim = map_.shim_channel(col, EngineKind::s2mm, 0);
    const RouteId to_ddr = b_.route(out, {shim});
    const Bytes base = d_.memtile_buffers * (feeds() * a_bytes_ + b_bytes_);
    for (int r = 0; r < array_.rows; ++r) {
      const Access buffer = linear(base + r * d_.memtile_buffers * c_bytes_, c_bytes_);
      const EngineId core_out = map_.tile_channel(r, col, EngineKind::mm2s, 0);
      const EngineId in = map_.mem_channel(memtile(col), EngineKind::s2mm, first_c_channel + r);
      const RouteId route = b_.route(core_out, {in});
      const Access own = linear(d_.a_buffers * a_bytes_ + d_.b_buffers * b_bytes_, c_bytes_);
      b_.transfer(core_out, move(map_.compute_tile(r, col), route, own, op(c_full), op(c_empty)));
      loop(core_out, 1, outputs());
      b_.transfer(in, move(mem, route, buffer, op(mem_c(r) + 1), op(mem_c(r))));
      loop(in, 1, outputs());
      b_.transfer(out, move(mem, to_ddr, buffer, op(mem_c(r)), op(mem_c(r) + 1)));
    }
    loop(out, array_.rows, outputs());
    Access write;  // the tiles of a column stand one below the other
    write.rank = 2;
    write.dims[0] = repeated(d_.tile_n * d_.out_bytes, 1);
    write.dims[1] = repeated(d_.tile_m * array_.rows, d_.n * d_.out_bytes);
    write.base = (Bytes{d_.m} + d_.n) * d_.k * d_.in_bytes;
    b_.transfer(shim, move(0, to_ddr, write, {}, {}));
    loop(shim, 1, outputs());
  }

  // One step of the core's list, counted so that loops know their length.
  void acquire(EngineId core, int lock) { b_.acquire(core, lock, 1, -1), ++steps_; }
  void release(EngineId core, int lock, int count = 1) { b_.release(core, lock, count, -1), ++steps_; }
  void call(EngineId core, bool clears) {
    KernelCall c;
    c.kind = clears ? KernelKind::copy : KernelKind::ops;
    c.operations = clears ? 0 : std::int64_t{d_.tile_m} * d_.tile_k * d_.tile_n;
    c.in_h = c.in_w = 1;
    c.in_c = static_cast<int>(d_.a_buffers * a_bytes_ + d_.b_buffers * b_bytes_);  // what a DMA channel may fill
    c.in = 0;
    c.last = false;
    b_.call(core, c);
    clears_.push_back(clears);
    ++steps_;
  }
  void repeat(EngineId core, int since, std::int64_t times) {
    if (times <= 1) return;
    b_.repeat_last(core, steps_ - since, static_cast<int>(times));
    ++steps_;
  }

  // Clears C and runs over k. What is held is in the core already, for this tile of C and the next ones.
  enum class Held { nothing, a, b };
  void output_tile(EngineId core, Held held) {
    const bool b_held = held == Held::b;
    acquire(core, c_empty);
    if (d_.zero_cycles > 0 && !b_held) call(core, true);
    const int since = steps_;
    if (held != Held::a) acquire(core, a_full);
    if (!b_held) acquire(core, b_full);
    if (d_.zero_cycles > 0 && b_held) call(core, true);
    const int calls = steps_;
    call(core, false);
    repeat(core, calls, d_.strip_calls);
    if (!d_.a_stationary) release(core, a_empty);
    if (!b_held) release(core, b_empty);
    repeat(core, since, strips_);
    release(core, c_full);
  }

  void core(int row, int col) {
    const EngineId core = map_.core(row, col);
    const TileId tile = map_.compute_tile(row, col);
    pair(tile, a_full, d_.a_buffers, LockRole::input_full, LockRole::input_empty);
    pair(tile, b_full, d_.b_buffers, LockRole::weights_full, LockRole::weights_empty);
    pair(tile, c_full, d_.c_buffers, LockRole::output_full, LockRole::output_empty);
    steps_ = 0;
    if (d_.a_stationary) {
      output_tile(core, Held::nothing);
      const int rest = steps_;
      if (blocks_n_ > 1) {
        output_tile(core, Held::a);
        repeat(core, rest, blocks_n_ - 1);
      }
      release(core, a_empty, strips_);
      repeat(core, 0, blocks_m_);
      return;
    }
    if (!d_.b_stationary) {
      output_tile(core, Held::nothing);
      repeat(core, 0, outputs());
      return;
    }
    // The strip of B is released only when the first strip of A for the next one is there: objects are released by
    // their next use, so that a single buffer of B is refilled after that of A.
    for (int pass = 0; pass < 2; ++pass) {
      const int since = steps_;
      acquire(core, a_full);
      if (pass == 1) release(core, b_empty);
      acquire(core, b_full);
      acquire(core, c_empty);
      if (d_.zero_cycles > 0) call(core, true);
      const int calls = steps_;
      call(core, false);
      repeat(core, calls, d_.strip_calls);
      release(core, a_empty);
      release(core, c_full);
      if (blocks_m_ > 1) {
        const int rest = steps_;
        output_tile(core, Held::b);
        repeat(core, rest, blocks_m_ - 1);
      }
      if (pass == 1) repeat(core, since, blocks_n_ - 1);
      if (blocks_n_ == 1) break;
    }
    release(core, b_empty);
  }

  const GemmDesign& d_;
  const ArraySpec& array_;
  ProgramBuilder b_;
  const EngineMap& map_;
  const Bytes a_bytes_, b_bytes_, c_bytes_;
  const int blocks_m_, blocks_n_, strips_;
  std::vector<bool> clears_;
  int steps_ = 0;
};

std::vector<Problem> misfits(const GemmDesign& d, const ArraySpec& array) {
  std::vector<Problem> problems;
  const auto note = [&](const std::string& what, const std::string& legal) {
    problems.push_back({"", fmt::format("gemm {}x{}x{}", d.m, d.k, d.n), what, legal});
  };
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  if (d.core_bytes() > room)
    note(fmt::format("buffers of one core need {} bytes", d.core_bytes()), fmt::format("at most {} bytes", room));
  const int per_column = static_cast<int>(ceil_div(array.rows, array.cols));
  if (array.memtile.dma.s2mm < first_c_channel + array.rows || array.memtile.dma.mm2s < per_column + 2)
    note(fmt::format("{} rows of cores per column of memory tiles", array.rows),
         fmt::format("at most {} inbound channels", array.memtile.dma.s2mm));
  if (d.b_stationary && d.k > d.strip_calls * d.tile_k)
    note("a stationary B needs all of k in one strip", "a longer strip");
  if (d.a_stationary && (d.b_stationary || d.k > d.a_buffers * d.strip_calls * d.tile_k))
    note("a stationary A needs buffers for all of k and a B that passes", fmt::format("more than {} buffers", d.a_buffers));
  const Bytes strip = Bytes{d.tile_k} * d.strip_calls * d.in_bytes;
  const Bytes staged = d.memtile_buffers * (per_column * d.tile_m * strip + d.tile_n * strip +
                                            Bytes{array.rows} * d.tile_m * d.tile_n * d.out_bytes);
  if (staged > array.memtile.memory.size)
    note(fmt::format("staging needs {} bytes of a memory tile", staged),
         fmt::format("at most {} bytes", array.memtile.memory.size));
  return problems;
}

}  // namespace

Bytes GemmDesign::core_bytes() const {
  const Bytes strip = Bytes{tile_k} * strip_calls * in_bytes;
  return strip * (a_buffers * tile_m + b_buffers * tile_n) + c_buffers * Bytes{tile_m} * tile_n * out_bytes;
}

int fitting_c_buffers(const GemmDesign& design, const ArraySpec& array) {
  GemmDesign twice = design;
  twice.c_buffers = 2;
  return twice.core_bytes() <= array.tile.memory.size - array.tile.reserved ? 2 : 1;
}

Expected<GemmProgram> build_gemm_program(const GemmDesign& design, const ArraySpec& array) {
  std::vector<Problem> problems = misfits(design, array);
  if (!problems.empty()) return Failure{ExitCode::does_not_fit, std::move(problems)};
  return GemmEmitter(design, array).run();
}

}  // namespace tessera
