#include "sim/schedule/verify/structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/program/roll.h"

namespace tessera::verifying {
namespace {

constexpr std::int64_t most_steps = 100'000'000;  // executed, repeats counted

class Structure {
 public:
  Structure(const Program& p, const ArraySpec& a, const EngineMap& map, Findings& f) : p_(p), a_(a), map_(map), f_(f) {}

  void run() {
    if (p_.rows != a_.rows || p_.cols != a_.cols || p_.memtile_rows != a_.memtile_rows)
      return f_.add("array",
                    fmt::format("the program is for {} x {} cores with {} memory tiles per column", p_.rows, p_.cols,
                                p_.memtile_rows),
                    fmt::format("the hardware has {} x {} with {}", a_.rows, a_.cols, a_.memtile_rows));
    if (static_cast<int>(p_.engines.size()) != map_.count())
      return f_.add("engines", fmt::format("{} engines", p_.engines.size()), fmt::format("legal: {}", map_.count()));
    layers();
    if (f_.empty()) tables();
    if (f_.empty()) locks();
    routes();
    for (EngineId e = 0; e < map_.count() && !f_.full(); ++e) engine(e);
  }

 private:
  // ---- layers, chunks, pieces ----

  void layers() {
    for (std::size_t i = 0; i < p_.layers.size(); ++i) {
      const Layer& y = p_.layers[i].layer;
      const auto bad = [&](std::string what) {
        f_.add("layer " + f_.layer_name(static_cast<int>(i)), std::move(what));
      };
      if (y.id != static_cast<int>(i)) bad(fmt::format("has id {} at place {}", y.id, i));
      const Window& w = y.window;
      if (std::min({w.kh, w.kw, w.sh, w.sw, y.out.h, y.out.w, y.out.c}) < 1 ||
          std::min({w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}) < 0)
        bad("a size is not positive");
      for (LayerId input : y.inputs)
        if (input < 0 || input >= static_cast<int>(i)) bad(fmt::format("reads layer {}", input));
      const std::size_t inputs = y.op == Op::input ? 0 : y.op == Op::add ? 2 : 1;
      if (y.op == Op::concat ? y.inputs.empty() : y.inputs.size() != inputs)
        bad(fmt::format("has {} inputs", y.inputs.size()));
      if (!f_.empty()) return;
      shapes(y, bad);
      const int mask = p_.layers[i].mask;
      if (mask < -1 || mask >= static_cast<int>(p_.masks.size())) bad(fmt::format("names mask {}", mask));
      if (mask >= 0 && f_.empty()) mask_fits(p_.masks[mask], y, bad);
      order(p_.layers[i], bad);
    }
  }

  template <class Bad>
  void shapes(const Layer& y, const Bad& bad) {
    if (y.op == Op::input) return;
    const Shape& in = p_.layers[y.inputs[0]].layer.out;
    const Window& w = y.window;
    if (y.op == Op::concat) {
      int channels = 0;
      for (LayerId input : y.inputs) channels += stored_channels(p_.layers[input].layer.out.c);
      if (channels != stored_channels(y.out.c))
        bad(fmt::format("stores {} channels of {} that its inputs store", stored_channels(y.out.c), channels));
      return;
    }
    if (!(y.in == in)) bad("its input shape is not that of the tensor it reads");
    if (y.op == Op::add) {
      if (!(y.out == in) || !(y.out == p_.layers[y.inputs[1]].layer.out)) bad("adds tensors of different shapes");
      return;
    }
    if ((y.out.h - 1) * w.sh + w.kh > in.h + w.pad_top + w.pad_bottom ||
        (y.out.w - 1) * w.sw + w.kw > in.w + w.pad_left + w.pad_right)
      bad("its windows reach beyond the padded input");
    if (y.op != Op::conv2d && y.out.c != in.c) bad("changes the number of channels");
  }

  template <class Bad>
  void mask_fits(const KernelMask& m, const Layer& y, const Bad& bad) {
    const int rows = stored_channels(y.out.c) / 8, cols = stored_channels(y.in.c) / 8;
    if (y.op != Op::conv2d || m.rows != rows || m.cols != cols ||
        m.bits.size() != static_cast<std::size_t>(rows) * cols || m.unit_rows < 1 || m.unit_cols < 1)
      bad(fmt::format("its mask has {} x {} blocks, needed are {} x {}", m.rows, m.cols, rows, cols));
  }

  // Stored order of the channels: a permutation, and the same on both sides of every layer that keeps channels.
  template <class Bad>
  void order(const ProgramLayer& l, const Bad& bad) {
    if (!f_.empty()) return;
    std::vector<int> sorted = l.block_order;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (sorted[i] != static_cast<int>(i)) return bad("its block order is no permutation");
    if (!sorted.empty() && static_cast<int>(sorted.size()) != stored_channels(l.layer.out.c) / 8)
      return bad("its block order has the wrong length");
    const Op op = l.layer.op;
    if (op == Op::input || op == Op::conv2d) return;
    const std::vector<int> own = full_order(l);
    std::vector<int> joined;
    for (LayerId input : l.layer.inputs) {
      const std::vector<int> part = full_order(p_.layers[input]);
      const int base = op == Op::concat ? static_cast<int>(joined.size()) : 0;
      if (op != Op::concat) joined.clear();
      for (int b : part) joined.push_back(base + b);
      if (op != Op::concat && joined != own) return bad("its channels are stored in another order than its input's");
    }
    if (joined != own) bad("its channels are stored in another order than its inputs'");
  }
  static std::vector<int> full_order(const ProgramLayer& l) {
    if (!l.block_order.empty()) return l.block_order;
    std::vector<int> all(stored_channels(l.layer.out.c) / 8);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  void tables() {
    for (std::size_t i = 0; i < p_.chunks.size(); ++i) chunk(i);
    overlapping_chunks();
    for (std::size_t i = 0; i < p_.pieces.size(); ++i) piece(i);
  }

  void chunk(std::size_t i) {
    const ChunkPlace& c = p_.chunks[i];
    const auto bad = [&](std::string what) { f_.add(fmt::format("chunk {}", i), std::move(what)); };
    if (!layer_ok(c.layer) || p_.layers[c.layer].layer.op != Op::conv2d)
      return bad(fmt::format("of layer {}", c.layer));
    const Layer& y = p_.layers[c.layer].layer;
    const int rows = stored_channels(y.out.c) / 8, cols = stored_channels(y.in.c) / 8;
    const ChunkShape& s = c.shape;
    if (s.col0 < 0 || s.col1 <= s.col0 || s.col1 > cols) return bad(fmt::format("columns {} to {}", s.col0, s.col1));
    for (int row : s.rows)
      if (row < 0 || row >= rows) return bad(fmt::format("row {} of {}", row, rows));
    if (s.taps != y.window.kh * y.window.kw)
      return bad(fmt::format("{} taps, the layer has {}", s.taps, y.window.kh * y.window.kw));
    if (c.ddr_address % 4 != 0) bad(fmt::format("stands at DDR address {}, not a multiple of 4", c.ddr_address));
    KernelMask dense;
    const int mask = p_.layers[c.layer].mask;
    if (mask < 0) {
      dense.rows = rows;
      dense.cols = cols;
      dense.bits.assign(static_cast<std::size_t>(rows) * cols, 1);
    }
    const ChunkSize size = chunk_size(mask < 0 ? dense : p_.masks[mask], s);
    if (size.blocks != c.size.blocks || size.indexed != c.size.indexed || size.bias != c.size.bias ||
        size.index != c.size.index || size.data != c.size.data)
      bad(fmt::format("{} bytes with {} blocks, its mask says {} bytes with {} blocks", c.size.total(), c.size.blocks,
                      size.total(), size.blocks));
    in_ddr(c.ddr_address, c.ddr_address + c.size.total(), fmt::format("chunk {}", i));
  }

  void overlapping_chunks() {
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;
    for (const ChunkPlace& c : p_.chunks)
      if (c.size.total() > 0) spans.emplace_back(c.ddr_address, c.ddr_address + c.size.total());
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i)
      if (spans[i].first < spans[i - 1].second)
        f_.add("chunks", fmt::format("two chunks overlap at DDR address {}", spans[i].first));
  }

  void piece(std::size_t i) {
    const TensorPiece& t = p_.pieces[i];
    const std::string path = fmt::format("piece {}", i);
    if (!layer_ok(t.tensor)) return f_.add(path, fmt::format("of tensor {}", t.tensor));
    region(t.region, t.tensor, path);
    access(t.access, 4, path);
    if (!f_.empty()) return;
    if (t.access.memory_bytes() != t.region.elements())
      f_.add(path, fmt::format("{} bytes for {} elements", t.access.memory_bytes(), t.region.elements()));
    if (t.in_ddr) return in_ddr(t.access.base, t.access.end(), path);
    if (t.memory < 0 || t.memory >= map_.tile_count() || map_.tile_kind(t.memory) != TileKind::memory)
      return f_.add(path, "is neither in DDR nor in a memory tile");
    if (t.access.end() > a_.memtile.memory.size)
      f_.add(path, fmt::format("ends at {} of {} bytes", t.access.end(), a_.memtile.memory.size));
  }

  void region(const Region& r, int tensor, const std::string& path) {
    const Shape& s = p_.layers[tensor].layer.out;
    if (r.h0 < 0 || r.w0 < 0 || r.c0 < 0 || r.h1 > s.h || r.w1 > s.w || r.c1 > stored_channels(s.c) || r.h0 >= r.h1 ||
        r.w0 >= r.w1 || r.c0 >= r.c1)
      f_.add(path,
             fmt::format("region {} of a tensor of {} x {} x {}", region_text(r), s.h, s.w, stored_channels(s.c)));
  }

  void in_ddr(std::int64_t lo, std::int64_t hi, const std::string& path) {
    if (lo < 0 || hi > p_.ddr_bytes)
      f_.add(path, fmt::format("DDR addresses {} to {}", lo, hi), fmt::format("legal: 0 to {}", p_.ddr_bytes));
  }

  bool layer_ok(int layer) const { return layer >= 0 && layer < static_cast<int>(p_.layers.size()); }

  // ---- locks and routes ----

  const LockSpec& lock_spec(TileId t) const {
    const TileKind kind = map_.tile_kind(t);
    return kind == TileKind::compute ? a_.tile.locks : kind == TileKind::memory ? a_.memtile.locks : a_.shim.locks;
  }

  void locks() {
    std::vector<std::pair<int, int>> seen;
    for (const LockInit& l : p_.locks) {
      if (l.tile < 0 || l.tile >= map_.tile_count()) {
        f_.add("locks", fmt::format("tile {}", l.tile));
        continue;
      }
      const std::string path = fmt::format("lock {} of {}", l.lock, map_.tile_name(l.tile));
      const LockSpec& spec = lock_spec(l.tile);
      if (l.lock < 0 || l.lock >= spec.count)
        f_.add(path, "does not exist", fmt::format("legal: 0 to {}", spec.count - 1));
      if (l.value < 0 || l.value > spec.max_value)
        f_.add(path, fmt::format("starts at {}", l.value), fmt::format("legal: 0 to {}", spec.max_value));
      seen.emplace_back(l.tile, l.lock);
    }
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) f_.add("locks", "a lock is given twice");
  }

  void lock_op(const LockOp& op, TileId tile, EngineId e, std::size_t step, int layer) {
    const LockSpec& spec = lock_spec(tile);
    if (op.lock < 0 || op.lock >= spec.count)
      f_.at(e, step, layer, fmt::format("lock {}", op.lock), fmt::format("legal: 0 to {}", spec.count - 1));
    if (op.value < 1 || op.value > spec.max_value)
      f_.at(e, step, layer, fmt::format("lock {} by {}", op.lock, op.value),
            fmt::format("legal: 1 to {}", spec.max_value));
  }

  bool engine_ok(EngineId e, EngineKind kind) const { return e >= 0 && e < map_.count() && map_.info(e).kind == kind; }

  void routes() {
    for (std::size_t i = 0; i < p_.routes.size(); ++i) {
      const Route& r = p_.routes[i];
      const std::string path = fmt::format("route {}", i);
      if (!engine_ok(r.source, EngineKind::mm2s)) f_.add(path, "its source is no mm2s channel");
      if (r.sinks.empty()) f_.add(path, "has no sink");
      for (std::size_t k = 0; k < r.sinks.size(); ++k) {
        if (!engine_ok(r.sinks[k], EngineKind::s2mm)) f_.add(path, "a sink is no s2mm channel");
        if (k > 0 && r.sinks[k] <= r.sinks[k - 1]) f_.add(path, "its sinks are not in ascending order");
      }
    }
  }

  // ---- engines ----

  void engine(EngineId e) {
    const EngineProgram& ep = p_.engines[e];
    const bool core = map_.info(e).kind == EngineKind::core;
    if (!loops(e)) return;
    for (std::size_t s = 0; s < ep.steps.size() && !f_.full(); ++s) {
      const int index = ep.steps[s].index;
      if (index < 0) continue;
      if (static_cast<std::size_t>(index) >= (core ? ep.core.size() : ep.transfers.size())) {
        f_.at(e, s, -1, fmt::format("names instruction {}", index));
      } else if (core) {
        core_step(e, s, ep.core[index]);
      } else {
        transfer(e, s, ep.transfers[index]);
      }
    }
  }

  // Bodies lie within their surroundings, and the whole is finite.
  bool loops(EngineId e) {
    const auto& steps = p_.engines[e].steps;
    struct Open {
      std::size_t end;
      std::int64_t times;
    };
    std::vector<Open> open;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      while (!open.empty() && open.back().end <= s) open.pop_back();
      const std::int64_t times = open.empty() ? 1 : open.back().times;
      if (steps[s].index >= 0) {
        executed_ += times;
        if (executed_ > most_steps) {
          f_.at(e, s, -1, "the program executes too many instructions to be judged",
                fmt::format("legal: {}", most_steps));
          return false;
        }
        continue;
      }
      const std::size_t end = s + 1 + static_cast<std::size_t>(std::max(steps[s].body, 0));
      if (steps[s].repeat < 1 || steps[s].body < 1 || end > (open.empty() ? steps.size() : open.back().end)) {
        f_.at(e, s, -1, fmt::format("repeat {} of {} steps", steps[s].repeat, steps[s].body));
        return false;
      }
      if (open.size() >= static_cast<std::size_t>(deepest_repeat)) {
        f_.at(e, s, -1, "repeats are nested too deep", fmt::format("legal: {}", deepest_repeat));
        return false;
      }
      open.push_back({end, std::min<std::int64_t>(times * steps[s].repeat, most_steps + 1)});
    }
    return true;
  }

  void waits(EngineId e, std::size_t s, int layer, std::uint32_t first, std::uint32_t count) {
    if (std::uint64_t{first} + count > p_.waits.size()) return f_.at(e, s, layer, "its waits do not exist");
    for (std::uint32_t i = first; i < first + count; ++i) {
      const Wait& w = p_.waits[i];
      if (w.engine < 0 || w.engine >= map_.count() || w.tasks < 0)
        f_.at(e, s, layer, fmt::format("waits for {} tasks of engine {}", w.tasks, w.engine));
    }
  }

  void access(const Access& a, int dimensions, const std::string& path) {
    const auto bad = [&](std::string what, std::string legal) { f_.add(path, std::move(what), std::move(legal)); };
    if (a.rank < 1 || a.rank > std::min(dimensions, 4))
      return bad(fmt::format("{} dimensions", static_cast<int>(a.rank)), fmt::format("legal: 1 to {}", dimensions));
    if (a.base < 0 || a.base % 4 != 0) bad(fmt::format("address {}", a.base), "legal: multiples of 4");
    if (a.dims[0].step != 1) bad(fmt::format("innermost step {}", a.dims[0].step), "legal: 1");
    std::int64_t bytes = 1;
    for (int d = 0; d < a.rank; ++d) {
      const AccessDim& m = a.dims[d];
      if (m.count < 1 || (d == 0 && m.count % 4 != 0))
        return bad(fmt::format("{} in dimension {}", m.count, d),
                   d == 0 ? "legal: multiples of 4" : "legal: 1 or more");
      if (d > 0 && (m.step < 0 || m.step % 4 != 0 || m.step > (std::int64_t{1} << 40)))
        return bad(fmt::format("step {} in dimension {}", m.step, d), "legal: multiples of 4");
      if (m.pad_before < 0 || m.pad_after < 0 || m.pad_before > 65535 || m.pad_after > 65535)
        return bad(fmt::format("padding in dimension {}", d), "legal: 0 to 65535");
      bytes *= std::int64_t{m.count} + m.pad_before + m.pad_after;
      if (bytes > (std::int64_t{1} << 40)) return bad("too many bytes", "");
    }
  }

  void transfer(EngineId e, std::size_t s, const Transfer& t) {
    const auto& info = map_.info(e);
    const auto bad = [&](std::string what, std::string legal = {}) {
      f_.at(e, s, t.layer, std::move(what), std::move(legal));
    };
    const DmaSpec& dma = info.tile_kind == TileKind::compute  ? a_.tile.dma
                         : info.tile_kind == TileKind::memory ? a_.memtile.dma
                                                              : a_.shim.dma;
    const std::size_t before = count();
    access(t.access, dma.dimensions, f_.place(e, s, t.layer));
    if (count() != before) return;
    if (t.descriptor < 0 || t.descriptor >= dma.descriptors)
      bad(fmt::format("descriptor {}", static_cast<int>(t.descriptor)),
          fmt::format("legal: 0 to {}", dma.descriptors - 1));
    if (t.access.stream_bytes() > dma.max_length)
      bad(fmt::format("{} bytes", t.access.stream_bytes()), fmt::format("legal: up to {}", dma.max_length));
    if (t.access.stream_bytes() != t.access.memory_bytes() &&
        !(info.tile_kind == TileKind::memory && info.kind == EngineKind::mm2s))
      bad("padding", "legal: only outbound from memory tiles");
    if (t.route < 0 || t.route >= static_cast<int>(p_.routes.size())) {
      bad(fmt::format("route {}", t.route));
    } else {
      const Route& r = p_.routes[t.route];
      const bool member =
          info.kind == EngineKind::mm2s ? r.source == e : std::find(r.sinks.begin(), r.sinks.end(), e) != r.sinks.end();
      if (!member)
        bad(fmt::format("route {} does not {} here", t.route, info.kind == EngineKind::mm2s ? "start" : "end"));
    }
    memory(e, s, t);
    if (t.acquire.lock >= 0) lock_op(t.acquire, info.tile, e, s, t.layer);
    if (t.release.lock >= 0) lock_op(t.release, info.tile, e, s, t.layer);
    waits(e, s, t.layer, t.wait0, t.wait_count);
    if (t.layer < -1 || (t.layer >= 0 && !p_.layers.empty() && !layer_ok(t.layer)))
      bad(fmt::format("layer {}", t.layer));
    if (t.payload == Payload::activations || t.payload == Payload::result) {
      if (!layer_ok(t.tensor)) return bad(fmt::format("tensor {}", t.tensor));
      region(t.region, t.tensor, f_.place(e, s, t.layer));
      if (t.payload == Payload::result && (t.region.c0 % 8 != 0 || t.region.c1 % 8 != 0))
        bad("puts channels " + region_text(t.region), "legal: multiples of 8");
      if (t.region.elements() != t.access.memory_bytes() && info.kind == EngineKind::mm2s)
        bad(fmt::format("{} bytes for the {} elements of {}", t.access.memory_bytes(), t.region.elements(),
                        region_text(t.region)));
    }
  }

  void memory(EngineId e, std::size_t s, const Transfer& t) {
    const auto& info = map_.info(e);
    const auto bad = [&](std::string what, std::string legal) {
      f_.at(e, s, t.layer, std::move(what), std::move(legal));
    };
    Bytes size = p_.ddr_bytes;
    if (info.tile_kind == TileKind::compute) {
      if (t.memory != info.tile) return bad("memory of another tile", "legal: its own");
      size = a_.tile.memory.size - a_.tile.reserved;
    } else if (info.tile_kind == TileKind::memory) {
      const bool tile = t.memory >= 0 && t.memory < map_.tile_count() && map_.tile_kind(t.memory) == TileKind::memory;
      const int k = a_.memtile_rows, first = map_.memory_tile(0);
      const int own = info.tile - first, other = t.memory - first;
      if (!tile || own % k != other % k || std::abs(own / k - other / k) > 1)
        return bad("memory " + (t.memory >= 0 && t.memory < map_.tile_count() ? map_.tile_name(t.memory)
                                                                              : std::to_string(t.memory)),
                   "legal: its own, or that of its east or west neighbour");
      size = a_.memtile.memory.size;
    }
    if (t.access.end() > size)
      bad(fmt::format("addresses {} to {}", t.access.base, t.access.end()), fmt::format("legal: 0 to {}", size));
  }

  void core_step(EngineId e, std::size_t s, const CoreInstr& c) {
    const auto& info = map_.info(e);
    waits(e, s, c.layer, c.wait0, c.wait_count);
    if (c.op != CoreOp::kernel) return lock_op(c.lock, info.tile, e, s, c.layer);
    if (c.call < 0 || static_cast<std::size_t>(c.call) >= p_.calls.size())
      return f_.at(e, s, c.layer, fmt::format("call {}", c.call));
    call(e, s, p_.calls[c.call]);
  }

  void call(EngineId e, std::size_t s, const KernelCall& k) {
    const auto bad = [&](std::string what, std::string legal = {}) {
      f_.at(e, s, k.layer, std::move(what), std::move(legal));
    };
    if (k.kind == KernelKind::ops) return;
    if (!layer_ok(k.layer)) return bad(fmt::format("layer {}", k.layer));
    if (k.add_layer != -1 && (!layer_ok(k.add_layer) || k.kind != KernelKind::conv))
      return bad(fmt::format("add layer {}", k.add_layer));
    const Layer& y = p_.layers[k.layer].layer;
    const Op op = y.op;
    const bool fits = k.kind == KernelKind::conv      ? op == Op::conv2d
                      : k.kind == KernelKind::maxpool ? op == Op::maxpool
                      : k.kind == KernelKind::avgpool ? op == Op::avgpool
                      : k.kind == KernelKind::add     ? op == Op::add
                                                      : op == Op::concat;
    if (!fits) return bad(fmt::format("{} for a layer of kind {}", kernel_name(k.kind), op_name(op)));
    const std::size_t before = count();
    region(k.out, k.layer, f_.place(e, s, k.layer));
    if (k.out.c0 % 8 != 0 || k.out.c1 % 8 != 0) bad("output channels " + region_text(k.out), "legal: multiples of 8");
    if (count() != before) return;
    const Window w = op == Op::add || op == Op::concat ? Window{} : y.window;
    const int in_h = (rows(k.out) - 1) * w.sh + w.kh, in_w = (cols(k.out) - 1) * w.sw + w.kw;
    if (k.in_h != in_h || k.in_w != in_w)
      bad(fmt::format("an input of {} x {} pixels", k.in_h, k.in_w), fmt::format("needed: {} x {}", in_h, in_w));
    const int depth = k.out.c1 - k.out.c0;
    if (k.kind == KernelKind::conv) {
      if (k.ic0 < 0 || k.in_c < 8 || k.ic0 % 8 != 0 || k.in_c % 8 != 0 || k.ic0 + k.in_c > stored_channels(y.in.c))
        return bad(fmt::format("input channels {} to {}", k.ic0, k.ic0 + k.in_c));
      if (k.chunk < 0 || k.chunk >= static_cast<int>(p_.chunks.size())) return bad(fmt::format("chunk {}", k.chunk));
    } else if (k.in_c != depth) {
      return bad(fmt::format("{} input channels for {} output channels", k.in_c, depth));
    }
    buffers(k, bad);
  }

  // The buffers of a call lie in the core's memory and apart from each other.
  template <class Bad>
  void buffers(const KernelCall& k, const Bad& bad) {
    struct Span {
      const char* name;
      std::int64_t at, bytes;
    };
    std::vector<Span> spans;
    const std::int64_t out = k.out.elements();
    const bool conv = k.kind == KernelKind::conv;
    spans.push_back({"input", k.in, std::int64_t{k.in_h} * k.in_w * k.in_c});
    if (conv && p_.chunks[k.chunk].size.total() > 0)
      spans.push_back({"weights", k.weights, p_.chunks[k.chunk].size.total()});
    if (conv && !(k.first && k.last)) spans.push_back({"partial sums", k.acc, out * 4});
    if (k.kind == KernelKind::add || (k.add_layer >= 0 && k.last)) spans.push_back({"second operand", k.in2, out});
    if (!conv || k.last) spans.push_back({"result", k.result, out});
    const Bytes size = a_.tile.memory.size - a_.tile.reserved;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const Span& x = spans[i];
      if (x.at < 0 || x.at % 4 != 0 || x.at + x.bytes > size)
        bad(fmt::format("{} at {} to {}", x.name, x.at, x.at + x.bytes),
            fmt::format("legal: multiples of 4 up to {}", size));
      for (std::size_t j = 0; j < i; ++j)
        if (x.at < spans[j].at + spans[j].bytes && spans[j].at < x.at + x.bytes)
          bad(fmt::format("{} and {} overlap at {}", spans[j].name, x.name, std::max(x.at, spans[j].at)));
    }
  }

  static int rows(const Region& r) { return r.h1 - r.h0; }
  static int cols(const Region& r) { return r.w1 - r.w0; }
  std::size_t count() const { return f_.size(); }

  const Program& p_;
  const ArraySpec& a_;
  const EngineMap& map_;
  Findings& f_;
  std::int64_t executed_ = 0;
};

}  // namespace

void check_structure(const Program& program, const ArraySpec& array, const EngineMap& map, Findings& findings) {
  Structure(program, array, map, findings).run();
}

}  // namespace tessera::verifying
