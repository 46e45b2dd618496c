#include "sim/schedule/object_fifo/gemm.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/schedule/object_fifo/ring.h"
#include "sim/schedule/partition.h"

namespace tessera::object_fifo {
namespace {

// Locks of a compute tile; a memory tile has a pair of them per row of cores it feeds with A, for B, and per row of C.
enum CoreLock { a_full, a_empty, b_full, b_empty, c_full, c_empty };
constexpr int first_c_channel = 2;  // memory tile: S2MM 0 takes A, 1 takes B, the others C of one row each

class GemmEmitter {
 public:
  GemmEmitter(const Network& network, const GemmDesign& d, const ArraySpec& array)
      : network_(network),
        d_(d),
        array_(array),
        b_(array),
        map_(b_.map()),
        layer_(network.layers.back().id),
        blocks_m_(static_cast<int>(ceil_div(d.m, d.tile_m * array.rows))),
        blocks_n_(static_cast<int>(ceil_div(d.n, d.tile_n * array.cols))),
        strips_(static_cast<int>(ceil_div(d.k, d.tile_k * d.strip_calls))),
        feeds_(static_cast<int>(ceil_div(array.rows, array.cols))),
        pitch_a_(Bytes{strips_} * d.strip_calls * d.tile_k * d.in_bytes),
        pitch_b_(Bytes{blocks_n_} * array.cols * d.tile_n * d.in_bytes),
        pitch_c_(Bytes{blocks_n_} * array.cols * d.tile_n * d.out_bytes),
        b_at_(pitch_a_ * rows_of_c()),
        c_at_(b_at_ + pitch_b_ * strips_ * d.strip_calls * d.tile_k) {}

  Program run() {
    Program& p = b_.program();
    p.network = network_.name;
    p.tensors = false;
    for (const Layer& l : network_.layers) p.layers.emplace_back().layer = l;
    p.layers.back().mapping = text();
    const int steps_of_k = strips_ * d_.strip_calls * d_.tile_k, rows = static_cast<int>(rows_of_c());
    p.product = {
        static_cast<std::int16_t>(layer_), {0, pitch_a_, rows}, {b_at_, pitch_b_, steps_of_k}, {c_at_, pitch_c_, rows}};
    p.ddr_bytes = c_at_ + pitch_c_ * rows;
    for (int col = 0; col < array_.cols; ++col) {
      if (first_row(col) < last_row(col)) stage_a(col);
      stage_b(col);
      stage_c(col);
      for (int row = 0; row < array_.rows; ++row) core(row, col);
    }
    return b_.finish();
  }

  // What the busiest of compute, streams and host memory needs, each undisturbed.
  Candidate estimate(const KernelLaw& law) const {
    const Layer& layer = network_.layers.back();
    const auto ms = [&](bool clears) {
      return static_cast<double>(law.duration(kernel_call(0, 0, {}, 0, clears), layer, nullptr)) / 1000;
    };
    const auto calls = static_cast<double>(outputs() * strips_ * d_.strip_calls), c = static_cast<double>(outputs());
    const double stream =
        std::min({array_.stream.bytes_per_cycle, array_.tile.dma.bytes_per_cycle, array_.memtile.dma.bytes_per_cycle});
    const double shim = std::min(array_.shim.dma.bytes_per_cycle, array_.stream.bytes_per_cycle);
    const auto a = static_cast<double>(a_passes() * strips_ * d_.a_bytes()),
               b = static_cast<double>(b_passes() * strips_ * d_.b_bytes());
    const double from_ddr = a * array_.rows + b * array_.cols,
                 to_ddr = c * static_cast<double>(d_.c_bytes()) * array_.cores();
    const std::pair<double, const char*> parts[] = {
        {calls * ms(false) + c * ms(true), "compute"},
        {std::max(a * feeds_ / shim, b / stream), "input"},
        {c * static_cast<double>(d_.c_bytes()) * array_.rows / shim, "output"},
        {std::max(from_ddr / array_.ddr.read_bytes_per_cycle, to_ddr / array_.ddr.write_bytes_per_cycle), "ddr"}};
    const auto& most = *std::max_element(std::begin(parts), std::end(parts));
    Candidate candidate;
    candidate.mapping = mapping_name(mapping);
    candidate.tiling = tiling();
    candidate.rows = d_.m;
    candidate.us = most.first * 1e6 / array_.clock_hz;
    candidate.bound_by = most.second;
    candidate.core_bytes = d_.core_bytes();
    candidate.chosen = true;
    return candidate;
  }

 private:
  static constexpr Mapping mapping{Axis::channels, Axis::height};

  std::string tiling() const {
    return fmt::format("tile={}x1x{}/{} buffers={},{},{}{}", d_.tile_m, d_.tile_n, d_.tile_k, d_.a_buffers,
                       d_.b_buffers, d_.c_buffers,
                       !d_.keeps                  ? ""
                       : d_.keeps == Keeps::input ? " keeps=input"
                                                  : " keeps=weights");
  }
  std::string text() const { return mapping_name(mapping) + " " + tiling(); }

  // The rows of cores whose A passes through a column.
  int first_row(int col) const { return std::min(array_.rows, col * feeds_); }
  int last_row(int col) const { return std::min(array_.rows, (col + 1) * feeds_); }
  std::int64_t rows_of_c() const { return std::int64_t{blocks_m_} * array_.rows * d_.tile_m; }
  std::int64_t outputs() const { return std::int64_t{blocks_m_} * blocks_n_; }
  bool keeps(Keeps what) const { return d_.keeps == what; }
  // How often A and B pass: once for every tile of C, or once per block of rows (of columns).
  std::int64_t a_passes() const { return keeps(Keeps::input) ? blocks_m_ : outputs(); }
  std::int64_t b_passes() const { return keeps(Keeps::weights) ? blocks_n_ : outputs(); }

  int memtile(int col) const { return col * array_.memtile_rows; }
  TileId memory(int col) const { return map_.memory_tile(memtile(col)); }
  // Rings of a memory tile stand one after the other: A of each row it feeds, B, C of each row.
  Ring staged_a(int col, int k) const {
    return {memory(col), k * d_.memtile_buffers * d_.a_bytes(), d_.a_bytes(), d_.memtile_buffers, 2 * k};
  }
  Ring staged_b(int col) const {
    return {memory(col), feeds_ * d_.memtile_buffers * d_.a_bytes(), d_.b_bytes(), d_.memtile_buffers, 2 * feeds_};
  }
  Ring staged_c(int col, int row) const {
    const std::int64_t base = staged_b(col).end() + row * d_.memtile_buffers * d_.c_bytes();
    return {memory(col), base, d_.c_bytes(), d_.memtile_buffers, 2 * feeds_ + 2 + 2 * row};
  }
  Ring core_a(int row, int col) const { return {map_.compute_tile(row, col), 0, d_.a_bytes(), d_.a_buffers, a_full}; }
  Ring core_b(int row, int col) const {
    return {map_.compute_tile(row, col), core_a(row, col).end(), d_.b_bytes(), d_.b_buffers, b_full};
  }
  Ring core_c(int row, int col) const {
    return {map_.compute_tile(row, col), core_b(row, col).end(), d_.c_bytes(), d_.c_buffers, c_full};
  }

  void host(EngineId shim, RouteId route, const Access& access) {
    Transfer t;
    t.route = route;
    t.access = access;
    t.layer = static_cast<std::int16_t>(layer_);
    b_.transfer(shim, t);
  }

  void stage_a(int col) {
    const EngineId shim = map_.shim_channel(col, EngineKind::mm2s, 0);
    const EngineId in = map_.mem_channel(memtile(col), EngineKind::s2mm, 0);
    const RouteId from_ddr = b_.route(shim, {in});
    const int rows = last_row(col) - first_row(col), steps = strips_ * d_.strip_calls;
    const Bytes block = pitch_a_ * array_.rows * d_.tile_m;
    // For each block of rows once per tile of C side by side, or once where A is kept; with B kept, all blocks of rows
    // once per block of columns. What a task iterates over costs one start.
    const bool walks = keeps(Keeps::weights);
    const int outer = walks ? blocks_n_ : blocks_m_, inner = walks ? blocks_m_ : keeps(Keeps::input) ? 1 : blocks_n_;
    Access read;
    read.rank = 4;
    read.dims[0] = repeated(d_.tile_k * d_.in_bytes, 1);
    read.dims[1] = repeated(d_.tile_m * rows, pitch_a_);
    read.dims[2] = repeated(steps, d_.tile_k * d_.in_bytes);
    for (int x = 0; x < outer; ++x)
      for (int y = 0; y < inner; y += array_.shim.dma.iterations) {
        read.base = pitch_a_ * first_row(col) * d_.tile_m + block * (walks ? y : x);
        read.dims[3] = repeated(std::min(array_.shim.dma.iterations, inner - y), walks ? block : 0);
        host(shim, from_ddr, read);
      }
    const std::int64_t objects = a_passes() * strips_;
    for (int k = 0; k < rows; ++k) {
      declare(b_, staged_a(col, k), LockRole::staging_full, LockRole::staging_empty);
      std::vector<EngineId> sinks;
      std::vector<Ring> rings;
      for (int c = 0; c < array_.cols; ++c) {
        sinks.push_back(map_.tile_channel(first_row(col) + k, c, EngineKind::s2mm, 0));
        rings.push_back(core_a(first_row(col) + k, c));
      }
      link(b_, map_.mem_channel(memtile(col), EngineKind::mm2s, k), staged_a(col, k), sinks, rings, objects, layer_);
    }
    // The stream brings the rows in turn, one step of tile_k each, so that their strips are complete together.
    const Bytes step = d_.a_bytes() / d_.strip_calls;
    rotate(b_, in, d_.memtile_buffers, objects, [&](int buffer) {
      for (int call = 0; call < d_.strip_calls; ++call)
        for (int k = 0; k < rows; ++k) {
          const Ring ring = staged_a(col, k);
          Transfer part = part_of(ring, buffer, call * step, step, from_ddr, layer_);
          if (call == 0) part.acquire = by_one(ring.full + 1);
          if (call == d_.strip_calls - 1) part.release = by_one(ring.full);
          b_.transfer(in, part);
        }
    });
  }

  void stage_b(int col) {
    const EngineId shim = map_.shim_channel(col, EngineKind::mm2s, 1);
    const EngineId in = map_.mem_channel(memtile(col), EngineKind::s2mm, 1);
    const RouteId from_ddr = b_.route(shim, {in});
    Access read;
    read.base = b_at_ + Bytes{col} * d_.tile_n * d_.in_bytes;
    read.rank = 3;
    read.dims[0] = repeated(d_.tile_n * d_.in_bytes, 1);
    read.dims[1] = repeated(strips_ * d_.strip_calls * d_.tile_k, pitch_b_);
    read.dims[2] = repeated(blocks_n_, d_.tile_n * array_.cols * d_.in_bytes);
    host(shim, from_ddr, read);
    repeat_since(b_, shim, 0, keeps(Keeps::weights) ? 1 : blocks_m_);
    const std::int64_t objects = b_passes() * strips_;
    const Ring staged = staged_b(col);
    declare(b_, staged, LockRole::staging_full, LockRole::staging_empty);
    rotate(b_, in, staged.buffers, objects, [&](int k) { b_.transfer(in, filling(staged, k, from_ddr, layer_)); });
    std::vector<EngineId> sinks;
    std::vector<Ring> rings;
    for (int r = 0; r < array_.rows; ++r) {
      sinks.push_back(map_.tile_channel(r, col, EngineKind::s2mm, 1));
      rings.push_back(core_b(r, col));
    }
    link(b_, map_.mem_channel(memtile(col), EngineKind::mm2s, array_.memtile.dma.mm2s - 2), staged, sinks, rings,
         objects, layer_);
  }

  void stage_c(int col) {
    const EngineId out = map_.mem_channel(memtile(col), EngineKind::mm2s, array_.memtile.dma.mm2s - 1);
    const EngineId shim = map_.shim_channel(col, EngineKind::s2mm, 0);
    const RouteId to_ddr = b_.route(out, {shim});
    for (int r = 0; r < array_.rows; ++r) {
      declare(b_, staged_c(col, r), LockRole::output_full, LockRole::output_empty);
      const EngineId in = map_.mem_channel(memtile(col), EngineKind::s2mm, first_c_channel + r);
      link(b_, map_.tile_channel(r, col, EngineKind::mm2s, 0), core_c(r, col), {in}, {staged_c(col, r)}, outputs(),
           layer_);
    }
    rotate(b_, out, d_.memtile_buffers, outputs(), [&](int buffer) {
      for (int r = 0; r < array_.rows; ++r) b_.transfer(out, draining(staged_c(col, r), buffer, to_ddr, layer_));
    });
    Access write;  // the tiles of a column stand one below the other
    write.rank = 2;
    write.dims[0] = repeated(d_.tile_n * d_.out_bytes, 1);
    write.dims[1] = repeated(d_.tile_m * array_.rows, pitch_c_);
    const int outer = keeps(Keeps::weights) ? blocks_n_ : blocks_m_,
              inner = keeps(Keeps::weights) ? blocks_m_ : blocks_n_;
    for (int x = 0; x < outer; ++x)
      for (int y = 0; y < inner; ++y) {
        const int m = keeps(Keeps::weights) ? y : x, n = keeps(Keeps::weights) ? x : y;
        write.base =
            c_at_ + pitch_c_ * m * array_.rows * d_.tile_m + (Bytes{n} * array_.cols + col) * d_.tile_n * d_.out_bytes;
        host(shim, to_ddr, write);
      }
  }

  // Which buffer of each ring of a core is next.
  struct Turn {
    int a = 0, b = 0, c = 0;
    bool operator==(const Turn& o) const { return a == o.a && b == o.b && c == o.c; }
  };
  void advance(int& turn, int buffers, int by = 1) const { turn = (turn + by) % buffers; }

  // The call with step `step` of the buffers that are in turn.
  KernelCall kernel_call(int row, int col, const Turn& turn, int step, bool clears) const {
    const Ring a = core_a(row, col), b = core_b(row, col), c = core_c(row, col);
    KernelCall call;
    call.kind = clears ? KernelKind::clear : KernelKind::gemm;
    call.layer = static_cast<std::int16_t>(layer_);
    call.out = {0, d_.tile_m, 0, 1, 0, d_.tile_n};
    call.in_h = d_.tile_m, call.in_w = 1, call.in_c = d_.tile_k;
    call.in = static_cast<std::int32_t>(a.base + turn.a * a.bytes + step * (a.bytes / d_.strip_calls));
    call.weights = static_cast<std::int32_t>(b.base + turn.b * b.bytes + step * (b.bytes / d_.strip_calls));
    call.acc = static_cast<std::int32_t>(c.base + turn.c * c.bytes);
    call.last = false;
    return call;
  }

  // The program of one core. Loops are as long as it takes until the same buffers are in turn again.
  struct CoreList {
    GemmEmitter& e;
    const int row, col;
    const EngineId id;
    Turn turn;

    void acquire(int lock) { e.b_.acquire(id, lock, 1, e.layer_); }
    void release(int lock, int count = 1) { e.b_.release(id, lock, count, e.layer_); }
    void clear() { e.b_.call(id, e.kernel_call(row, col, turn, 0, true)); }
    void multiply() {
      for (int step = 0; step < e.d_.strip_calls; ++step) e.b_.call(id, e.kernel_call(row, col, turn, step, false));
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
      loop(e.strips_, [&] {
        if (!a_held) acquire(a_full);
        acquire(b_full);
        multiply();
        if (!e.keeps(Keeps::input)) release(a_empty);
        release(b_empty);
        e.advance(turn.a, e.d_.a_buffers);
        e.advance(turn.b, e.d_.b_buffers);
      });
      release(c_full);
      e.advance(turn.c, e.d_.c_buffers);
    }
    void keep_nothing() {
      loop(e.outputs(), [&] { output_tile(false); });
    }
    void keep_a() {
      loop(e.blocks_m_, [&] {
        const int first = turn.a;
        output_tile(false);
        turn.a = first;
        loop(e.blocks_n_ - 1, [&] {
          output_tile(true);
          turn.a = first;
        });
        release(a_empty, e.strips_);
        e.advance(turn.a, e.d_.a_buffers, e.strips_);
      });
    }
    // The strip of B is released only when the first strip of A for the next one is there: objects are released by
    // their next use, so that a single buffer of B is refilled after that of A.
    void keep_b() {
      const auto tile = [&](bool first, bool releases) {
        if (!first) acquire(c_empty);
        acquire(a_full);
        if (releases) release(b_empty), e.advance(turn.b, e.d_.b_buffers);
        if (first) acquire(b_full), acquire(c_empty);
        clear();
        multiply();
        release(a_empty);
        release(c_full);
        e.advance(turn.a, e.d_.a_buffers);
        e.advance(turn.c, e.d_.c_buffers);
      };
      const auto column = [&](bool releases) {
        tile(true, releases);
        loop(e.blocks_m_ - 1, [&] { tile(false, false); });
      };
      column(false);
      loop(e.blocks_n_ - 1, [&] { column(true); });
      release(b_empty);
    }
  };

  void core(int row, int col) {
    declare(b_, core_a(row, col), LockRole::input_full, LockRole::input_empty);
    declare(b_, core_b(row, col), LockRole::weights_full, LockRole::weights_empty);
    declare(b_, core_c(row, col), LockRole::output_full, LockRole::output_empty);
    CoreList list{*this, row, col, map_.core(row, col), {}};
    if (keeps(Keeps::input)) return list.keep_a();
    if (keeps(Keeps::weights)) return list.keep_b();
    list.keep_nothing();
  }

  const Network& network_;
  const GemmDesign& d_;
  const ArraySpec& array_;
  ProgramBuilder b_;
  const EngineMap& map_;
  const LayerId layer_;
  const int blocks_m_, blocks_n_, strips_;
  const int feeds_;                          // rows of cores per column, for A
  const Bytes pitch_a_, pitch_b_, pitch_c_;  // of rows in DDR, padded
  const std::int64_t b_at_, c_at_;           // in DDR
};

std::vector<Problem> misfits(const std::string& layer, const GemmDesign& d, const ArraySpec& array) {
  std::vector<Problem> problems;
  const auto note = [&](const std::string& what, const std::string& legal) {
    problems.push_back({"", "layer " + layer, what, legal});
  };
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  if (d.core_bytes() > room)
    note(fmt::format("buffers of one core need {} bytes", d.core_bytes()), fmt::format("at most {} bytes", room));
  for (const auto& [what, bytes] : {std::pair{"tile of k", d.tile_k * d.in_bytes},
                                    {"tile of n", d.tile_n * d.in_bytes},
                                    {"tile of n, product", d.tile_n * d.out_bytes}})
    if (bytes % 4 != 0) note(fmt::format("{} has {} bytes", what, bytes), "multiples of 4 bytes");
  const int per_column = static_cast<int>(ceil_div(array.rows, array.cols));
  if (array.memtile.dma.s2mm < first_c_channel + array.rows || array.memtile.dma.mm2s < per_column + 2)
    note(fmt::format("{} rows of cores per column of memory tiles", array.rows),
         fmt::format("at most {} rows, for {} inbound and {} outbound channels",
                     array.memtile.dma.s2mm - first_c_channel, array.memtile.dma.s2mm, array.memtile.dma.mm2s));
  const int locks = 2 * (per_column + 1 + array.rows);
  if (array.memtile.locks.count < locks)
    note(fmt::format("{} locks of a memory tile are needed, a pair per ring", locks),
         fmt::format("at most {} locks", array.memtile.locks.count));
  if (const int most = std::max({d.a_buffers, d.b_buffers, d.c_buffers}); most > array.tile.locks.max_value)
    note(fmt::format("{} buffers in a ring", most), fmt::format("at most {}, what a lock counts", array.tile.locks.max_value));
  if (d.keeps == Keeps::input && d.k > d.a_buffers * d.tile_k)
    note("an input that is kept needs buffers for all of k",
         fmt::format("at least {} buffers", ceil_div(d.k, d.tile_k)));
  const Bytes staged = d.memtile_buffers * (per_column * d.a_bytes() + d.b_bytes() + array.rows * d.c_bytes());
  if (staged > array.memtile.memory.size)
    note(fmt::format("staging needs {} bytes of a memory tile", staged),
         fmt::format("at most {} bytes", array.memtile.memory.size));
  return problems;
}

}  // namespace

GemmDesign gemm_design(const Layer& layer, const LayerOverride& forced, const ArraySpec& array) {
  GemmDesign d;
  d.m = layer.out.h, d.k = layer.in.c, d.n = layer.out.c;
  d.tile_m = (*forced.tile)[0], d.tile_n = (*forced.tile)[2], d.tile_k = (*forced.tile)[3];
  d.in_bytes = type_bytes(layer.in_type), d.out_bytes = type_bytes(layer.out_type);
  d.keeps = forced.keeps;
  const int steps = static_cast<int>(ceil_div(d.k, d.tile_k));
  if (d.keeps == Keeps::weights) d.strip_calls = steps;
  d.a_buffers = forced.buffers.input.value_or(d.keeps == Keeps::input ? steps : 2);
  d.b_buffers = forced.buffers.weights.value_or(2);
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  d.c_buffers = forced.buffers.output.value_or(d.core_bytes() <= room ? 2 : 1);
  return d;
}

Expected<Schedule> schedule_gemm(const Network& network, const GemmDesign& design, const ArraySpec& array,
                                 const KernelLaw& law) {
  std::vector<Problem> problems = misfits(network.layers.back().name, design, array);
  if (!problems.empty()) return Failure{ExitCode::does_not_fit, std::move(problems)};
  GemmEmitter emitter(network, design, array);
  Schedule s;
  s.layers.resize(network.layers.size());
  s.layers.back().candidates.push_back(emitter.estimate(law));
  s.estimate_us = s.layers.back().candidates.back().us;
  s.program = emitter.run();
  return s;
}

}  // namespace tessera::object_fifo
