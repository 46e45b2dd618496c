#include "tests/verify/mutations.h"

#include <algorithm>
#include <map>

namespace tessera {
namespace {

using Visit = std::function<void(Program&, const EngineMap&, Places&)>;

bool is_core(const EngineMap& m, EngineId e) { return m.info(e).kind == EngineKind::core; }
bool in(const EngineMap& m, EngineId e, TileKind tile, EngineKind kind) {
  return m.info(e).tile_kind == tile && m.info(e).kind == kind;
}
constexpr TileKind compute = TileKind::compute, memory = TileKind::memory, shim = TileKind::shim;
constexpr EngineKind s2mm = EngineKind::s2mm, mm2s = EngineKind::mm2s;

// ---- ways to visit ----

// Every transfer of channels of one kind for which `change` is possible.
Visit transfers(TileKind tile, EngineKind kind, std::function<bool(const Transfer&)> fits,
                std::function<void(Transfer&)> change) {
  return [=](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, tile, kind))
        for (Transfer& t : p.engines[e].transfers)
          if (fits(t) && places.here()) change(t);
  };
}

// The first transfer and the next that fits it, on one channel.
Visit neighbours(TileKind tile, EngineKind kind, std::function<bool(const Transfer&, const Transfer&)> fits,
                 std::function<void(Transfer&, Transfer&)> change) {
  return [=](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, tile, kind)) {
        auto& list = p.engines[e].transfers;
        for (std::size_t i = 0; i + 1 < list.size(); ++i)
          if (fits(list[i], list[i + 1]) && places.here()) change(list[i], list[i + 1]);
      }
  };
}

Visit calls(std::function<bool(const Program&, const KernelCall&)> fits,
            std::function<void(Program&, KernelCall&)> change) {
  return [=](Program& p, const EngineMap&, Places& places) {
    for (KernelCall& k : p.calls)
      if (fits(p, k) && places.here()) change(p, k);
  };
}

Visit core_steps(CoreOp op, std::function<void(EngineProgram&, std::size_t step)> change) {
  return [=](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      if (is_core(m, e))
        for (std::size_t s = 0; s < p.engines[e].steps.size(); ++s) {
          const int index = p.engines[e].steps[s].index;
          if (index >= 0 && p.engines[e].core[index].op == op && places.here()) return change(p.engines[e], s);
        }
  };
}

using Pair = std::vector<Transfer*>;  // source, then sinks
Visit pairs(std::function<bool(const EngineMap&, const Transfer&, EngineId source)> fits,
            std::function<void(const Pair&)> change) {
  return [=](Program& p, const EngineMap& m, Places& places) {
    for (const auto& ends : paired_transfers(p)) {
      const Transfer& source = p.engines[ends[0].engine].transfers[ends[0].index];
      if (!fits(m, source, ends[0].engine) || !places.here()) continue;
      Pair pair;
      for (const TransferAt& at : ends) pair.push_back(&p.engines[at.engine].transfers[at.index]);
      change(pair);
    }
  };
}

void erase_step(EngineProgram& e, int index) {
  for (std::size_t s = 0; s < e.steps.size(); ++s)
    if (e.steps[s].index == index) {
      e.steps.erase(e.steps.begin() + static_cast<std::ptrdiff_t>(s));
      return;
    }
}
void repeat_step(EngineProgram& e, int index) {
  for (std::size_t s = 0; s < e.steps.size(); ++s)
    if (e.steps[s].index == index) {
      e.steps.insert(e.steps.begin() + static_cast<std::ptrdiff_t>(s), e.steps[s]);
      return;
    }
}

// Whether what an instruction of a core releases (or acquires) is handed over at least three times more in the same
// layer: with two slots, one of them is then taken again while the call at hand may still need it.
bool reused(const EngineProgram& core, std::size_t i) {
  int more = 0;
  for (std::size_t j = i + 1; j < core.core.size(); ++j)
    if (core.core[j].op == core.core[i].op && core.core[j].layer == core.core[i].layer &&
        core.core[j].lock.lock == core.core[i].lock.lock)
      ++more;
  return core.core[i].op != CoreOp::kernel && more >= 3;
}

// ---- conditions ----

bool always(const Transfer&) { return true; }
bool acts(const Transfer& t) { return t.payload == Payload::activations; }
bool weights(const Transfer& t) { return t.payload == Payload::weights; }
bool result(const Transfer& t) { return t.payload == Payload::result; }
bool padded(const Transfer& t) { return t.access.stream_bytes() != t.access.memory_bytes(); }
bool conv(const Program&, const KernelCall& k) { return k.kind == KernelKind::conv; }

// Takes `bytes` off the end of a linear or row-wise access.
void shorten(Access& a, Bytes bytes) {
  const Bytes row = a.dims[0].count;
  if (a.rank == 1) a.dims[0].count = static_cast<std::int32_t>(row - bytes);
  if (a.rank > 1) a.dims[a.rank - 1].count -= 1;
}

std::vector<Mutation> all() {
  std::vector<Mutation> list;
  const auto add = [&](std::string name, Visit visit) { list.push_back({std::move(name), std::move(visit)}); };

  // ---- what activations are moved ----
  add("dropped halo row", pairs(
                              [](const EngineMap& m, const Transfer& t, EngineId e) {
                                return in(m, e, memory, mm2s) && acts(t) && t.access.rank == 3 &&
                                       t.access.dims[2].count > 1 && t.access.dims[2].pad_after == 0;
                              },
                              [](const Pair& pair) {
                                const Bytes row = pair[0]->access.stream_bytes() /
                                                  (pair[0]->access.dims[2].count + pair[0]->access.dims[2].pad_before);
                                pair[0]->access.dims[2].count -= 1;
                                for (Transfer* t : pair) {
                                  t->region.h1 -= 1;
                                  if (t != pair[0]) shorten(t->access, row);
                                }
                              }));
  add("halo row read from one row further",
      transfers(
          memory, mm2s, [](const Transfer& t) { return acts(t) && t.access.rank == 3 && t.access.dims[2].count > 1; },
          [](Transfer& t) { t.access.base += t.access.dims[2].step; }));
  add("row distance one pixel too large",
      transfers(
          memory, mm2s, [](const Transfer& t) { return acts(t) && t.access.rank == 3 && t.access.dims[2].count > 1; },
          [](Transfer& t) { t.access.dims[2].step += t.access.dims[1].step; }));
  add("channels read 8 further", transfers(memory, mm2s, acts, [](Transfer& t) { t.access.base += 8; }));
  add("wrong channel range, address and region alike",
      transfers(
          memory, mm2s, [](const Transfer& t) { return acts(t) && t.region.c0 >= 8; },
          [](Transfer& t) {
            t.access.base -= 8;
            t.region.c0 -= 8;
            t.region.c1 -= 8;
          }));
  add("another tensor's name", transfers(
                                   memory, mm2s, [](const Transfer& t) { return acts(t) && t.tensor > 0; },
                                   [](Transfer& t) { t.tensor = static_cast<std::int16_t>(t.tensor - 1); }));
  add("missing padding", pairs([](const EngineMap&, const Transfer& t, EngineId) { return padded(t); },
                               [](const Pair& pair) {
                                 for (AccessDim& d : pair[0]->access.dims) d.pad_before = d.pad_after = 0;
                               }));
  add("padding on the other side", transfers(
                                       memory, mm2s,
                                       [](const Transfer& t) {
                                         return acts(t) && (t.access.dims[1].pad_before != t.access.dims[1].pad_after ||
                                                            t.access.dims[2].pad_before != t.access.dims[2].pad_after);
                                       },
                                       [](Transfer& t) {
                                         std::swap(t.access.dims[1].pad_before, t.access.dims[1].pad_after);
                                         std::swap(t.access.dims[2].pad_before, t.access.dims[2].pad_after);
                                       }));
  add("swapped sources",
      neighbours(
          memory, mm2s,
          [](const Transfer& a, const Transfer& b) { return acts(a) && acts(b) && a.access.base != b.access.base; },
          [](Transfer& a, Transfer& b) { std::swap(a.access.base, b.access.base); }));
  add("transposed strides", transfers(
                                memory, s2mm,
                                [](const Transfer& t) {
                                  return result(t) && t.access.rank == 3 && t.access.dims[1].count > 1 &&
                                         t.access.dims[2].count > 1;
                                },
                                [](Transfer& t) { std::swap(t.access.dims[1], t.access.dims[2]); }));
  add("rows and columns of a source transposed",
      transfers(
          memory, mm2s,
          [](const Transfer& t) {
            return acts(t) && t.access.rank == 3 && t.access.dims[1].count > 1 && t.access.dims[2].count > 1 &&
                   !padded(t);
          },
          [](Transfer& t) { std::swap(t.access.dims[1], t.access.dims[2]); }));

  // ---- where it goes ----
  add("swapped addresses of two results",
      neighbours(
          memory, s2mm,
          [](const Transfer& a, const Transfer& b) { return result(a) && result(b) && a.access.base != b.access.base; },
          [](Transfer& a, Transfer& b) { std::swap(a.access.base, b.access.base); }));
  add("result 8 channels further", transfers(memory, s2mm, result, [](Transfer& t) { t.access.base += 8; }));
  add("result labelled one row further", transfers(memory, s2mm, result, [](Transfer& t) {
        t.region.h0 -= 1;
        t.region.h1 -= 1;
      }));
  add("stale ping buffer: the same slot twice", neighbours(
                                                    compute, s2mm,
                                                    [](const Transfer& a, const Transfer& b) {
                                                      return a.layer == b.layer && a.payload == b.payload &&
                                                             a.acquire.lock >= 0 && b.acquire.lock >= 0 &&
                                                             a.access.base != b.access.base &&
                                                             a.acquire.lock == b.acquire.lock;
                                                    },
                                                    [](Transfer& a, Transfer& b) { b.access.base = a.access.base; }));
  add("input 4 bytes further", transfers(compute, s2mm, acts, [](Transfer& t) { t.access.base += 4; }));
  add("buffer one byte too large", transfers(compute, s2mm, always, [](Transfer& t) { t.access.dims[0].count += 1; }));
  add("buffer one word too large at both ends",
      pairs([](const EngineMap& m, const Transfer& t, EngineId e) { return in(m, e, shim, mm2s) && weights(t); },
            [](const Pair& pair) {
              for (Transfer* t : pair) t->access.dims[0].count += 4;
            }));
  add("weights one word short at both ends",
      pairs([](const EngineMap& m, const Transfer& t, EngineId e) { return in(m, e, shim, mm2s) && weights(t); },
            [](const Pair& pair) {
              for (Transfer* t : pair) t->access.dims[0].count -= 4;
            }));
  add("write over a live tensor", [](Program& p, const EngineMap& m, Places& places) {
    for (const TensorPiece& piece : p.pieces) {
      if (piece.in_ddr) continue;
      for (EngineId e = 0; e < m.count(); ++e)
        if (in(m, e, memory, s2mm))
          for (Transfer& t : p.engines[e].transfers)
            if (weights(t) && t.memory == piece.memory && t.layer > piece.tensor && t.layer <= piece.tensor + 1 &&
                places.here())
              t.access.base = piece.access.base;
    }
  });
  add("core buffer beyond its memory",
      transfers(compute, s2mm, always, [](Transfer& t) { t.access.base = 64 * 1024 - 8; }));
  add("core buffer over the stack",
      transfers(compute, s2mm, always, [](Transfer& t) { t.access.base = 64 * 1024 - 1024; }));
  add("memory tile out of reach",
      transfers(memory, mm2s, always, [](Transfer& t) { t.memory += t.memory % 2 == 0 ? 2 : -2; }));
  add("memory of a neighbour", transfers(memory, s2mm, always, [](Transfer& t) { t.memory ^= 1; }));

  // ---- weights ----
  add("wrong chunk", calls(conv, [](Program& p, KernelCall& k) {
        for (std::size_t c = 0; c < p.chunks.size(); ++c)
          if (static_cast<int>(c) != k.chunk && p.chunks[c].layer == k.layer) {
            k.chunk = static_cast<int>(c);
            return;
          }
        k.chunk = k.chunk > 0 ? k.chunk - 1 : k.chunk + 1;
      }));
  add("another chunk's address in DDR", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, shim, mm2s))
        for (Transfer& t : p.engines[e].transfers)
          if (weights(t) && places.here())
            for (const ChunkPlace& c : p.chunks)
              if (c.ddr_address != t.access.base && c.size.total() >= t.access.stream_bytes()) {
                t.access.base = c.ddr_address;
                break;
              }
  });
  add("weights fetched one word further", transfers(shim, mm2s, weights, [](Transfer& t) { t.access.base += 4; }));
  add("two chunks at one address", [](Program& p, const EngineMap&, Places& places) {
    for (std::size_t c = 1; c < p.chunks.size(); ++c)
      if (p.chunks[c].size.total() > 0 && p.chunks[c - 1].size.total() > 0 && places.here())
        p.chunks[c].ddr_address = p.chunks[c - 1].ddr_address;
  });
  add("one block of a mask flipped", [](Program& p, const EngineMap&, Places& places) {
    for (KernelMask& mask : p.masks)
      for (std::uint8_t& bit : mask.bits)
        if (places.here()) bit ^= 1;
  });
  add("chunk without its bias", [](Program& p, const EngineMap&, Places& places) {
    for (ChunkPlace& c : p.chunks)
      if (c.shape.bias && places.here()) c.shape.bias = false;
  });
  add("chunk of one column less", [](Program& p, const EngineMap&, Places& places) {
    for (ChunkPlace& c : p.chunks)
      if (c.shape.col1 - c.shape.col0 > 1 && places.here()) c.shape.col1 -= 1;
  });
  add("weights from the other slot",
      calls([](const Program&, const KernelCall& k) { return k.kind == KernelKind::conv && k.weights >= 0; },
            [](Program&, KernelCall& k) { k.weights += 64; }));

  // ---- kernel calls ----
  add("first flag flipped", calls(conv, [](Program&, KernelCall& k) { k.first = !k.first; }));
  add("last flag flipped", calls(conv, [](Program&, KernelCall& k) { k.last = !k.last; }));
  add("input read 8 bytes further",
      calls([](const Program&, const KernelCall&) { return true; }, [](Program&, KernelCall& k) { k.in += 8; }));
  add("input of the other slot", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e) {
      int before = -1;
      for (const CoreInstr& c : p.engines[e].core) {
        if (c.op != CoreOp::kernel) continue;
        KernelCall& k = p.calls[c.call];
        const int in_now = k.in;
        if (before >= 0 && before != k.in && places.here()) k.in = before;
        before = in_now;
      }
    }
  });
  add("input window one row less", calls([](const Program&, const KernelCall& k) { return k.in_h > 1; },
                                         [](Program&, KernelCall& k) { k.in_h -= 1; }));
  add("output one row further", calls([](const Program&, const KernelCall&) { return true; },
                                      [](Program&, KernelCall& k) {
                                        k.out.h0 += 1;
                                        k.out.h1 += 1;
                                      }));
  add("output one row less",
      calls([](const Program& p,
               const KernelCall& k) { return k.out.h1 - k.out.h0 > 1 && p.layers[k.layer].layer.window.sh == 1; },
            [](Program&, KernelCall& k) {
              k.out.h1 -= 1;
              k.in_h -= 1;
            }));
  add("wrong input channels", calls(
                                  [](const Program& p, const KernelCall& k) {
                                    return k.kind == KernelKind::conv &&
                                           k.ic0 + k.in_c + 8 <= stored_channels(p.layers[k.layer].layer.in.c);
                                  },
                                  [](Program&, KernelCall& k) { k.ic0 += 8; }));
  add("partial sums at another address",
      calls([](const Program&, const KernelCall& k) { return k.kind == KernelKind::conv && !k.first; },
            [](Program&, KernelCall& k) { k.acc += 32; }));
  add("result where the input stands", calls([](const Program&, const KernelCall& k) { return k.result >= 0; },
                                             [](Program&, KernelCall& k) { k.result = k.in; }));
  add("result 4 bytes further", calls([](const Program&, const KernelCall& k) { return k.result >= 0 && k.last; },
                                      [](Program&, KernelCall& k) { k.result += 4; }));
  add("wrong residual", calls([](const Program&, const KernelCall& k) { return k.in2 >= 0; },
                              [](Program&, KernelCall& k) { k.in2 = k.in; }));
  add("residual of another tensor",
      transfers(
          memory, mm2s, [](const Transfer& t) { return acts(t) && t.access.rank == 3 && t.layer > t.tensor + 1; },
          [](Transfer& t) { t.access.base += t.access.dims[1].step; }));
  add("residual forgotten", calls([](const Program&, const KernelCall& k) { return k.add_layer >= 0 && k.last; },
                                  [](Program&, KernelCall& k) { k.add_layer = -1; }));
  add("wrong kernel", calls([](const Program&, const KernelCall& k) { return k.kind == KernelKind::maxpool; },
                            [](Program&, KernelCall& k) { k.kind = KernelKind::avgpool; }));
  add("call dropped", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      for (std::size_t i = 0; i < p.engines[e].core.size(); ++i) {
        const CoreInstr& c = p.engines[e].core[i];
        if (c.op != CoreOp::kernel) continue;
        // A call in the middle of a sum whose blocks are all zero does nothing.
        const KernelCall& k = p.calls[c.call];
        const bool works = k.first || k.last || p.chunks[k.chunk].size.blocks > 0;
        if (works && places.here()) return erase_step(p.engines[e], static_cast<int>(i));
      }
  });
  add("call repeated", core_steps(CoreOp::kernel, [](EngineProgram& e, std::size_t s) {
        e.steps.insert(e.steps.begin() + static_cast<std::ptrdiff_t>(s), e.steps[s]);
      }));
  add("calls in another order", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e) {
      CoreInstr* before = nullptr;
      for (CoreInstr& c : p.engines[e].core) {
        if (c.op != CoreOp::kernel) continue;
        if (before != nullptr && places.here()) std::swap(before->call, c.call);
        before = &c;
      }
    }
  });
  add("wrong shift", [](Program& p, const EngineMap&, Places& places) {
    for (ProgramLayer& l : p.layers)
      if (l.layer.op == Op::conv2d && places.here()) l.layer.shift += 1;
  });
  add("wrong relu", [](Program& p, const EngineMap&, Places& places) {
    for (ProgramLayer& l : p.layers)
      if (l.layer.op == Op::conv2d && places.here()) l.layer.relu = !l.layer.relu;
  });
  add("wrong stride", [](Program& p, const EngineMap&, Places& places) {
    for (ProgramLayer& l : p.layers)
      if (l.layer.op == Op::conv2d && l.layer.out.w > 1 && places.here()) l.layer.window.sw = 3 - l.layer.window.sw;
  });
  add("home of a tensor moved", [](Program& p, const EngineMap&, Places& places) {
    for (TensorPiece& t : p.pieces)
      if (t.tensor > 0 && places.here()) t.access.base += 8;
  });
  add("home of a tensor forgotten", [](Program& p, const EngineMap&, Places& places) {
    for (std::size_t i = 0; i < p.pieces.size(); ++i)
      if (p.pieces[i].tensor > 0 && places.here()) {
        p.pieces.erase(p.pieces.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
  });

  // ---- order: locks, waits, streams ----
  add("missing acquire of a channel",
      transfers(
          compute, s2mm, [](const Transfer& t) { return t.acquire.lock >= 0; }, [](Transfer& t) { t.acquire = {}; }));
  add("missing release of a channel",
      transfers(
          compute, s2mm, [](const Transfer& t) { return t.release.lock >= 0; }, [](Transfer& t) { t.release = {}; }));
  add("missing acquire before a result leaves",
      transfers(
          compute, mm2s, [](const Transfer& t) { return t.acquire.lock >= 0; }, [](Transfer& t) { t.acquire = {}; }));
  add("missing acquire of a core", core_steps(CoreOp::acquire, [](EngineProgram& e, std::size_t s) {
        e.steps.erase(e.steps.begin() + static_cast<std::ptrdiff_t>(s));
      }));
  add("missing release of a core", core_steps(CoreOp::release, [](EngineProgram& e, std::size_t s) {
        e.steps.erase(e.steps.begin() + static_cast<std::ptrdiff_t>(s));
      }));
  add("release one step early", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e) {
      EngineProgram& ep = p.engines[e];
      for (std::size_t i = 0; i < ep.core.size(); ++i) {
        if (ep.core[i].op != CoreOp::release || !reused(ep, i)) continue;
        std::size_t to = i;
        while (to > 0 && ep.core[to].op != CoreOp::kernel) --to;
        if (ep.core[to].op != CoreOp::kernel || ep.core[to].layer != ep.core[i].layer || !places.here()) continue;
        return std::swap(ep.core[to], ep.core[i]);
      }
    }
  });
  add("release of another lock", transfers(
                                     compute, s2mm, [](const Transfer& t) { return t.release.lock >= 0; },
                                     [](Transfer& t) { t.release.lock ^= 1; }));
  add("release of two", transfers(
                            compute, s2mm, [](const Transfer& t) { return t.release.lock >= 0; },
                            [](Transfer& t) { t.release.value = 2; }));
  // Operands share their channel with weights, whose locks may order them as well: one credit more then changes
  // nothing.
  const auto begin = [&](const char* name, int change) {
    add(name, [change](Program& p, const EngineMap& m, Places& places) {
      for (LockInit& l : p.locks) {
        if (l.role == LockRole::operand_empty) continue;
        bool used = false;
        for (EngineId e = 0; e < m.count(); ++e)
          for (std::size_t i = 0; i < p.engines[e].core.size(); ++i)
            used = used ||
                   (m.info(e).tile == l.tile && p.engines[e].core[i].lock.lock == l.lock && reused(p.engines[e], i));
        if (used && l.value + change >= 0 && places.here()) l.value = static_cast<std::int16_t>(l.value + change);
      }
    });
  };
  begin("lock begins one too high", 1);
  begin("lock begins two too low", -2);
  add("lock value over 63", [](Program& p, const EngineMap&, Places& places) {
    for (LockInit& l : p.locks)
      if (places.here()) l.value = 64;
  });
  add("lock that does not exist", transfers(
                                      compute, s2mm, [](const Transfer& t) { return t.acquire.lock >= 0; },
                                      [](Transfer& t) { t.acquire.lock = 16; }));
  add("missing wait", transfers(
                          memory, mm2s, [](const Transfer& t) { return acts(t) && t.wait_count == 1; },
                          [](Transfer& t) { t.wait_count = 0; }));
  add("missing wait before memory is taken over",
      transfers(
          memory, s2mm, [](const Transfer& t) { return t.wait_count == 1; }, [](Transfer& t) { t.wait_count = 0; }));
  add("missing wait of weights", transfers(
                                     memory, mm2s, [](const Transfer& t) { return weights(t) && t.wait_count == 1; },
                                     [](Transfer& t) { t.wait_count = 0; }));
  add("wait one too small", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, memory, mm2s))
        for (const Transfer& t : p.engines[e].transfers)
          if (t.wait_count == 1 && places.here()) p.waits[t.wait0].tasks -= 1;
  });
  add("wait for a task that never comes", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      for (const Transfer& t : p.engines[e].transfers)
        if (t.wait_count > 0 && places.here())
          p.waits[t.wait0].tasks = static_cast<int>(p.engines[p.waits[t.wait0].engine].steps.size()) + 1;
  });
  add("crossing waits", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e + 1 < m.count(); ++e) {
      if (is_core(m, e) || p.engines[e].transfers.empty() || p.engines[e + 1].transfers.empty() || !places.here())
        continue;
      for (EngineId k : {e, e + 1}) {
        Transfer& t = p.engines[k].transfers[0];
        t.wait0 = static_cast<std::uint32_t>(p.waits.size());
        t.wait_count = 1;
        p.waits.push_back({k == e ? e + 1 : e, 1});
      }
    }
  });
  add("dropped transfer", [](Program& p, const EngineMap&, Places& places) {
    for (const auto& ends : paired_transfers(p))
      if (places.here())
        for (const TransferAt& at : ends) erase_step(p.engines[at.engine], at.index);
  });
  add("duplicated transfer", [](Program& p, const EngineMap& m, Places& places) {
    for (const auto& ends : paired_transfers(p))
      if (!in(m, ends[0].engine, shim, mm2s) && places.here())
        for (const TransferAt& at : ends) repeat_step(p.engines[at.engine], at.index);
  });
  add("transfer dropped at its source only", [](Program& p, const EngineMap&, Places& places) {
    for (const auto& ends : paired_transfers(p))
      if (places.here()) erase_step(p.engines[ends[0].engine], ends[0].index);
  });
  add("reordered transfers of a source", neighbours(
                                             memory, mm2s,
                                             [](const Transfer& a, const Transfer& b) {
                                               return a.route == b.route &&
                                                      a.access.stream_bytes() == b.access.stream_bytes() &&
                                                      a.layer == b.layer &&
                                                      (a.access.base != b.access.base || a.memory != b.memory);
                                             },
                                             [](Transfer& a, Transfer& b) { std::swap(a, b); }));
  add("reordered transfers of a sink", neighbours(
                                           compute, s2mm,
                                           [](const Transfer& a, const Transfer& b) {
                                             return a.route != b.route && a.access.base != b.access.base &&
                                                    a.payload == b.payload && a.layer == b.layer &&
                                                    a.tensor == b.tensor;
                                           },
                                           [](Transfer& a, Transfer& b) { std::swap(a, b); }));
  add("wrong route", [](Program& p, const EngineMap& m, Places& places) {
    for (EngineId e = 0; e < m.count(); ++e)
      if (m.info(e).kind == mm2s)
        for (Transfer& t : p.engines[e].transfers)
          for (std::size_t r = 0; r < p.routes.size(); ++r)
            if (p.routes[r].source == e && static_cast<int>(r) != t.route) {
              if (places.here()) t.route = static_cast<int>(r);
              break;
            }
  });
  add("route of another channel",
      transfers(memory, mm2s, always, [](Transfer& t) { t.route += t.route > 0 ? -1 : 1; }));
  add("lost multicast sink", [](Program& p, const EngineMap&, Places& places) {
    for (Route& r : p.routes)
      if (r.sinks.size() > 1 && places.here()) r.sinks.pop_back();
  });
  add("multicast to one core too many", [](Program& p, const EngineMap& m, Places& places) {
    for (Route& r : p.routes)
      if (r.sinks.size() == 1 && in(m, r.sinks[0], compute, s2mm) && places.here()) {
        const auto& at = m.info(r.sinks[0]);
        const EngineId other = m.tile_channel(at.row == 0 ? 1 : 0, at.col, s2mm, at.channel);
        r.sinks.push_back(other);
        std::sort(r.sinks.begin(), r.sinks.end());
      }
  });

  // ---- the hardware ----
  add("bad descriptor", transfers(compute, s2mm, always, [](Transfer& t) { t.descriptor = 16; }));
  add("dimension too many", transfers(compute, s2mm, always, [](Transfer& t) {
        for (int d = t.access.rank; d < 4; ++d) t.access.dims[d] = {1, 4, 0, 0};
        t.access.rank = 4;
      }));
  add("step no multiple of 4",
      transfers(
          memory, mm2s, [](const Transfer& t) { return t.access.rank == 3 && t.access.dims[1].count > 1; },
          [](Transfer& t) { t.access.dims[1].step += 2; }));
  add("padding where there is none",
      transfers(compute, mm2s, always, [](Transfer& t) { t.access.dims[0].pad_after = 4; }));
  add("DDR address beyond its end", transfers(shim, mm2s, always, [](Transfer& t) { t.access.base += 1 << 30; }));
  return list;
}

}  // namespace

std::vector<std::vector<TransferAt>> paired_transfers(const Program& p) {
  std::map<std::pair<EngineId, RouteId>, std::vector<int>> on_route;
  for (std::size_t e = 0; e < p.engines.size(); ++e)
    for (const Step& s : p.engines[e].steps)
      if (s.index >= 0 && !p.engines[e].transfers.empty())
        on_route[{static_cast<EngineId>(e), p.engines[e].transfers[s.index].route}].push_back(s.index);
  std::vector<std::vector<TransferAt>> all_pairs;
  for (std::size_t r = 0; r < p.routes.size(); ++r) {
    const auto id = static_cast<RouteId>(r);
    const auto& sources = on_route[{p.routes[r].source, id}];
    for (std::size_t n = 0; n < sources.size(); ++n) {
      std::vector<TransferAt> ends{{p.routes[r].source, sources[n]}};
      for (EngineId sink : p.routes[r].sinks) {
        const auto& list = on_route[{sink, id}];
        if (n < list.size()) ends.push_back({sink, list[n]});
      }
      if (ends.size() == p.routes[r].sinks.size() + 1) all_pairs.push_back(std::move(ends));
    }
  }
  return all_pairs;
}

const std::vector<Mutation>& mutations() {
  static const std::vector<Mutation> list = all();
  return list;
}

}  // namespace tessera
