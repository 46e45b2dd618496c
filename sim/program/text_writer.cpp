#include <algorithm>
#include <charconv>

#include "sim/program/text.h"
#include "sim/program/text_operator.h"

namespace tessera::program {
namespace {

const char* const payload_names[] = {"none", "activations", "weights", "result", "padding"};

class Writer {
 public:
  Writer(const Program& p, const arch::ArraySpec& array) : p_(p), array_(array), map_(array) {
    for (EngineId e = 0; e < map_.count(); ++e) engine_names_.push_back(map_.name(e));
    for (TileId t = 0; t < map_.tile_count(); ++t) tile_names_.push_back(map_.tile_name(t));
  }

  std::string run() {
    head();
    for (std::size_t i = 0; i < p_.layers.size(); ++i) layer(i);
    for (std::size_t i = 0; i < p_.masks.size(); ++i) mask(i);
    for (std::size_t i = 0; i < p_.chunks.size(); ++i) chunk(i);
    for (const TensorPiece& t : p_.pieces) piece(t);
    for (const LockInit& l : p_.locks) {
      add("lock ", tile(l.tile), ' ', l.lock, " value=", l.value, " role=", lock_role_name(l.role), '\n');
    }
    for (std::size_t i = 0; i < p_.routes.size(); ++i) route(i);
    for (std::size_t i = 0; i < p_.code.size(); ++i) {
      add("code ", i, ' ');
      quoted(p_.code[i].name);
      add(" bytes=", p_.code[i].bytes, '\n');
    }
    for (std::size_t i = 0; i < p_.images.size(); ++i) {
      add("image ", i);
      ints(" code=", p_.images[i]);
      out_ += '\n';
    }
    for (std::size_t e = 0; e < p_.engines.size(); ++e) engine(e);
    add("program end\n");
    return std::move(out_);
  }

 private:
  void one(std::int64_t v) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, v).ptr);
  }
  void one(int v) { one(std::int64_t{v}); }
  void one(std::size_t v) { one(static_cast<std::int64_t>(v)); }
  void one(char c) { out_ += c; }
  void one(const char* s) { out_ += s; }
  void one(const std::string& s) { out_ += s; }
  template <class... T>
  void add(const T&... parts) {
    (one(parts), ...);
  }
  void quoted(const std::string& s) {
    out_ += '"';
    for (char c : s) {
      if (c == '"' || c == '\\') out_ += '\\';
      if (c == '\n') {
        out_ += "\\n";
      } else if (c == '\r') {
        out_ += "\\r";
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }
  static std::string name_of(const std::vector<std::string>& names, int i) {
    return i >= 0 && static_cast<std::size_t>(i) < names.size() ? names[i] : "?" + std::to_string(i);
  }
  std::string tile(TileId t) const { return name_of(tile_names_, t); }
  std::string engine_name(EngineId e) const { return name_of(engine_names_, e); }
  template <class T, class F>
  void list(const std::vector<T>& values, char separator, const F& f) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_ += separator;
      f(values[i]);
    }
  }
  void ints(const char* key, const std::vector<int>& values) {
    if (values.empty()) return;
    add(key);
    // Ascending runs are written first-last.
    for (std::size_t i = 0; i < values.size();) {
      std::size_t j = i;
      while (j + 1 < values.size() && values[i] >= 0 && values[j + 1] == values[j] + 1) ++j;
      if (i > 0) out_ += ',';
      add(values[i]);
      if (j < i + 2) j = i;
      if (j > i) add('-', values[j]);
      i = j + 1;
    }
  }
  void region(const Region& r) { add(r.h0, ':', r.h1, ',', r.w0, ':', r.w1, ',', r.c0, ':', r.c1); }
  void access(const Access& a) {
    add(" at=", a.base, " dims=");
    if (a.rank <= 0) add('-');
    for (int d = 0; d < std::min<int>(a.rank, 4); ++d) {
      const AccessDim& m = a.dims[d];
      if (d > 0) out_ += ',';
      add(m.count);
      if (m.step != 1) add('@', m.step);
      if (m.pad_before != 0 || m.pad_after != 0) add('+', m.pad_before, '+', m.pad_after);
    }
  }
  void waits(std::uint32_t first, std::uint32_t count) {
    const std::uint64_t end = std::min<std::uint64_t>(std::uint64_t{first} + count, p_.waits.size());
    for (std::uint64_t i = first; i < end; ++i)
      add(i == first ? " wait=" : ";", engine_name(p_.waits[i].engine), ':', p_.waits[i].tasks);
  }

  void head() {
    const arch::DmaSpec &t = array_.tile.dma, &m = array_.memtile.dma, &s = array_.shim.dma;
    add("program 1\nnetwork ");
    quoted(p_.network);
    add("\narray ");
    quoted(p_.array);
    add(" rows=", p_.rows, " cols=", p_.cols, " memtile_rows=", p_.memtile_rows);
    add(" tile=", t.s2mm, ',', t.mm2s, " memtile=", m.s2mm, ',', m.mm2s, " shim=", s.s2mm, ',', s.mm2s);
    add("\naccounting ");
    quoted(p_.accounting);
    if (!p_.tensors) add("\ntensors none");
    add("\nddr bytes=", p_.ddr_bytes, '\n');
    for (const DdrRange& range : p_.written_alike) add("alike ddr=", range.begin, ',', range.end, '\n');
    if (const Product& q = p_.product; q.layer >= 0) {
      add("product layer=", int{q.layer});
      for (const auto& [key, x] : {std::pair{" a=", q.a}, {" b=", q.b}, {" c=", q.c}})
        add(key, x.address, ',', x.pitch, ',', x.rows);
      add('\n');
    }
  }

  void layer(std::size_t i) {
    const ProgramLayer& l = p_.layers[i];
    const network::Layer& y = l.layer;
    const network::Window& w = y.window;
    add("layer ", y.id, ' ');
    quoted(y.name);
    add(" op=", op_name(y.op));
    ints(" inputs=", y.inputs);
    add(" in=", y.in.h, ',', y.in.w, ',', y.in.c, " out=", y.out.h, ',', y.out.w, ',', y.out.c);
    add(" window=", w.kh, ',', w.kw, " stride=", w.sh, ',', w.sw);
    add(" pad=", w.pad_top, ',', w.pad_left, ',', w.pad_bottom, ',', w.pad_right);
    if (y.relu) add(" relu");
    if (y.shift != 0) add(" shift=", y.shift);
    if (y.scaling == network::Scaling::channel) add(" channel_scales");
    if (y.scaling == network::Scaling::tensor) add(" multiplier=", y.multiplier[0], ',', y.multiplier[1]);
    if (y.is_gemm) add(" gemm");
    if (!y.is_int8()) add(" types=", type_name(y.in_type), ',', type_name(y.out_type));
    add(operator_attributes(y));
    ints(" source=", y.source);
    if (l.mask != -1) add(" mask=", l.mask);
    if (l.zeros_kept) add(" zeros_kept");
    if (!l.mapping.empty()) {
      add(" mapping=");
      quoted(l.mapping);
    }
    ints(" order=", l.block_order);
    out_ += '\n';
  }

  void mask(std::size_t i) {
    const sparsity::KernelMask& m = p_.masks[i];
    add("mask ", i, " rows=", m.rows, " cols=", m.cols, " unit=", m.unit_rows, ',', m.unit_cols, '\n');
    const auto cols = static_cast<std::size_t>(std::max(m.cols, 1));
    for (std::size_t at = 0; at < m.bits.size(); at += cols) {
      out_ += "  ";
      const std::size_t end = std::min(at + cols, m.bits.size());
      for (std::size_t b = at; b < end; b += 4) {
        int digit = 0;
        for (std::size_t k = 0; k < 4; ++k) digit = digit * 2 + (b + k < end && m.bits[b + k] != 0 ? 1 : 0);
        out_ += "0123456789abcdef"[digit];
      }
      out_ += '\n';
    }
  }

  void chunk(std::size_t i) {
    const ChunkPlace& c = p_.chunks[i];
    add("chunk ", i, " layer=", c.layer);
    ints(" rows=", c.shape.rows);
    add(" cols=", c.shape.col0, ':', c.shape.col1, " taps=", c.shape.taps);
    if (c.shape.bias) add(" bias");
    if (c.shape.multipliers) add(" multipliers=", c.size.multipliers);
    if (c.shape.by_channel) add(" by_channel");
    if (c.shape.table > 0) add(" table=", c.shape.table);
    if (c.shape.padding > 0) add(" padding=", c.shape.padding);
    add(" blocks=", c.size.blocks);
    if (c.size.indexed) add(" indexed");
    add(" size=", c.size.bias, ',', c.size.index, ',', c.size.data, " ddr=", c.ddr_address, '\n');
  }

  void piece(const TensorPiece& t) {
    add("piece tensor=", t.tensor, " region=");
    region(t.region);
    add(" placement=", t.in_ddr ? "ddr" : tile(t.memory));
    access(t.access);
    out_ += '\n';
  }

  void route(std::size_t i) {
    const Route& r = p_.routes[i];
    add("route ", i, " from=", engine_name(r.source));
    if (!r.sinks.empty()) add(" to=");
    list(r.sinks, ';', [&](EngineId e) { add(engine_name(e)); });
    out_ += '\n';
  }

  void engine(std::size_t e) {
    const EngineProgram& ep = p_.engines[e];
    if (ep.steps.empty()) return;
    add("engine ", engine_name(static_cast<EngineId>(e)), '\n');
    std::vector<std::size_t> ends;  // of the open repeats
    for (std::size_t i = 0; i < ep.steps.size(); ++i) {
      const Step& s = ep.steps[i];
      out_.append(2 + 2 * ends.size(), ' ');
      if (s.index < 0) {
        add("repeat ", s.repeat, '\n');
        // A body that sticks out of its surroundings cannot be written; cutting it keeps the text well-formed.
        const std::size_t outer = ends.empty() ? ep.steps.size() : ends.back();
        ends.push_back(std::min(i + 1 + static_cast<std::size_t>(std::max(s.body, 0)), outer));
      } else if (static_cast<std::size_t>(s.index) < ep.transfers.size()) {
        move(ep.transfers[s.index]);
      } else if (static_cast<std::size_t>(s.index) < ep.core.size()) {
        core(ep.core[s.index]);
      } else if (static_cast<std::size_t>(s.index) < ep.control.size()) {
        control(ep.control[s.index]);
      } else {
        add("?", s.index, '\n');
      }
      while (!ends.empty() && ends.back() == i + 1) {
        ends.pop_back();
        out_.append(2 + 2 * ends.size(), ' ');
        out_ += "end\n";
      }
    }
  }

  void move(const Transfer& t) {
    add("move route=", t.route, " bd=", static_cast<int>(t.descriptor), " mem=", tile(t.memory));
    access(t.access);
    if (t.acquire.lock >= 0) add(" acquire=", t.acquire.lock, ':', t.acquire.value);
    if (t.release.lock >= 0) add(" release=", t.release.lock, ':', t.release.value);
    waits(t.wait0, t.wait_count);
    add(" layer=", t.layer, " payload=", payload_names[std::min<int>(static_cast<int>(t.payload), 4)]);
    if (t.tensor != -1) add(" tensor=", t.tensor);
    const Region& r = t.region;
    if (r.h0 != 0 || r.h1 != 0 || r.w0 != 0 || r.w1 != 0 || r.c0 != 0 || r.c1 != 0) {
      add(" region=");
      region(r);
    }
    if (!t.lattice.every()) add(" every=", t.lattice.h, ',', t.lattice.w);
    out_ += '\n';
  }

  void core(const CoreInstr& c) {
    if (c.op == CoreOp::load) return add("load ", c.call, " layer=", c.layer, '\n');
    if (c.op != CoreOp::kernel) {
      add(c.op == CoreOp::acquire ? "acquire " : "release ", c.lock.lock, ':', c.lock.value);
      waits(c.wait0, c.wait_count);
      add(" layer=", c.layer, '\n');
      return;
    }
    if (c.call < 0 || static_cast<std::size_t>(c.call) >= p_.calls.size()) {
      add("call ?", c.call, '\n');
      return;
    }
    const KernelCall& k = p_.calls[c.call];
    add("call ", kernel_name(k.kind), " layer=", k.layer);
    if (c.layer != k.layer) add(" instr_layer=", c.layer);
    add(" out=");
    region(k.out);
    add(" in=", k.in_h, ',', k.in_w, ',', k.in_c, " ic0=", k.ic0);
    if (k.first) add(" first");
    if (k.last) add(" last");
    const auto optional = [&](const char* key, std::int64_t v, std::int64_t none) {
      if (v != none) add(key, v);
    };
    optional(" at=", k.in, -1);
    optional(" at2=", k.in2, -1);
    optional(" weights=", k.weights, -1);
    optional(" acc=", k.acc, -1);
    optional(" result=", k.result, -1);
    optional(" chunk=", k.chunk, -1);
    optional(" add=", k.add_layer, -1);
    optional(" operations=", k.operations, 0);
    if (k.ring != 0) add(" ring=", int{k.ring}, ',', int{k.ring_row});
    optional(" code=", k.code, -1);
    waits(c.wait0, c.wait_count);
    out_ += '\n';
  }

  void control(const ControlOp& c) {
    if (c.kind == ControlKind::write_switch)
      add(control_name(c.kind), ' ', tile(c.tile), " first=", int{c.first}, " words=", int{c.words});
    else
      add(control_name(c.kind), ' ', engine_name(c.channel));
    const bool write = c.kind == ControlKind::write_descriptor, push = c.kind == ControlKind::push_task;
    if (write || push || c.kind == ControlKind::patch_address) add(" bd=", int{c.descriptor});
    if (write) {
      add(" move=", c.transfer);
      if (c.joined != 1) add(" joined=", int{c.joined});
      if (c.next != -1) add(" next=", int{c.next});
      if (c.iterations != 1 || c.iteration_step != 0) add(" iterate=", int{c.iterations}, '@', c.iteration_step);
      if (c.ends_at_last) add(" tlast");
    }
    if (push) {
      add(" moves=", c.transfers);
      if (c.repeat != 1) add(" repeat=", int{c.repeat});
      if (c.token) add(" token");
    }
    waits(c.wait0, c.wait_count);
    add(" layer=", c.layer, '\n');
  }

  const Program& p_;
  const arch::ArraySpec& array_;
  EngineMap map_;
  std::vector<std::string> engine_names_, tile_names_;
  std::string out_;
};

}  // namespace

std::string write_program(const Program& program, const arch::ArraySpec& array) { return Writer(program, array).run(); }

}  // namespace tessera::program
