#include "sim/lower/emission.h"

#include <algorithm>
#include <utility>

#include "sim/program/descriptor.h"

namespace tessera::lower {

Emission::Emission(const network::Network& n, const arch::ArraySpec& a, std::vector<mapping::Alias> tensors)
    : network(n),
      array(a),
      builder(a),
      memory(builder.map().tile_count()),
      load_turns(a.memtiles(), 0),
      aliases(std::move(tensors)),
      placements(n.layers.size()),
      passed_(builder.map().count()) {
  batch = std::any_of(n.layers.begin(), n.layers.end(), [](const network::Layer& l) { return l.repeats >= 0; });
  for (int m = 0; m < a.memtiles(); ++m) {
    allocators.emplace_back(a.memtile.memory.size);
    weights.emplace_back();
  }
  for (int r = 0; r < a.rows; ++r)
    for (int c = 0; c < a.cols; ++c) {
      const program::TileId tile = map().compute_tile(r, c);
      const auto pair = [&](int lock, program::LockRole empty, program::LockRole full, int credits) {
        builder.lock(tile, lock, credits, empty);
        builder.lock(tile, lock + 1, 0, full);
      };
      pair(core_locks::operand, program::LockRole::operand_empty, program::LockRole::operand_full, 2);
      pair(core_locks::output, program::LockRole::output_empty, program::LockRole::output_full, 2);
      for (int slots = 2; slots <= core_locks::most_slots; ++slots) {
        pair(core_locks::input(slots), program::LockRole::input_empty, program::LockRole::input_full, slots);
        pair(core_locks::weights(slots), program::LockRole::weights_empty, program::LockRole::weights_full, slots);
      }
    }
}

const std::vector<program::Wait>& Emission::prune(program::EngineId engine, const WaitSet& waits, program::Wait also) {
  needed_.clear();
  std::vector<int>& all = passed_[engine];
  if (all.empty()) all.resize(passed_.size());
  const auto need = [&](const program::Wait& w) {
    if (w.engine == engine || all[w.engine] >= w.tasks) return;
    all[w.engine] = w.tasks;
    needed_.push_back(w);
  };
  for (program::Wait w : waits.items()) {
    if (w.engine == also.engine) w.tasks = std::max(w.tasks, std::exchange(also.tasks, 0));
    need(w);
  }
  need(also);
  return needed_;
}

int Emission::transfer(program::EngineId channel, const program::Transfer& t, const WaitSet& waits) {
  const program::EngineMap::Info& info = map().info(channel);
  const int lock = std::max(t.acquire.lock, t.release.lock);
  if (lock < 0 || info.kind != program::EngineKind::s2mm || info.tile_kind != program::TileKind::compute)
    return builder.transfer(channel, t, prune(channel, waits));
  program::Wait& filler = fillers_[{info.tile, lock / 2}];
  filler = {channel, builder.transfer(channel, t, prune(channel, waits, filler))};
  return filler.tasks;
}

std::vector<int> Emission::stream(const End& source, const std::vector<End>& sinks) {
  const auto dma = [&](program::EngineId e) -> const arch::DmaSpec& {
    const program::TileKind kind = map().info(e).tile_kind;
    return kind == program::TileKind::compute  ? array.tile.dma
           : kind == program::TileKind::memory ? array.memtile.dma
                                               : array.shim.dma;
  };
  program::StreamPiece whole{source.transfer.region, source.transfer.access, {}};
  whole.sinks.reserve(sinks.size());
  for (const End& s : sinks) whole.sinks.push_back(s.transfer.access);
  const auto pieces = program::pieces_of(whole, dma(source.channel), dma(sinks.front().channel));
  std::vector<int> tasks(1 + sinks.size(), 0);
  encodable = encodable && pieces;
  if (!pieces) return tasks;
  const WaitSet none;
  for (std::size_t k = 0; k < pieces->size(); ++k) {
    const program::StreamPiece& piece = (*pieces)[k];
    const auto send = [&](const End& end, const program::Access& access) {
      program::Transfer t = end.transfer;
      t.access = access;
      t.region = piece.region;
      if (k > 0) t.acquire = {};
      if (k + 1 < pieces->size()) t.release = {};
      return transfer(end.channel, t, k == 0 ? end.waits : none);
    };
    tasks[0] = send(source, piece.source);
    for (std::size_t i = 0; i < sinks.size(); ++i) tasks[i + 1] = send(sinks[i], piece.sinks[i]);
  }
  return tasks;
}

int Emission::call(program::EngineId core, const program::KernelCall& c, const WaitSet& waits) {
  return builder.call(core, c, prune(core, waits));
}

std::int64_t Emission::take_ddr(Bytes bytes) {
  const std::int64_t at = ddr_top;
  ddr_top += round_up(bytes, 64);
  return at;
}

ChunkLock& Emission::chunk_lock(int memtile, program::EngineId in, program::EngineId out) {
  const auto [it, added] = chunk_locks.try_emplace({in, out});
  const int number = map().info(in).channel * array.memtile.dma.mm2s + map().info(out).channel;
  if (added && number < array.memtile.locks.count) {
    it->second.lock = static_cast<std::int16_t>(number);
    builder.lock(map().memory_tile(memtile), number, 0, program::LockRole::weights_full);
  }
  return it->second;
}

// They stand behind the locks of chunks, which have a number for every pair of channels.
BufferLocks Emission::buffer_locks(int memtile, program::EngineId in, program::EngineId out) {
  const auto [it, added] = buffer_locks_.try_emplace({in, out});
  const int number = array.memtile.dma.s2mm * array.memtile.dma.mm2s + taken_locks_[memtile];
  if (!added || number + 2 > array.memtile.locks.count) return it->second;
  taken_locks_[memtile] += 2;
  it->second = {static_cast<std::int16_t>(number), static_cast<std::int16_t>(number + 1)};
  builder.lock(map().memory_tile(memtile), number, 2, program::LockRole::staging_empty);
  builder.lock(map().memory_tile(memtile), number + 1, 0, program::LockRole::staging_full);
  return it->second;
}

void Emission::free(int memtile, int owner) {
  for (const auto& [lo, hi] : allocators[memtile].release(owner)) weights[memtile].used(lo, hi);
}

}  // namespace tessera::lower
