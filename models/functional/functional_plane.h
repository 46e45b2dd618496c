// The data of a functional run: contents of all memories, what every channel is doing to them, the kernels, and the
// results as they arrive.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "models/data_plane.h"
#include "models/functional/access_cursor.h"
#include "models/functional/capture.h"
#include "models/functional/kernel_runner.h"
#include "models/functional/watched_memory.h"

namespace tessera::models {

class FunctionalPlane : public DataPlane {
 public:
  FunctionalPlane(const program::Program& program, const arch::ArraySpec& array, const program::EngineMap& map,
                  const exec::DdrImage& image);

  void begin(program::EngineId channel, const program::Transfer& transfer) override;
  void move(const program::Route& route, Bytes bytes) override;
  void release(program::EngineId core, program::LockOp lock) override;
  void execute(program::EngineId core, const program::KernelCall& call) override;

  // What the run has to show for itself, and what of DDR was asked for.
  void deliver(const exec::SimOptions& options, exec::SimResult& result);

 private:
  struct Channel {
    const program::Transfer* transfer = nullptr;
    WatchedMemory* memory = nullptr;
    AccessCursor cursor;
    Bytes position = 0;  // in the stream of the descriptor
    TaskRef task = 0;
    TaskRef leader = 0;  // of the fill that is not complete yet, 0: none
    bool captured = false;
  };
  // A buffer of a compute tile being filled under a lock, until the core gives that lock back. A fill may take several
  // descriptors: the first takes the lock of the empty buffer, the last gives the lock of the full one.
  struct Fill {
    TaskRef leader;
    int value;
  };
  void track_fill(Channel& channel, const program::EngineMap::Info& info);
  void receive(program::EngineId channel, Bytes bytes);

  const program::EngineMap& map_;
  TaskLog log_;
  Capture capture_;
  KernelRunner kernels_;
  std::vector<std::unique_ptr<WatchedMemory>> memories_;  // by TileId; all shim tiles see host memory
  std::unique_ptr<WatchedMemory> host_;
  std::vector<Channel> channels_;                                      // by EngineId
  std::map<std::pair<program::TileId, int>, std::deque<Fill>> fills_;  // by tile and lock
  std::vector<std::uint8_t> stream_;
};

}  // namespace tessera::models
