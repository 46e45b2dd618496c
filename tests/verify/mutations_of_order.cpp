// Mutations of locks, waits and streams, and numbers beyond the hardware.
#include <algorithm>

#include "tests/verify/mutation_fixture.h"

namespace tessera::mutating {

void add_order_mutations(std::vector<Mutation>& list) {
  const auto add = [&](std::string name, Visit visit) { list.push_back({std::move(name), std::move(visit)}); };
  // ---- order: locks, waits, streams ----
  add("missing acquire of a channel", transfers(
                                          compute, s2mm, [](const program::Transfer& t) { return t.acquire.lock >= 0; },
                                          [](program::Transfer& t) { t.acquire = {}; }));
  add("missing release of a channel", transfers(
                                          compute, s2mm, [](const program::Transfer& t) { return t.release.lock >= 0; },
                                          [](program::Transfer& t) { t.release = {}; }));
  add("missing acquire before a result leaves",
      transfers(
          compute, mm2s, [](const program::Transfer& t) { return t.acquire.lock >= 0; },
          [](program::Transfer& t) { t.acquire = {}; }));
  add("missing acquire of a core", core_steps(program::CoreOp::acquire, [](program::EngineProgram& e, std::size_t s) {
        e.steps.erase(e.steps.begin() + static_cast<std::ptrdiff_t>(s));
      }));
  add("missing release of a core", core_steps(program::CoreOp::release, [](program::EngineProgram& e, std::size_t s) {
        e.steps.erase(e.steps.begin() + static_cast<std::ptrdiff_t>(s));
      }));
  add("release one step early", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e) {
      program::EngineProgram& ep = p.engines[e];
      for (std::size_t i = 0; i < ep.core.size(); ++i) {
        if (ep.core[i].op != program::CoreOp::release || !reused(ep, i)) continue;
        std::size_t to = i;
        while (to > 0 && ep.core[to].op != program::CoreOp::kernel) --to;
        if (ep.core[to].op != program::CoreOp::kernel || ep.core[to].layer != ep.core[i].layer || !places.here())
          continue;
        return std::swap(ep.core[to], ep.core[i]);
      }
    }
  });
  add("release of another lock", transfers(
                                     compute, s2mm, [](const program::Transfer& t) { return t.release.lock >= 0; },
                                     [](program::Transfer& t) { t.release.lock ^= 1; }));
  add("release of two", transfers(
                            compute, s2mm, [](const program::Transfer& t) { return t.release.lock >= 0; },
                            [](program::Transfer& t) { t.release.value = 2; }));
  // Operands share their channel with weights, whose locks may order them as well: one credit more then changes
  // nothing.
  const auto begin = [&](const char* name, int change) {
    add(name, [change](program::Program& p, const program::EngineMap& m, Places& places) {
      for (program::LockInit& l : p.locks) {
        if (l.role == program::LockRole::operand_empty) continue;
        bool used = false;
        for (program::EngineId e = 0; e < m.count(); ++e)
          for (std::size_t i = 0; i < p.engines[e].core.size(); ++i)
            used = used ||
                   (m.info(e).tile == l.tile && p.engines[e].core[i].lock.lock == l.lock && reused(p.engines[e], i));
        if (used && places.here()) l.value = static_cast<std::int16_t>(std::max(0, l.value + change));
      }
    });
  };
  begin("lock begins one too high", 1);
  begin("lock begins at nothing", -63);
  add("lock value over 63", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::LockInit& l : p.locks)
      if (places.here()) l.value = 64;
  });
  add("lock that does not exist", transfers(
                                      compute, s2mm, [](const program::Transfer& t) { return t.acquire.lock >= 0; },
                                      [](program::Transfer& t) { t.acquire.lock = 16; }));
  add("missing wait", transfers(
                          memory, mm2s, [](const program::Transfer& t) { return acts(t) && t.wait_count == 1; },
                          [](program::Transfer& t) { t.wait_count = 0; }));
  // Not of waits for a reader of weights: that they were sent is said by the results too, which need them.
  add("missing wait before memory is taken over", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      for (program::Transfer& t : p.engines[e].transfers) {
        if (!in(m, e, memory, s2mm) || t.wait_count != 1) continue;
        const auto& before = p.engines[p.waits[t.wait0].engine].transfers;
        const bool sent =
            std::any_of(before.begin(), before.end(), weights) && in(m, p.waits[t.wait0].engine, memory, mm2s);
        if (!sent && places.here()) t.wait_count = 0;
      }
  });
  add("missing wait of weights",
      transfers(
          memory, mm2s, [](const program::Transfer& t) { return weights(t) && t.wait_count == 1; },
          [](program::Transfer& t) { t.wait_count = 0; }));
  add("wait one too small", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, memory, mm2s))
        for (const program::Transfer& t : p.engines[e].transfers)
          if (t.wait_count == 1 && places.here()) p.waits[t.wait0].tasks -= 1;
  });
  add("wait for a task that never comes", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      for (const program::Transfer& t : p.engines[e].transfers)
        if (t.wait_count > 0 && places.here())
          p.waits[t.wait0].tasks = static_cast<int>(p.engines[p.waits[t.wait0].engine].steps.size()) + 1;
  });
  add("crossing waits", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e + 1 < m.count(); ++e) {
      if (is_core(m, e) || p.engines[e].transfers.empty() || p.engines[e + 1].transfers.empty() || !places.here())
        continue;
      for (program::EngineId k : {e, e + 1}) {
        program::Transfer& t = p.engines[k].transfers[0];
        t.wait0 = static_cast<std::uint32_t>(p.waits.size());
        t.wait_count = 1;
        p.waits.push_back({k == e ? e + 1 : e, 1});
      }
    }
  });
  add("dropped transfer", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (const auto& ends : paired_transfers(p))
      if (places.here())
        for (const TransferAt& at : ends) erase_step(p.engines[at.engine], at.index);
  });
  add("duplicated transfer", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (const auto& ends : paired_transfers(p))
      if (!in(m, ends[0].engine, shim, mm2s) && places.here())
        for (const TransferAt& at : ends) repeat_step(p.engines[at.engine], at.index);
  });
  add("transfer dropped at its source only", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (const auto& ends : paired_transfers(p))
      if (places.here()) erase_step(p.engines[ends[0].engine], ends[0].index);
  });
  add("reordered transfers of a source", neighbours(
                                             memory, mm2s,
                                             [](const program::Transfer& a, const program::Transfer& b) {
                                               return a.route == b.route &&
                                                      a.access.stream_bytes() == b.access.stream_bytes() &&
                                                      a.layer == b.layer &&
                                                      (a.access.base != b.access.base || a.memory != b.memory);
                                             },
                                             [](program::Transfer& a, program::Transfer& b) { std::swap(a, b); }));
  add("reordered transfers of a sink", neighbours(
                                           compute, s2mm,
                                           [](const program::Transfer& a, const program::Transfer& b) {
                                             return a.route != b.route && a.access.base != b.access.base &&
                                                    a.payload == b.payload && a.layer == b.layer &&
                                                    a.tensor == b.tensor;
                                           },
                                           [](program::Transfer& a, program::Transfer& b) { std::swap(a, b); }));
  add("wrong route", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      if (m.info(e).kind == mm2s)
        for (program::Transfer& t : p.engines[e].transfers)
          for (std::size_t r = 0; r < p.routes.size(); ++r)
            if (p.routes[r].source == e && static_cast<int>(r) != t.route) {
              if (places.here()) t.route = static_cast<int>(r);
              break;
            }
  });
  add("route of another channel",
      transfers(memory, mm2s, always, [](program::Transfer& t) { t.route += t.route > 0 ? -1 : 1; }));
  add("lost multicast sink", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::Route& r : p.routes)
      if (r.sinks.size() > 1 && places.here()) r.sinks.pop_back();
  });
  add("multicast to one core too many", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::Route& r : p.routes)
      if (r.sinks.size() == 1 && in(m, r.sinks[0], compute, s2mm) && places.here()) {
        const auto& at = m.info(r.sinks[0]);
        const program::EngineId other = m.tile_channel(at.row == 0 ? 1 : 0, at.col, s2mm, at.channel);
        r.sinks.push_back(other);
        std::sort(r.sinks.begin(), r.sinks.end());
      }
  });
}

void add_hardware_mutations(std::vector<Mutation>& list) {
  const auto add = [&](std::string name, Visit visit) { list.push_back({std::move(name), std::move(visit)}); };
  // ---- the hardware ----
  add("bad descriptor", transfers(compute, s2mm, always, [](program::Transfer& t) { t.descriptor = 16; }));
  add("dimension too many", transfers(compute, s2mm, always, [](program::Transfer& t) {
        for (int d = t.access.rank; d < 4; ++d) t.access.dims[d] = {1, 4, 0, 0};
        t.access.rank = 4;
      }));
  add("step no multiple of 4",
      transfers(
          memory, mm2s, [](const program::Transfer& t) { return t.access.rank == 3 && t.access.dims[1].count > 1; },
          [](program::Transfer& t) { t.access.dims[1].step += 2; }));
  add("padding where there is none",
      transfers(compute, mm2s, always, [](program::Transfer& t) { t.access.dims[0].pad_after = 4; }));
  add("more zeros than a descriptor adds",
      transfers(
          memory, mm2s, [](const program::Transfer& t) { return acts(t) && t.access.rank == 3; },
          [](program::Transfer& t) { t.access.dims[1].pad_before = 40; }));
  add("wrap beyond its field", transfers(compute, s2mm, always, [](program::Transfer& t) {
        t.access.rank = 3;
        t.access.dims[0] = {4, 1, 0, 0};
        t.access.dims[1] = {256, 8, 0, 0};
        t.access.dims[2] = {1, 4, 0, 0};
      }));
  add("step beyond its field", transfers(shim, mm2s, always, [](program::Transfer& t) {
        t.access.rank = 2;
        t.access.dims[1] = {2, 4 << 20 | 4, 0, 0};
      }));
  add("addresses that 32 bits do not count", transfers(shim, mm2s, always, [](program::Transfer& t) {
        t.access.rank = 2;
        t.access.dims[1] = {1025, 4 << 20, 0, 0};
      }));
  add("DDR address beyond its end",
      transfers(shim, mm2s, always, [](program::Transfer& t) { t.access.base += 1 << 30; }));
}

}  // namespace tessera::mutating
