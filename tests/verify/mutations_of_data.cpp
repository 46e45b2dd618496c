// Mutations of what is moved, and where to.
#include <algorithm>

#include "tests/verify/mutation_fixture.h"

namespace tessera::mutating {

void add_data_mutations(std::vector<Mutation>& list) {
  const auto add = [&](std::string name, Visit visit) { list.push_back({std::move(name), std::move(visit)}); };
  // ---- what activations are moved ----
  add("dropped halo row", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (const auto& ends : paired_transfers(p)) {
      program::Transfer& source = p.engines[ends[0].engine].transfers[ends[0].index];
      if (!in(m, ends[0].engine, memory, mm2s) || !acts(source) || source.access.rank != 3) continue;
      if (source.access.dims[2].count <= 1 || source.access.dims[2].pad_after != 0) continue;
      const bool computed = std::any_of(ends.begin() + 1, ends.end(), [&](const TransferAt& at) {
        return !has_spare_inputs(p.engines[m.info(at.engine).tile], p.engines[at.engine], source.layer);
      });
      if (!computed || !places.here()) continue;
      const Bytes row = source.access.stream_bytes() / (source.access.dims[2].count + source.access.dims[2].pad_before);
      source.access.dims[2].count -= 1;
      for (const TransferAt& at : ends) {
        program::Transfer& t = p.engines[at.engine].transfers[at.index];
        t.region.h1 -= 1;
        if (&t != &source) shorten(t.access, row);
      }
    }
  });
  add("halo row read from one row further",
      transfers(
          memory, mm2s,
          [](const program::Transfer& t) { return acts(t) && t.access.rank == 3 && t.access.dims[2].count > 1; },
          [](program::Transfer& t) { t.access.base += t.access.dims[2].step; }));
  add("row distance one pixel too large",
      transfers(
          memory, mm2s,
          [](const program::Transfer& t) { return acts(t) && t.access.rank == 3 && t.access.dims[2].count > 1; },
          [](program::Transfer& t) { t.access.dims[2].step += t.access.dims[1].step; }));
  const auto strided = [](const program::Transfer& t) { return acts(t) && !t.lattice.every(); };
  add("rows and columns of a lattice one after the other",
      transfers(
          memory, mm2s,
          [&](const program::Transfer& t) {
            return strided(t) &&
                   ((t.lattice.w > 1 && t.access.dims[1].count > 1) || (t.lattice.h > 1 && t.access.dims[2].count > 1));
          },
          [](program::Transfer& t) {
            t.access.dims[1].step /= t.lattice.w;
            t.access.dims[2].step /= t.lattice.h;
          }));
  add("a lattice called the whole map", transfers(memory, mm2s, strided, [](program::Transfer& t) { t.lattice = {}; }));
  add("the whole map called a lattice",
      transfers(
          memory, mm2s, [](const program::Transfer& t) { return acts(t) && t.lattice.every(); },
          [](program::Transfer& t) { t.lattice.w = 2; }));
  add("a lattice that begins one row further", transfers(memory, mm2s, strided, [](program::Transfer& t) {
        t.access.base += t.access.dims[2].step / t.lattice.h;
      }));
  add("a lattice of no rows", transfers(memory, mm2s, strided, [](program::Transfer& t) { t.lattice.h = 0; }));
  add("channels read 8 further", transfers(memory, mm2s, acts, [](program::Transfer& t) { t.access.base += 8; }));
  add("wrong channel range, address and region alike",
      transfers(
          memory, mm2s, [](const program::Transfer& t) { return acts(t) && t.region.c0 >= 8; },
          [](program::Transfer& t) {
            t.access.base -= 8;
            t.region.c0 -= 8;
            t.region.c1 -= 8;
          }));
  add("another tensor's name", transfers(
                                   memory, mm2s, [](const program::Transfer& t) { return acts(t) && t.tensor > 0; },
                                   [](program::Transfer& t) { t.tensor = static_cast<std::int16_t>(t.tensor - 1); }));
  add("missing padding",
      pairs([](const program::EngineMap&, const program::Transfer& t, program::EngineId) { return padded(t); },
            [](const Pair& pair) {
              for (program::AccessDim& d : pair[0]->access.dims) d.pad_before = d.pad_after = 0;
            }));
  add("padding on the other side", transfers(
                                       memory, mm2s,
                                       [](const program::Transfer& t) {
                                         return acts(t) && (t.access.dims[1].pad_before != t.access.dims[1].pad_after ||
                                                            t.access.dims[2].pad_before != t.access.dims[2].pad_after);
                                       },
                                       [](program::Transfer& t) {
                                         std::swap(t.access.dims[1].pad_before, t.access.dims[1].pad_after);
                                         std::swap(t.access.dims[2].pad_before, t.access.dims[2].pad_after);
                                       }));
  add("an element of memory left among zeros", transfers(memory, mm2s, zeros, [](program::Transfer& t) {
        for (program::AccessDim& d : t.access.dims) std::swap(d.pad_before, d.pad_after);
      }));
  add("zeros one pixel further", transfers(compute, s2mm, zeros, [](program::Transfer& t) { t.access.base += 8; }));
  add("zeros labelled as a part of the map", transfers(memory, mm2s, zeros, [](program::Transfer& t) {
        t.region.h1 -= t.region.h0;
        t.region.w1 -= t.region.w0;
        t.region.h0 = t.region.w0 = 0;
      }));
  add("a part of the map called zeros",
      transfers(memory, mm2s, acts, [](program::Transfer& t) { t.payload = program::Payload::padding; }));
  add("swapped sources",
      neighbours(
          memory, mm2s,
          [](const program::Transfer& a, const program::Transfer& b) {
            return acts(a) && acts(b) && a.access.base != b.access.base;
          },
          [](program::Transfer& a, program::Transfer& b) { std::swap(a.access.base, b.access.base); }));
  add("transposed strides", transfers(
                                memory, s2mm,
                                [](const program::Transfer& t) {
                                  return result(t) && t.access.rank == 3 && t.access.dims[1].count > 1 &&
                                         t.access.dims[2].count > 1;
                                },
                                [](program::Transfer& t) { std::swap(t.access.dims[1], t.access.dims[2]); }));
  add("rows and columns of a source transposed",
      transfers(
          memory, mm2s,
          [](const program::Transfer& t) {
            return acts(t) && t.access.rank == 3 && t.access.dims[1].count > 1 && t.access.dims[2].count > 1 &&
                   !padded(t);
          },
          [](program::Transfer& t) { std::swap(t.access.dims[1], t.access.dims[2]); }));

  // ---- where it goes ----
  add("swapped addresses of two results",
      neighbours(
          memory, s2mm,
          [](const program::Transfer& a, const program::Transfer& b) {
            return result(a) && result(b) && a.access.base != b.access.base;
          },
          [](program::Transfer& a, program::Transfer& b) { std::swap(a.access.base, b.access.base); }));
  add("result 8 channels further", transfers(memory, s2mm, result, [](program::Transfer& t) { t.access.base += 8; }));
  add("result labelled one row further", transfers(memory, s2mm, result, [](program::Transfer& t) {
        t.region.h0 -= 1;
        t.region.h1 -= 1;
      }));
  add("stale ping buffer: the same slot twice",
      neighbours(
          compute, s2mm,
          [](const program::Transfer& a, const program::Transfer& b) {
            return a.layer == b.layer && a.payload == b.payload && a.acquire.lock >= 0 && b.acquire.lock >= 0 &&
                   a.access.base != b.access.base && a.acquire.lock == b.acquire.lock;
          },
          [](program::Transfer& a, program::Transfer& b) { b.access.base = a.access.base; }));
  add("input 4 bytes further", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e) {
      if (!in(m, e, compute, s2mm)) continue;
      for (program::Transfer& t : p.engines[e].transfers)
        if (acts(t) && !has_spare_inputs(p.engines[m.info(e).tile], p.engines[e], t.layer) && places.here())
          t.access.base += 4;
    }
  });
  add("buffer one byte too large",
      transfers(compute, s2mm, always, [](program::Transfer& t) { t.access.dims[0].count += 1; }));
  // Behind a chunk stands the next one, or nothing.
  add("buffer one word too large at both ends",
      pairs([](const program::EngineMap& m, const program::Transfer& t,
               program::EngineId e) { return in(m, e, shim, mm2s) && weights(t); },
            [](const Pair& pair) {
              for (program::Transfer* t : pair) t->access.dims[0].count += 4;
            }));
  add("weights one word short at both ends",
      pairs([](const program::EngineMap& m, const program::Transfer& t,
               program::EngineId e) { return in(m, e, shim, mm2s) && weights(t); },
            [](const Pair& pair) {
              for (program::Transfer* t : pair) t->access.dims[0].count -= 4;
            }));
  add("write over a live tensor", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (const program::TensorPiece& piece : p.pieces) {
      if (piece.in_ddr) continue;
      for (program::EngineId e = 0; e < m.count(); ++e)
        if (in(m, e, memory, s2mm))
          for (program::Transfer& t : p.engines[e].transfers)
            if (weights(t) && t.memory == piece.memory && t.layer > piece.tensor && t.layer <= piece.tensor + 1 &&
                places.here())
              t.access.base = piece.access.base;
    }
  });
  add("core buffer beyond its memory",
      transfers(compute, s2mm, always, [](program::Transfer& t) { t.access.base = 64 * 1024 - 8; }));
  add("core buffer over the stack",
      transfers(compute, s2mm, always, [](program::Transfer& t) { t.access.base = 64 * 1024 - 1024; }));
  add("memory tile out of reach",
      transfers(memory, mm2s, always, [](program::Transfer& t) { t.memory += t.memory % 2 == 0 ? 2 : -2; }));
  add("memory of a neighbour", transfers(memory, s2mm, always, [](program::Transfer& t) { t.memory ^= 1; }));

  // ---- weights ----
  add("wrong chunk", calls(conv, [](program::Program& p, program::KernelCall& k) {
        for (std::size_t c = 0; c < p.chunks.size(); ++c)
          if (static_cast<int>(c) != k.chunk && p.chunks[c].layer == k.layer) {
            k.chunk = static_cast<int>(c);
            return;
          }
        k.chunk = k.chunk > 0 ? k.chunk - 1 : k.chunk + 1;
      }));
  add("another chunk's address in DDR", [](program::Program& p, const program::EngineMap& m, Places& places) {
    for (program::EngineId e = 0; e < m.count(); ++e)
      if (in(m, e, shim, mm2s))
        for (program::Transfer& t : p.engines[e].transfers)
          if (weights(t) && places.here())
            for (const program::ChunkPlace& c : p.chunks)
              if (c.ddr_address != t.access.base && c.size.total() >= t.access.stream_bytes()) {
                t.access.base = c.ddr_address;
                break;
              }
  });
  add("weights fetched one word further",
      transfers(shim, mm2s, weights, [](program::Transfer& t) { t.access.base += 4; }));
  add("two chunks at one address", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (std::size_t c = 1; c < p.chunks.size(); ++c)
      if (p.chunks[c].size.total() > 0 && p.chunks[c - 1].size.total() > 0 && places.here())
        p.chunks[c].ddr_address = p.chunks[c - 1].ddr_address;
  });
  add("one block of a mask flipped", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (sparsity::KernelMask& mask : p.masks)
      for (std::uint8_t& bit : mask.bits)
        if (places.here()) bit ^= 1;
  });
  add("chunk without its bias", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ChunkPlace& c : p.chunks)
      if (c.shape.bias && places.here()) c.shape.bias = false;
  });
  add("chunk of one column less", [](program::Program& p, const program::EngineMap&, Places& places) {
    for (program::ChunkPlace& c : p.chunks)
      if (c.shape.col1 - c.shape.col0 > 1 && places.here()) c.shape.col1 -= 1;
  });
  add("weights from the other slot",
      calls([](const program::Program&,
               const program::KernelCall& k) { return k.kind == program::KernelKind::conv && k.weights >= 0; },
            [](program::Program&, program::KernelCall& k) { k.weights += 64; }));
}

}  // namespace tessera::mutating
