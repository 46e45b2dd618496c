#include "tests/program/random_program.h"

#include "sim/base/random.h"

namespace tessera {
namespace {

class Maker {
 public:
  Maker(const arch::ArraySpec& array, std::uint64_t seed) : random_(seed), map_(array) {
    p_.network = "net \"quoted\" \\ and\nsplit";
    p_.array = array.name;
    p_.rows = array.rows;
    p_.cols = array.cols;
    p_.memtile_rows = array.memtile_rows;
    p_.accounting = "published";
    p_.ddr_bytes = 123456789012;
    p_.engines.resize(map_.count());
  }

  program::Program make(int steps) {
    for (int i = 0; i < 6; ++i) layer(i);
    for (int i = 0; i < 3; ++i) mask();
    for (int i = 0; i < 5; ++i) chunk();
    for (int i = 0; i < 4; ++i)
      p_.pieces.push_back(
          {static_cast<std::int16_t>(i), region(), i % 2 == 0, i % 2 == 0 ? -1 : pick(map_.tile_count()), access()});
    for (int i = 0; i < 7; ++i)
      p_.locks.push_back({pick(map_.tile_count()), static_cast<std::int16_t>(i), static_cast<std::int16_t>(pick(64)),
                          static_cast<program::LockRole>(pick(11))});
    for (int i = 0; i < 3; ++i) p_.code.push_back({"kernel " + std::to_string(i), 1 + pick(9000)});
    p_.images = {{0, 1, 2}, {}, {pick(3)}};
    for (int i = 0; i < 5; ++i) p_.routes.push_back({pick(map_.count()), {pick(map_.count()), pick(map_.count())}});
    for (program::EngineId e = 0; e < map_.count(); ++e) engine(e, steps);
    return std::move(p_);
  }

 private:
  int pick(int n) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(n))); }
  bool flip() { return pick(2) == 1; }
  program::Region region() { return {pick(9), 9 + pick(99), pick(9), 9 + pick(99), pick(9), 9 + pick(999)}; }
  program::Access access() {
    program::Access a;
    a.base = 4 * pick(100000);
    a.rank = static_cast<std::int8_t>(1 + pick(4));
    for (int d = 0; d < a.rank; ++d)
      a.dims[d] = program::repeated(1 + pick(500), flip() ? 1 : 4 * pick(5000) - 8, pick(3), pick(2));
    return a;
  }
  program::LockOp lock() {
    return flip() ? program::LockOp{}
                  : program::LockOp{static_cast<std::int16_t>(pick(64)), static_cast<std::int16_t>(pick(9))};
  }
  void waits(std::uint32_t& first, std::uint32_t& count) {
    first = static_cast<std::uint32_t>(p_.waits.size());
    count = static_cast<std::uint32_t>(pick(3));
    for (std::uint32_t i = 0; i < count; ++i) p_.waits.push_back({pick(map_.count()), pick(100)});
  }
  void layer(int id) {
    program::ProgramLayer l;
    l.layer.id = id;
    l.layer.name = "layer " + std::to_string(id);
    l.layer.op = static_cast<network::Op>(id);
    for (int i = 0; i < id; ++i) l.layer.inputs.push_back(i);
    l.layer.window = {1 + pick(7), 1 + pick(7), 1 + pick(2), 1 + pick(2), pick(4), pick(4), pick(4), pick(4)};
    l.layer.relu = flip();
    l.layer.shift = pick(12);
    l.layer.scaling = static_cast<network::Scaling>(pick(3));
    if (l.layer.scaling == network::Scaling::tensor) l.layer.multiplier = {1 + pick(1 << 30), pick(1 << 30)};
    l.layer.in = {pick(100), pick(100), pick(100)};
    l.layer.out = {pick(100), pick(100), pick(100)};
    l.layer.is_gemm = flip();
    l.mask = pick(3) - 1;
    l.zeros_kept = flip();
    l.mapping = flip() ? "" : "cols=height rows=channels tile=7x14x64/64";
    for (int i = 0; i < id; ++i) l.block_order.push_back((i * 3) % 7);
    p_.layers.push_back(l);
  }
  void mask() {
    sparsity::KernelMask m;
    m.rows = 1 + pick(9);
    m.cols = 1 + pick(11);
    m.unit_rows = 1 + pick(2);
    m.unit_cols = 1 + pick(2);
    for (int i = 0; i < m.rows * m.cols; ++i) m.bits.push_back(flip());
    p_.masks.push_back(m);
  }
  void chunk() {
    program::ChunkPlace c;
    c.layer = static_cast<std::int16_t>(pick(6));
    for (int i = 0; i < 6; ++i)
      if (flip()) c.shape.rows.push_back(i);
    c.shape.rows.push_back(pick(4));
    c.shape.col0 = pick(4);
    c.shape.col1 = 4 + pick(4);
    c.shape.taps = 1 + pick(49);
    c.shape.bias = flip();
    c.shape.multipliers = flip();
    c.size = {pick(100), flip(), pick(100), pick(100), pick(10000), c.shape.multipliers ? 1 + pick(100) : 0};
    c.ddr_address = 5000000000 + pick(1000);
    p_.chunks.push_back(c);
  }
  void engine(program::EngineId e, int steps) {
    program::EngineProgram& ep = p_.engines[e];
    const bool core = map_.info(e).kind == program::EngineKind::core;
    for (int i = 0; i < steps; ++i) {
      if (i % 7 == 3 && i + 4 < steps) ep.steps.push_back({-1, 2 + pick(9), i % 14 == 3 ? 4 : 1});
      if (i % 14 == 4 && i + 4 < steps) ep.steps.push_back({-1, 3, 2});  // nested
      ep.steps.push_back({static_cast<std::int32_t>(core ? ep.core.size() : ep.transfers.size()), 0, 0});
      core ? core_step(ep) : move(ep);
    }
  }
  void move(program::EngineProgram& ep) {
    program::Transfer t;
    t.access = access();
    t.memory = pick(map_.tile_count());
    t.route = pick(5);
    t.descriptor = static_cast<std::int8_t>(pick(48));
    t.acquire = lock();
    t.release = lock();
    waits(t.wait0, t.wait_count);
    t.layer = static_cast<std::int16_t>(pick(7) - 1);
    t.payload = static_cast<program::Payload>(pick(4));
    t.tensor = static_cast<std::int16_t>(pick(7) - 1);
    if (flip()) t.region = region();
    if (flip()) t.lattice = {static_cast<std::int16_t>(1 + pick(3)), static_cast<std::int16_t>(1 + pick(3))};
    ep.transfers.push_back(t);
  }
  void core_step(program::EngineProgram& ep) {
    program::CoreInstr c;
    c.op = static_cast<program::CoreOp>(pick(4));
    c.layer = static_cast<std::int16_t>(pick(7) - 1);
    if (c.op == program::CoreOp::load) {
      c.call = pick(3);
      return ep.core.push_back(c);
    }
    waits(c.wait0, c.wait_count);
    if (c.op != program::CoreOp::kernel) {
      c.lock = {static_cast<std::int16_t>(pick(16)), static_cast<std::int16_t>(pick(4))};
    } else {
      c.call = static_cast<std::int32_t>(p_.calls.size());
      program::KernelCall k;
      k.kind = static_cast<program::KernelKind>(pick(8));
      k.layer = flip() ? c.layer : static_cast<std::int16_t>(2);
      k.out = region();
      k.in_h = pick(9);
      k.in_w = pick(9);
      k.in_c = pick(99);
      k.ic0 = pick(64);
      k.first = flip();
      k.last = flip();
      k.in = pick(65536);
      k.in2 = pick(3) - 1;
      k.weights = pick(3) - 1;
      k.acc = pick(3) - 1;
      k.result = pick(65536);
      k.chunk = pick(6) - 1;
      if (flip()) k.ring = static_cast<std::int16_t>(1 + pick(8)), k.ring_row = static_cast<std::int16_t>(pick(8));
      k.add_layer = static_cast<std::int16_t>(pick(4) - 1);
      k.code = static_cast<std::int16_t>(pick(4) - 1);
      k.operations = flip() ? 0 : 123456789012;
      p_.calls.push_back(k);
    }
    ep.core.push_back(c);
  }

  Random random_;
  program::EngineMap map_;
  program::Program p_;
};

}  // namespace

arch::ArraySpec small_array() {
  arch::ArraySpec a;
  a.name = "small";
  a.rows = 2;
  a.cols = 3;
  a.memtile.memory = {524288, 16, 16};
  a.memtile.dma.s2mm = a.memtile.dma.mm2s = 6;
  a.memtile.dma.descriptors = 48;
  a.memtile.dma.dimensions = 4;
  a.memtile.locks.count = 64;
  return a;
}

program::Program random_program(const arch::ArraySpec& array, std::uint64_t seed, int steps_per_engine) {
  return Maker(array, seed).make(steps_per_engine);
}

}  // namespace tessera
