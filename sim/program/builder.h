// Appends instructions to the engines of a program: numbers routes, descriptors, waits and tasks. Knows nothing of
// networks; whoever uses it decides what runs where and in which order. Where the array has controllers, it numbers the
// descriptors of channels that no task is pushed to; those of the others are numbered by whoever writes them.
#pragma once
#include <utility>
#include <vector>

#include "sim/program/program.h"

namespace tessera::program {

class ProgramBuilder {
 public:
  explicit ProgramBuilder(const arch::ArraySpec& array);

  const EngineMap& map() const { return map_; }
  Program& program() { return program_; }
  const Program& program() const { return program_; }

  // The route from `source` to `sinks` (any order), made on first use.
  RouteId route(EngineId source, std::vector<EngineId> sinks);
  void lock(TileId tile, int lock, int value, LockRole role);

  // Each returns the number of tasks the engine has completed once this one is done: what a Wait names.
  int transfer(EngineId channel, const Transfer& transfer, const std::vector<Wait>& waits = {});
  int control(ControlOp op, const std::vector<Wait>& waits = {});  // of the controller of op.channel's tile
  int call(EngineId core, KernelCall call, const std::vector<Wait>& waits = {});
  void acquire(EngineId core, int lock, int value, int layer);
  void release(EngineId core, int lock, int value, int layer);
  // Repeats the last `steps` steps of the engine, whole loops among them, so that they run `times` in all.
  void repeat_last(EngineId engine, int steps, int times);

  int tasks(EngineId engine) const { return tasks_[engine]; }
  Program finish();

 private:
  std::pair<std::uint32_t, std::uint32_t> add_waits(const std::vector<Wait>& waits);
  int tasks_between(EngineId engine, std::size_t at, std::size_t end) const;  // by steps
  void core_step(EngineId core, const CoreInstr& instr);
  void number_configured();

  arch::ArraySpec array_;
  EngineMap map_;
  std::vector<int> descriptors_;  // per engine: first descriptor and how many belong to it
  std::vector<int> descriptor_base_;
  std::vector<int> tasks_;
  std::vector<std::vector<RouteId>> routes_;  // by source
  Program program_;
};

}  // namespace tessera::program
