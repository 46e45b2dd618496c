// Mutations of kernel calls, layers and homes.
#include <algorithm>

#include "tests/verify/mutation_fixture.h"

namespace tessera::mutating {

void add_call_mutations(std::vector<Mutation>& list) {
  const auto add = [&](std::string name, Visit visit) { list.push_back({std::move(name), std::move(visit)}); };
  // ---- kernel calls ----
  add("first flag flipped", calls(conv, [](program::Program&, program::KernelCall& k) { k.first = !k.first; }));
  add("last flag flipped", calls(conv, [](program::Program&, program::KernelCall& k) { k.last = !k.last; }));
  add("input read 8 bytes further", calls([](const program::Program&, const program::KernelCall&) { return true; },
                                          [](program::Program&, program::KernelCall& k) { k.in += 8; }));
  add("input of the other slot", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e) {
      int before = -1;
      for (const program::CoreInstr& c : p.engines[e].core) {
        if (c.op != program::CoreOp::kernel) continue;
        program::KernelCall& k = p.calls[c.call];
        const int in_now = k.in;
        if (before >= 0 && before != k.in && places.here()) k.in = before;
        before = in_now;
      }
    }
  });
  add("input window one row less",
      calls([](const program::Program&, const program::KernelCall& k) { return k.in_h > 1; },
            [](program::Program&, program::KernelCall& k) { k.in_h -= 1; }));
  add("output one row further", calls([](const program::Program&, const program::KernelCall&) { return true; },
                                      [](program::Program&, program::KernelCall& k) {
                                        k.out.h0 += 1;
                                        k.out.h1 += 1;
                                      }));
  add("output one row less", calls(
                                 [](const program::Program& p, const program::KernelCall& k) {
                                   return k.out.h1 - k.out.h0 > 1 && p.layers[k.layer].layer.window.sh == 1;
                                 },
                                 [](program::Program&, program::KernelCall& k) {
                                   k.out.h1 -= 1;
                                   k.in_h -= 1;
                                 }));
  add("wrong input channels", calls(
                                  [](const program::Program& p, const program::KernelCall& k) {
                                    return k.kind == program::KernelKind::conv &&
                                           k.ic0 + k.in_c + 8 <= network::stored_channels(p.layers[k.layer].layer.in.c);
                                  },
                                  [](program::Program&, program::KernelCall& k) { k.ic0 += 8; }));
  add("partial sums at another address",
      calls([](const program::Program&,
               const program::KernelCall& k) { return k.kind == program::KernelKind::conv && !k.first; },
            [](program::Program&, program::KernelCall& k) { k.acc += 32; }));
  add("result where the input stands",
      calls([](const program::Program&, const program::KernelCall& k) { return k.result >= 0; },
            [](program::Program&, program::KernelCall& k) { k.result = k.in; }));
  add("result 4 bytes further",
      calls([](const program::Program&, const program::KernelCall& k) { return k.result >= 0 && k.last; },
            [](program::Program&, program::KernelCall& k) { k.result += 4; }));
  add("wrong residual", calls([](const program::Program&, const program::KernelCall& k) { return k.in2 >= 0; },
                              [](program::Program&, program::KernelCall& k) { k.in2 = k.in; }));
  add("residual of another tensor",
      transfers(
          memory, mm2s,
          [](const program::Transfer& t) { return acts(t) && t.access.rank == 3 && t.layer > t.tensor + 1; },
          [](program::Transfer& t) { t.access.base += t.access.dims[1].step; }));
  add("residual forgotten",
      calls([](const program::Program&, const program::KernelCall& k) { return k.add_layer >= 0 && k.last; },
            [](program::Program&, program::KernelCall& k) { k.add_layer = -1; }));
  add("wrong kernel", calls([](const program::Program&,
                               const program::KernelCall& k) { return k.kind == program::KernelKind::maxpool; },
                            [](program::Program&, program::KernelCall& k) { k.kind = program::KernelKind::avgpool; }));
  add("call dropped", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      for (std::size_t i = 0; i < p.engines[e].core.size(); ++i) {
        const program::CoreInstr& c = p.engines[e].core[i];
        if (c.op != program::CoreOp::kernel) continue;
        // A call in the middle of a sum whose blocks are all zero does nothing.
        const program::KernelCall& k = p.calls[c.call];
        const bool works = k.first || k.last || p.chunks[k.chunk].size.blocks > 0;
        if (works && places.here()) return erase_step(p.engines[e], static_cast<int>(i));
      }
  });
  add("call repeated", core_steps(program::CoreOp::kernel, [](program::EngineProgram& e, std::size_t s) {
        e.steps.insert(e.steps.begin() + static_cast<std::ptrdiff_t>(s), e.steps[s]);
      }));
  add("calls in another order", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e) {
      program::CoreInstr* before = nullptr;
      for (program::CoreInstr& c : p.engines[e].core) {
        if (c.op != program::CoreOp::kernel) continue;
        if (before != nullptr && places.here()) std::swap(before->call, c.call);
        before = &c;
      }
    }
  });
  add("wrong shift", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ProgramLayer& l : p.layers)
      if (l.layer.op == network::Op::conv2d && places.here()) l.layer.shift += 1;
  });
  add("multipliers of channels forgotten", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ChunkPlace& c : p.chunks)
      if (c.shape.multipliers && places.here()) {
        c.shape.multipliers = false;
        c.size.multipliers = 0;
      }
  });
  add("wrong multiplier", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ProgramLayer& l : p.layers)
      if (l.layer.scaling == network::Scaling::tensor && places.here()) l.layer.multiplier[0] /= 2;
  });
  add("wrong relu", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ProgramLayer& l : p.layers)
      if (l.layer.op == network::Op::conv2d && places.here()) l.layer.relu = !l.layer.relu;
  });
  add("wrong stride", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ProgramLayer& l : p.layers)
      if (l.layer.op == network::Op::conv2d && l.layer.out.w > 1 && places.here())
        l.layer.window.sw = 3 - l.layer.window.sw;
  });
  add("home of a tensor moved", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::TensorPiece& t : p.pieces)
      if (t.tensor > 0 && places.here()) t.access.base += 8;
  });
  add("home of a tensor forgotten", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (std::size_t i = 0; i < p.pieces.size(); ++i)
      if (p.pieces[i].tensor > 0 && places.here()) {
        p.pieces.erase(p.pieces.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
  });
}

}  // namespace tessera::mutating
