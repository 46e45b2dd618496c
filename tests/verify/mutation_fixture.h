// Ways to visit the places of a program that mutations strike, and what they strike there.
#pragma once
#include <map>

#include "tests/verify/mutations.h"

namespace tessera::mutating {

using Visit = std::function<void(program::Program&, const program::EngineMap&, Places&)>;

inline bool is_core(const program::EngineMap& m, program::EngineId e) {
  return m.info(e).kind == program::EngineKind::core;
}
inline bool in(const program::EngineMap& m, program::EngineId e, program::TileKind tile, program::EngineKind kind) {
  return m.info(e).tile_kind == tile && m.info(e).kind == kind;
}
inline constexpr program::TileKind compute = program::TileKind::compute, memory = program::TileKind::memory,
                                   shim = program::TileKind::shim;
inline constexpr program::EngineKind s2mm = program::EngineKind::s2mm, mm2s = program::EngineKind::mm2s;

// ---- ways to visit ----

// Every transfer of channels of one kind for which `change` is possible.
inline Visit transfers(program::TileKind tile, program::EngineKind kind,
                       std::function<bool(const program::Transfer&)> fits,
                       std::function<void(program::Transfer&)> change) {
  return [=](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, tile, kind))
        for (program::Transfer& t : p.engines[e].transfers)
          if (fits(t) && places.here()) change(t);
  };
}

// The first transfer and the next that fits it, on one channel.
inline Visit neighbours(program::TileKind tile, program::EngineKind kind,
                        std::function<bool(const program::Transfer&, const program::Transfer&)> fits,
                        std::function<void(program::Transfer&, program::Transfer&)> change) {
  return [=](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, tile, kind)) {
        auto& list = p.engines[e].transfers;
        for (std::size_t i = 0; i + 1 < list.size(); ++i)
          if (fits(list[i], list[i + 1]) && places.here()) change(list[i], list[i + 1]);
      }
  };
}

inline Visit calls(std::function<bool(const program::Program&, const program::KernelCall&)> fits,
                   std::function<void(program::Program&, program::KernelCall&)> change) {
  return [=](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::KernelCall& k : p.calls)
      if (fits(p, k) && places.here()) change(p, k);
  };
}

inline Visit core_steps(program::CoreOp op, std::function<void(program::EngineProgram&, std::size_t step)> change) {
  return [=](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      if (is_core(m, e))
        for (std::size_t s = 0; s < p.engines[e].steps.size(); ++s) {
          const int index = p.engines[e].steps[s].index;
          if (index >= 0 && p.engines[e].core[index].op == op && places.here()) return change(p.engines[e], s);
        }
  };
}

using Pair = std::vector<program::Transfer*>;  // source, then sinks
inline Visit pairs(
    std::function<bool(const program::EngineMap&, const program::Transfer&, program::EngineId source)> fits,
    std::function<void(const Pair&)> change) {
  return [=](program::Program& p, const program::EngineMap& m, Places& places) {
    for (const auto& ends : paired_transfers(p)) {
      const program::Transfer& source = p.engines[ends[0].engine].transfers[ends[0].index];
      if (!fits(m, source, ends[0].engine) || !places.here()) continue;
      Pair pair;
      for (const TransferAt& at : ends) pair.push_back(&p.engines[at.engine].transfers[at.index]);
      change(pair);
    }
  };
}

inline void erase_step(program::EngineProgram& e, int index) {
  for (std::size_t s = 0; s < e.steps.size(); ++s)
    if (e.steps[s].index == index) {
      e.steps.erase(e.steps.begin() + static_cast<std::ptrdiff_t>(s));
      return;
    }
}
inline void repeat_step(program::EngineProgram& e, int index) {
  for (std::size_t s = 0; s < e.steps.size(); ++s)
    if (e.steps[s].index == index) {
      e.steps.insert(e.steps.begin() + static_cast<std::ptrdiff_t>(s), e.steps[s]);
      return;
    }
}

// Whether what an instruction of a core releases (or acquires) is handed over at least three times more in the same
// layer: with two slots, one of them is then taken again while the call at hand may still need it.
inline bool reused(const program::EngineProgram& core, std::size_t i) {
  int more = 0;
  for (std::size_t j = i + 1; j < core.core.size(); ++j)
    if (core.core[j].op == core.core[i].op && core.core[j].layer == core.core[i].layer &&
        core.core[j].lock.lock == core.core[i].lock.lock)
      ++more;
  return core.core[i].op != program::CoreOp::kernel && more >= 3;
}

// Whether a core gets more inputs of a layer than it computes with: those for which it has no channels.
inline bool has_spare_inputs(const program::EngineProgram& core, const program::EngineProgram& channel, int layer) {
  int spare = 0;
  for (const program::Transfer& t : channel.transfers)
    spare += t.layer == layer && t.payload == program::Payload::activations ? 1 : 0;
  for (const program::CoreInstr& c : core.core) spare -= c.layer == layer && c.op == program::CoreOp::kernel ? 1 : 0;
  return spare > 0;
}

// ---- conditions ----

inline bool always(const program::Transfer&) { return true; }
inline bool acts(const program::Transfer& t) { return t.payload == program::Payload::activations; }
inline bool weights(const program::Transfer& t) { return t.payload == program::Payload::weights; }
inline bool result(const program::Transfer& t) { return t.payload == program::Payload::result; }
inline bool zeros(const program::Transfer& t) { return t.payload == program::Payload::padding; }
inline bool padded(const program::Transfer& t) { return t.access.stream_bytes() != t.access.memory_bytes(); }
inline bool conv(const program::Program&, const program::KernelCall& k) { return k.kind == program::KernelKind::conv; }

// Takes `bytes` off the end of a linear or row-wise access.
inline void shorten(program::Access& a, Bytes bytes) {
  const Bytes row = a.dims[0].count;
  if (a.rank == 1) a.dims[0].count = static_cast<std::int32_t>(row - bytes);
  if (a.rank > 1) a.dims[a.rank - 1].count -= 1;
}

// The mutations by what they are about, appended to `list`.
void add_data_mutations(std::vector<Mutation>& list);      // what transfers move, and the weights
void add_call_mutations(std::vector<Mutation>& list);      // kernel calls, layers, homes
void add_order_mutations(std::vector<Mutation>& list);     // locks, waits, streams
void add_hardware_mutations(std::vector<Mutation>& list);  // numbers the hardware does not have

}  // namespace tessera::mutating
