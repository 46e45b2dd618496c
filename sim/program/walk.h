// Every field of a program that has a meaning, in one fixed order: what comparing and hashing are made of. Indices that
// only say where something is stored (waits, calls, transfers) are replaced by what they point at, and dimensions
// beyond an access's rank are left out, so two programs that do the same are walked alike.
#pragma once
#include <algorithm>

#include "sim/program/program.h"
#include "sim/program/text_operator.h"

namespace tessera::program {

template <class Sink>  // called with std::int64_t and const std::string&
class ProgramWalk {
 public:
  ProgramWalk(Sink& sink, const Program& program) : sink_(sink), p_(program) {}

  void all() {
    head();
    for (const EngineProgram& e : p_.engines) engine(e);
  }

  void head() {
    sink_(p_.network);
    sink_(p_.array);
    sink_(p_.accounting);
    if (!p_.tensors) put(-1);
    if (p_.product.layer >= 0) put(p_.product.layer);
    for (const Matrix& m : {p_.product.a, p_.product.b, p_.product.c})
      if (p_.product.layer >= 0) put(m.address, m.pitch, m.rows);
    put(p_.rows, p_.cols, p_.memtile_rows, p_.ddr_bytes);
    for (const DdrRange& range : p_.written_alike) put(range.begin, range.end);
    put(p_.layers.size(), p_.masks.size(), p_.chunks.size(), p_.pieces.size(), p_.locks.size(), p_.routes.size());
    for (const ProgramLayer& l : p_.layers) layer(l);
    for (const sparsity::KernelMask& m : p_.masks) {
      put(m.rows, m.cols, m.unit_rows, m.unit_cols, m.bits.size());
      for (std::uint8_t bit : m.bits) put(bit != 0);
    }
    for (const ChunkPlace& c : p_.chunks) {
      put(c.layer, c.ddr_address, c.shape.col0, c.shape.col1, c.shape.taps, c.shape.bias);
      list(c.shape.rows);
      put(c.size.blocks, c.size.indexed, c.size.bias, c.size.index, c.size.data);
      if (c.shape.multipliers) put(-1, c.size.multipliers);
      if (c.shape.by_channel || c.shape.table > 0) put(-3, c.shape.by_channel, c.size.table);
      if (c.shape.padding > 0) put(-4, c.shape.padding);
    }
    for (const TensorPiece& t : p_.pieces) {
      put(t.tensor, t.in_ddr, t.in_ddr ? -1 : t.memory);
      region(t.region);
      access(t.access);
    }
    for (const LockInit& l : p_.locks) put(l.tile, l.lock, l.value, static_cast<int>(l.role));
    for (const Route& r : p_.routes) {
      put(r.source);
      list(r.sinks);
    }
    for (const KernelCode& code : p_.code) {
      sink_(code.name);
      put(code.bytes);
    }
    for (const CodeImage& image : p_.images) list(image);
    put(p_.engines.size());
  }

  void engine(const EngineProgram& e) {
    put(e.steps.size());
    for (const Step& s : e.steps) {
      if (s.index < 0) {
        put(-1, s.repeat, s.body);
      } else if (static_cast<std::size_t>(s.index) < e.transfers.size()) {
        put(0);
        transfer(e.transfers[s.index]);
      } else if (static_cast<std::size_t>(s.index) < e.core.size()) {
        put(1);
        core(e.core[s.index]);
      } else if (static_cast<std::size_t>(s.index) < e.control.size()) {
        put(2);
        control(e.control[s.index]);
      } else {
        put(-2, s.index);
      }
    }
  }

  void transfer(const Transfer& t) {
    access(t.access);
    put(t.memory, t.route, t.descriptor);
    lock(t.acquire);
    lock(t.release);
    waits(t.wait0, t.wait_count);
    put(t.layer, static_cast<int>(t.payload), t.tensor);
    region(t.region);
    if (!t.lattice.every()) put(-6, t.lattice.h, t.lattice.w);
  }

  void core(const CoreInstr& c) {
    put(static_cast<int>(c.op), c.layer);
    waits(c.wait0, c.wait_count);
    if (c.op == CoreOp::load) return put(c.call);
    if (c.op != CoreOp::kernel) return lock(c.lock);
    if (c.call < 0 || static_cast<std::size_t>(c.call) >= p_.calls.size()) return put(-1);
    const KernelCall& k = p_.calls[c.call];
    put(static_cast<int>(k.kind), k.layer, k.in_h, k.in_w, k.in_c, k.ic0, k.first, k.last);
    region(k.out);
    put(k.in, k.in2, k.weights, k.acc, k.result, k.chunk, k.add_layer, k.operations);
    if (k.ring != 0) put(k.ring, k.ring_row);
    if (k.code >= 0) put(-5, k.code);
  }

  void control(const ControlOp& c) {
    put(static_cast<int>(c.kind), c.channel, c.layer, c.descriptor, c.transfer, c.next, c.iterations, c.iteration_step);
    put(c.ends_at_last, c.joined, c.transfers, c.repeat, c.token);
    if (c.kind == ControlKind::write_switch) put(c.tile, c.first, c.words);
    waits(c.wait0, c.wait_count);
  }

 private:
  template <class... T>
  void put(const T&... values) {
    (sink_(static_cast<std::int64_t>(values)), ...);
  }
  void list(const std::vector<int>& values) {
    put(values.size());
    for (int v : values) put(v);
  }
  void region(const Region& r) { put(r.h0, r.h1, r.w0, r.w1, r.c0, r.c1); }
  void lock(const LockOp& op) { put(op.lock < 0 ? -1 : op.lock, op.lock < 0 ? 0 : op.value); }
  void access(const Access& a) {
    put(a.base, a.rank);
    for (int d = 0; d < std::clamp<int>(a.rank, 0, 4); ++d)
      put(a.dims[d].count, a.dims[d].step, a.dims[d].pad_before, a.dims[d].pad_after);
  }
  void waits(std::uint32_t first, std::uint32_t count) {
    put(count);
    for (std::uint64_t i = first; i < std::uint64_t{first} + count && i < p_.waits.size(); ++i)
      put(p_.waits[i].engine, p_.waits[i].tasks);
  }
  void layer(const ProgramLayer& l) {
    const network::Layer& y = l.layer;
    const network::Window& w = y.window;
    sink_(y.name);
    sink_(l.mapping);
    put(y.id, static_cast<int>(y.op), y.relu, y.shift, y.is_gemm, l.mask);
    put(w.kh, w.kw, w.sh, w.sw, w.pad_top, w.pad_left, w.pad_bottom, w.pad_right);
    put(y.in.h, y.in.w, y.in.c, y.out.h, y.out.w, y.out.c);
    if (!y.is_int8()) put(-1, static_cast<int>(y.in_type), static_cast<int>(y.out_type));
    if (y.scaling != network::Scaling::power) put(-2, static_cast<int>(y.scaling), y.multiplier[0], y.multiplier[1]);
    if (const std::string attributes = operator_attributes(y); !attributes.empty()) sink_(attributes);
    if (!y.source.empty()) list(y.source);
    list(y.inputs);
    list(l.block_order);
    if (l.zeros_kept) put(-3);
  }

  Sink& sink_;
  const Program& p_;
};

}  // namespace tessera::program
