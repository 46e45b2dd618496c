// The semaphores of one tile. Acquire blocks until the value is at least n and subtracts n; release adds n. Waiters of
// one lock are served in order of arrival. Source: AM020, chapters 2 and 5 (16 locks per compute and shim tile, 64 per
// memory tile, 6-bit values). Arbitration between requests of one cycle is left out.
#pragma once
#include <string>
#include <vector>

#include "models/run_state.h"

namespace tessera::models {

class Engine;

class LockUnit {
 public:
  LockUnit(RunState& run, program::TileId tile, const arch::LockSpec& spec);

  bool try_acquire(program::LockOp op);
  // True when granted at once; otherwise `waiter` is woken when it is.
  bool acquire(program::LockOp op, Engine& waiter);
  void release(program::LockOp op);

  int value(int lock) const { return locks_[static_cast<std::size_t>(lock)].value; }
  program::LockRole role(int lock) const { return locks_[static_cast<std::size_t>(lock)].role; }
  int initial(int lock) const { return locks_[static_cast<std::size_t>(lock)].initial; }
  // The channels that release it.
  const std::vector<const Engine*>& releasers(int lock) const {
    return locks_[static_cast<std::size_t>(lock)].releasers;
  }
  void released_by(int lock, const Engine& channel);
  int count() const { return static_cast<int>(locks_.size()); }
  program::TileId tile() const { return tile_; }

 private:
  struct Pending {
    int value;
    Engine* engine;
  };
  struct Lock {
    int value = 0, initial = 0;
    program::LockRole role = program::LockRole::unused;
    std::vector<Pending> waiters;
    std::vector<const Engine*> releasers;
  };
  RunState& run_;
  program::TileId tile_;
  int max_value_;
  std::vector<Lock> locks_;
};

// What an engine that waits for a lock of this role lacks.
exec::Cause lock_cause(program::LockRole role);

}  // namespace tessera::models
