// The half of the structure pass that looks at the steps of the engines.
#include <fmt/format.h>

#include <algorithm>

#include "sim/verify/few.h"
#include "sim/verify/limits.h"
#include "sim/verify/structure.h"

namespace tessera::verify {
namespace {

constexpr std::int64_t most_steps = 250'000'000;  // executed, repeats counted

class Steps {
 public:
  Steps(const program::Program& p, const arch::ArraySpec& a, const program::EngineMap& map, Findings& f)
      : p_(p), a_(a), map_(map), f_(f) {}

  void engine(program::EngineId e) {
    const program::EngineProgram& ep = p_.engines[e];
    const bool core = map_.info(e).kind == program::EngineKind::core;
    const bool control = map_.info(e).kind == program::EngineKind::controller;
    if (!loops(e)) return;
    for (std::size_t s = 0; s < ep.steps.size() && !f_.full(); ++s) {
      const int index = ep.steps[s].index;
      if (index < 0) continue;
      if (static_cast<std::size_t>(index) >= (core      ? ep.core.size()
                                              : control ? ep.control.size()
                                                        : ep.transfers.size())) {
        f_.at(e, s, -1, fmt::format("names instruction {}", index));
      } else if (control) {
        waits(e, s, ep.control[index].layer, ep.control[index].wait0, ep.control[index].wait_count);
        layer(e, s, ep.control[index].layer);
      } else if (core) {
        core_step(e, s, ep.core[index]);
      } else {
        transfer(e, s, ep.transfers[index]);
      }
    }
  }

 private:
  // Bodies lie within their surroundings, and the whole is finite.
  bool loops(program::EngineId e) {
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
      if (open.size() >= static_cast<std::size_t>(program::deepest_repeat)) {
        f_.at(e, s, -1, "repeats are nested too deep", fmt::format("legal: {}", program::deepest_repeat));
        return false;
      }
      open.push_back({end, std::min<std::int64_t>(times * steps[s].repeat, most_steps + 1)});
    }
    return true;
  }

  void waits(program::EngineId e, std::size_t s, int layer, std::uint32_t first, std::uint32_t count) {
    if (std::uint64_t{first} + count > p_.waits.size()) return f_.at(e, s, layer, "its waits do not exist");
    for (std::uint32_t i = first; i < first + count; ++i) {
      const program::Wait& w = p_.waits[i];
      if (w.engine < 0 || w.engine >= map_.count() || w.tasks < 0)
        f_.at(e, s, layer, fmt::format("waits for {} tasks of engine {}", w.tasks, w.engine));
    }
  }

  // Which one a step is counted to; -1: none.
  void layer(program::EngineId e, std::size_t s, int id) {
    if (id != -1 && !p_.layers.empty() && !names_layer(p_, id)) f_.at(e, s, id, fmt::format("layer {}", id));
  }

  void transfer(program::EngineId e, std::size_t s, const program::Transfer& t) {
    const auto& info = map_.info(e);
    const auto bad = [&](std::string what, std::string legal = {}) {
      f_.at(e, s, t.layer, std::move(what), std::move(legal));
    };
    const arch::DmaSpec& dma = dma_spec(a_, info.tile_kind);
    const bool shim = info.tile_kind == program::TileKind::shim;
    const bool pads = info.tile_kind == program::TileKind::memory && info.kind == program::EngineKind::mm2s;
    if (const auto wrong = access_problem(t.access, dma.dimensions + (shim ? 1 : 0)))
      return bad(wrong->what, wrong->legal);
    for (Problem& wrong : descriptor_problems(t.access, dma, shim, pads)) bad(wrong.what, wrong.legal);
    if (t.descriptor < 0 || t.descriptor >= dma.descriptors)
      bad(fmt::format("descriptor {}", static_cast<int>(t.descriptor)),
          fmt::format("legal: 0 to {}", dma.descriptors - 1));
    if (t.route < 0 || t.route >= static_cast<int>(p_.routes.size())) {
      bad(fmt::format("route {}", t.route));
    } else {
      const program::Route& r = p_.routes[t.route];
      const bool member = info.kind == program::EngineKind::mm2s
                              ? r.source == e
                              : std::find(r.sinks.begin(), r.sinks.end(), e) != r.sinks.end();
      if (!member)
        bad(fmt::format("route {} does not {} here", t.route,
                        info.kind == program::EngineKind::mm2s ? "start" : "end"));
    }
    memory(e, s, t);
    if (t.acquire.lock >= 0) lock_op(t.acquire, info.tile, e, s, t.layer);
    if (t.release.lock >= 0) lock_op(t.release, info.tile, e, s, t.layer);
    waits(e, s, t.layer, t.wait0, t.wait_count);
    layer(e, s, t.layer);
    const bool thin = t.payload == program::Payload::activations || t.payload == program::Payload::padding;
    if (t.lattice.h < 1 || t.lattice.w < 1 || (!thin && !t.lattice.every()))
      return bad(fmt::format("moves every {},{} of a map", t.lattice.h, t.lattice.w),
                 "legal: 1,1, and steps of activations and of padding");
    if (!p_.tensors && t.payload != program::Payload::none)
      bad("says what it holds", "legal: payload none in a program without tensors");
    if (t.payload == program::Payload::padding) {
      if (!names_layer(p_, t.tensor)) return bad(fmt::format("tensor {}", t.tensor));
      if (const auto wrong = around_problem(t, p_)) return bad(wrong->what, wrong->legal);
      if (t.region.elements() != t.access.stream_bytes() && info.kind == program::EngineKind::mm2s)
        bad(fmt::format("{} bytes for the {} zeros of {}", t.access.stream_bytes(), t.region.elements(),
                        region_text(t.region)));
    }
    if (t.payload == program::Payload::activations || t.payload == program::Payload::result) {
      if (!names_layer(p_, t.tensor)) return bad(fmt::format("tensor {}", t.tensor));
      if (const auto wrong = region_problem(t.region, p_, t.tensor, t.lattice)) return bad(wrong->what);
      if (t.payload == program::Payload::result && (t.region.c0 % 8 != 0 || t.region.c1 % 8 != 0))
        bad("puts channels " + region_text(t.region), "legal: multiples of 8");
      if (t.region.elements() != t.access.memory_bytes() && info.kind == program::EngineKind::mm2s)
        bad(fmt::format("{} bytes for the {} elements of {}", t.access.memory_bytes(), t.region.elements(),
                        region_text(t.region)));
    }
  }

  void memory(program::EngineId e, std::size_t s, const program::Transfer& t) {
    const auto& info = map_.info(e);
    const auto bad = [&](std::string what, std::string legal) {
      f_.at(e, s, t.layer, std::move(what), std::move(legal));
    };
    Bytes size = p_.ddr_bytes;
    if (info.tile_kind == program::TileKind::compute) {
      if (t.memory != info.tile) return bad("memory of another tile", "legal: its own");
      size = a_.tile.memory.size - a_.tile.reserved;
    } else if (info.tile_kind == program::TileKind::memory) {
      const bool tile =
          t.memory >= 0 && t.memory < map_.tile_count() && map_.tile_kind(t.memory) == program::TileKind::memory;
      const int k = a_.memtile_rows, first = map_.memory_tile(0);
      const int own = info.tile - first, other = t.memory - first;
      if (!tile || own % k != other % k || std::abs(own / k - other / k) > 1)
        return bad("memory " + (t.memory >= 0 && t.memory < map_.tile_count() ? map_.tile_name(t.memory)
                                                                              : std::to_string(t.memory)),
                   "legal: its own, or that of its east or west neighbour");
      size = a_.memtile.memory.size;
    }
    if (info.tile_kind == program::TileKind::shim && p_.product.layer != -1) product_memory(e, s, t);
    if (t.access.end() > size)
      bad(fmt::format("addresses {} to {}", t.access.base, t.access.end()), fmt::format("legal: 0 to {}", size));
  }

  // A product is written into C and read from A or B.
  void product_memory(program::EngineId e, std::size_t s, const program::Transfer& t) {
    const auto within = [&](const program::Matrix& m) {
      if (m.address < 0 || m.address > most_bytes || m.rows < 1 || m.pitch > most_bytes / m.rows) return false;
      return t.access.base >= m.address && t.access.end() <= m.address + m.pitch * m.rows;
    };
    const program::Product& q = p_.product;
    const bool write = map_.info(e).kind == program::EngineKind::s2mm;
    if (write ? !within(q.c) : !within(q.a) && !within(q.b))
      f_.at(e, s, t.layer,
            fmt::format("{} DDR addresses {} to {}", write ? "writes" : "reads", t.access.base, t.access.end()),
            write ? "legal: within c" : "legal: within a or within b");
  }

  void core_step(program::EngineId e, std::size_t s, const program::CoreInstr& c) {
    const auto& info = map_.info(e);
    waits(e, s, c.layer, c.wait0, c.wait_count);
    layer(e, s, c.layer);
    if (c.op == program::CoreOp::load) return;
    if (c.op != program::CoreOp::kernel) return lock_op(c.lock, info.tile, e, s, c.layer);
    if (c.call < 0 || static_cast<std::size_t>(c.call) >= p_.calls.size())
      return f_.at(e, s, c.layer, fmt::format("call {}", c.call));
    call(e, s, p_.calls[c.call]);
  }

  void call(program::EngineId e, std::size_t s, const program::KernelCall& k) {
    const auto bad = [&](std::string what, std::string legal = {}) {
      f_.at(e, s, k.layer, std::move(what), std::move(legal));
    };
    if (!ops::names_tensors(k.kind)) {
      if (p_.tensors)
        return bad(std::string(kernel_name(k.kind)) + " calls say nothing of tensors",
                   "legal: in a program without tensors");
      const bool unnamed = k.kind == program::KernelKind::ops && (k.layer == -1 || p_.layers.empty());
      if (!unnamed && !names_layer(p_, k.layer)) return bad(fmt::format("layer {}", k.layer));
      return k.kind == program::KernelKind::ops ? void() : product_call(k, bad);
    }
    if (!names_layer(p_, k.layer)) return bad(fmt::format("layer {}", k.layer));
    if (k.add_layer != -1 && (!names_layer(p_, k.add_layer) || k.kind != program::KernelKind::conv))
      return bad(fmt::format("add layer {}", k.add_layer));
    const network::Layer& y = p_.layers[k.layer].layer;
    const network::Op op = y.op;
    if (operator_of(op).kernel != k.kind || ops::is_source(y))
      return bad(fmt::format("{} for a layer of kind {}", kernel_name(k.kind), op_name(op)));
    if (const auto wrong = region_problem(k.out, p_, k.layer)) return bad(wrong->what);
    if (k.out.c0 % 8 != 0 || k.out.c1 % 8 != 0)
      return bad("output channels " + region_text(k.out), "legal: multiples of 8");
    const program::Region read = reads(y, 0, k.out);
    const auto [in_h, in_w] = tile_sides(y, k.out);
    const int depth = read.c1 - read.c0;
    if (k.in_h != in_h || k.in_w != in_w)
      return bad(fmt::format("an input of {} x {} pixels", k.in_h, k.in_w), fmt::format("needed: {} x {}", in_h, in_w));
    if (k.kind == program::KernelKind::conv) {
      if (k.ic0 < 0 || k.in_c < 8 || k.ic0 % 8 != 0 || k.in_c % 8 != 0 ||
          std::int64_t{k.ic0} + k.in_c > network::stored_channels(y.in.c))
        return bad(fmt::format("input channels {} to {}", k.ic0, std::int64_t{k.ic0} + k.in_c));
    } else if (is_product(y) && !(k.first && k.last)) {
      if (!is_part(y, k.out, k.ic0, k.in_c))
        return bad(fmt::format("channels {} to {} of the sums for {}", k.ic0, std::int64_t{k.ic0} + k.in_c,
                               region_text(k.out)),
                   "legal: multiples of 8, of one head and one group of rows");
    } else if (k.in_c != depth) {
      return bad(fmt::format("{} input channels for {} output channels", k.in_c, k.out.c1 - k.out.c0),
                 fmt::format("needed: {}", depth));
    }
    if (ops::has_weights(y) && (k.chunk < 0 || k.chunk >= static_cast<int>(p_.chunks.size())))
      return bad(fmt::format("chunk {}", k.chunk));
    const bool ring = k.ring >= k.in_h && read.h1 - read.h0 == in_h && read.w1 - read.w0 == in_w && k.ring_row >= 0 &&
                      k.ring_row < k.ring;
    if (k.ring != 0 && (p_.tensors || k.kind != program::KernelKind::conv || !ring))
      return bad(fmt::format("a window in a ring of {} rows from row {} on", k.ring, k.ring_row),
                 "legal: rings that hold the window of a conv call, in a program without tensors");
    buffers(k, bad);
  }

  template <class Bad>
  void product_call(const program::KernelCall& k, const Bad& bad) {
    const network::Layer& y = p_.layers[k.layer].layer;
    const std::int64_t rows = std::int64_t{k.out.h1} - k.out.h0, cols = std::int64_t{k.out.c1} - k.out.c0,
                       steps = k.in_c;
    constexpr std::int64_t most = 1 << 16;
    const auto sane = [](std::int64_t n) { return n >= 1 && n <= most; };
    if (y.op != network::Op::conv2d || std::int64_t{k.out.w1} - k.out.w0 != 1 || !sane(rows) || !sane(cols) ||
        (k.kind == program::KernelKind::gemm && !sane(steps)))
      return bad(fmt::format("a tile of {} x {} x {}", rows, cols, steps),
                 "legal: rows, columns and steps of a gemm layer");
    const auto buffer = [&](const char* name, std::int64_t at, std::int64_t bytes) {
      const Bytes size = a_.tile.memory.size - a_.tile.reserved;
      if (at < 0 || at % 4 != 0 || at + bytes > size)
        bad(fmt::format("{} at {} to {}", name, at, at + bytes), fmt::format("legal: multiples of 4 up to {}", size));
    };
    buffer("tile of C", k.acc, bytes_of(y.out_type, rows * cols));
    if (k.kind == program::KernelKind::clear) return;
    buffer("tile of A", k.in, bytes_of(y.in_type, rows * steps));
    buffer("tile of B", k.weights, bytes_of(y.in_type, cols * steps));
  }

  // The buffers of a call lie in the core's memory and apart from each other.
  template <class Bad>
  void buffers(const program::KernelCall& k, const Bad& bad) {
    struct Span {
      const char* name;
      std::int64_t at, bytes;
    };
    Few<Span, 5> spans;
    const std::int64_t out = k.out.elements();
    const network::Layer& y = p_.layers[k.layer].layer;
    const bool sums = k.kind == program::KernelKind::conv || is_product(y);
    const std::int64_t ring = std::int64_t{k.ring} * p_.layers[k.layer].layer.in.w * k.in_c;
    spans.push_back({"input", k.in, k.ring > 0 ? ring : std::int64_t{k.in_h} * k.in_w * k.in_c});
    if (ops::has_weights(y) && p_.chunks[k.chunk].size.total() > 0)
      spans.push_back({"weights", k.weights, p_.chunks[k.chunk].size.total()});
    if (sums && !(k.first && k.last)) spans.push_back({"partial sums", k.acc, out * 4});
    if (operator_of(y).inputs == 2)
      spans.push_back({"second operand", k.in2, (is_product(y) ? factor_of(k, y, 1) : reads(y, 1, k.out)).elements()});
    else if (k.add_layer >= 0 && k.last)
      spans.push_back({"second operand", k.in2, out});
    if (!sums || k.last) spans.push_back({"result", k.result, out});
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

  void lock_op(const program::LockOp& op, program::TileId tile, program::EngineId e, std::size_t step, int layer) {
    const arch::LockSpec& spec = lock_spec(a_, map_.tile_kind(tile));
    if (op.lock < 0 || op.lock >= spec.count)
      f_.at(e, step, layer, fmt::format("lock {}", op.lock), fmt::format("legal: 0 to {}", spec.count - 1));
    if (op.value < 1 || op.value > spec.max_value)
      f_.at(e, step, layer, fmt::format("lock {} by {}", op.lock, op.value),
            fmt::format("legal: 1 to {}", spec.max_value));
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap& map_;
  Findings& f_;
  std::int64_t executed_ = 0;
};

}  // namespace

void check_steps(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                 Findings& findings) {
  Steps steps(program, array, map, findings);
  for (program::EngineId e = 0; e < map.count() && !findings.full(); ++e) steps.engine(e);
}

}  // namespace tessera::verify
