// The bytes behind the timing: a functional run hangs one of these into the models, which tell it what moves and what
// is computed. It never tells them anything, so cycles cannot depend on data.
#pragma once
#include "sim/program/program.h"

namespace tessera::models {

class DataPlane {
 public:
  virtual ~DataPlane() = default;
  // `channel` starts on descriptor `transfer`.
  virtual void begin(program::EngineId channel, const program::Transfer& transfer) = 0;
  // The next `bytes` of the current descriptors go from the source of `route` to all its sinks.
  virtual void move(const program::Route& route, Bytes bytes) = 0;
  // A core gives a lock of its tile back.
  virtual void release(program::EngineId core, program::LockOp lock) = 0;
  // The core has finished a call.
  virtual void execute(program::EngineId core, const program::KernelCall& call) = 0;
};

}  // namespace tessera::models
