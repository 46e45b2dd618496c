// What all layers share while a program is being emitted: the builder, the state of every memory, places of tensors.
// Instructions are emitted in one global order in which every task depends on earlier tasks only; each engine gets its
// projection of it. Hence no schedule can deadlock by construction (verify.h checks it all the same), and engines run
// ahead of each other as far as buffers allow.
#pragma once
#include <array>
#include <map>
#include <vector>

#include "sim/lower/storage.h"
#include "sim/program/builder.h"

namespace tessera::lower {

// Counts chunks of weights in a memory tile that one channel has brought and another has not begun to send yet. The
// descriptors of the two keep it: nobody has to be told.
struct ChunkLock {
  std::int16_t lock = -1;  // -1: the tile has no lock for the two
  std::vector<int> sent;   // for each chunk: the task that sends it
  int brought = 0;
};

// A chunk of weights in a memory tile.
struct LoadedChunk {
  int memtile = -1;
  std::int64_t address = -1;  // if all chunks of its layer stay there
  BufferRef buffer;
  program::Wait loaded{};
  program::EngineId sender = -1;  // the channel that sends it to the cores
  ChunkLock* lock = nullptr;      // that says when it is there, to who sends it first
  int number = 0;                 // among the chunks that the lock counts, from 1
  int chunk = -1;
  network::LayerId layer = -1;  // that is computed with it; of a batch each image has its own
};

// Of two buffers in a memory tile that one channel fills and another one empties, each in the order of the buffers.
struct BufferLocks {
  std::int16_t empty = -1, full = -1;  // -1: the tile has no locks for the two
};

class Emission {
 public:
  Emission(const network::Network& network, const arch::ArraySpec& array, std::vector<mapping::Alias> aliases);

  const network::Network& network;
  const arch::ArraySpec& array;
  program::ProgramBuilder builder;
  std::vector<MemoryMap> memory;          // per tile
  std::vector<TileAllocator> allocators;  // per memory tile
  std::vector<WeightSpace> weights;       // per memory tile
  std::vector<int> load_turns;            // per memory tile: loads so far, which take its shim channels in turns
  std::map<std::pair<program::EngineId, program::EngineId>, ChunkLock> chunk_locks;  // by channel in and channel out
  std::vector<mapping::Alias> aliases;                                               // per layer
  std::vector<Placement> placements;                                                 // per root layer
  std::int64_t ddr_top = 0;
  std::int64_t chunk_top = 0;  // of chunks, before they have their places in DDR
  int emitted_layers = 0;
  // Chunks by layer, first and last row, first and last column: tiles of one layer share them.
  std::map<std::array<int, 5>, int> chunk_ids;
  // Of a batch: chunks as layers left them in the memory tiles, where other contents may stand by now.
  std::map<int, LoadedChunk> kept_chunks;
  bool batch = false;  // whether layers repeat others

  const program::EngineMap& map() const { return builder.map(); }
  Placement& placement(network::LayerId tensor) { return placements[aliases[tensor].root]; }

  // Like the builder's, but without waits that the engine has already passed or that are its own tasks. Where a lock of
  // a core goes from one inbound channel to the other, the other one begins when the first has ended, or tiles of two
  // layers could change places.
  int transfer(program::EngineId channel, const program::Transfer& transfer, const WaitSet& waits);
  int call(program::EngineId core, const program::KernelCall& call, const WaitSet& waits);
  // A part of a tensor from one channel to others, in as many transfers as its descriptors need: the waits and the
  // locks taken stand at the first, the locks given back at the last. Returns the last task of each end, the source
  // first. Clears `encodable` where there is no form.
  struct End {
    program::EngineId channel;
    program::Transfer transfer;
    WaitSet waits;
  };
  std::vector<int> stream(const End& source, const std::vector<End>& sinks);
  bool encodable = true;

  std::int64_t take_ddr(Bytes bytes);
  ChunkLock& chunk_lock(int memtile, program::EngineId in, program::EngineId out);
  BufferLocks buffer_locks(int memtile, program::EngineId in, program::EngineId out);

  // Ends the life of what `owner` has in a memory tile.
  void free(int memtile, int owner);

 private:
  std::map<std::pair<program::EngineId, program::EngineId>, BufferLocks> buffer_locks_;  // by channel in and out
  std::map<int, int> taken_locks_;                                                       // per memory tile, for these
  // `also`: one wait more; of no tasks: none.
  const std::vector<program::Wait>& prune(program::EngineId engine, const WaitSet& waits, program::Wait also = {});
  std::vector<std::vector<int>> passed_;  // by engine and the engine that it waited for: tasks
  std::vector<program::Wait> needed_;     // what prune returned
  // By compute tile and pair of locks: the last task of an inbound channel that took or gave one of them.
  std::map<std::pair<program::TileId, int>, program::Wait> fillers_;
};

// Locks of a compute tile: an empty/full pair per kind of buffer; for inputs and weights one per number of slots, two
// to four. Full is the one after empty.
namespace core_locks {
constexpr int operand = 4, output = 6, most_slots = 4;
constexpr int input(int slots) { return slots <= 2 ? 0 : 2 * slots + 2; }
constexpr int weights(int slots) { return slots <= 2 ? 2 : 2 * slots + 6; }
}  // namespace core_locks

}  // namespace tessera::lower
