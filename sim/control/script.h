// What the engines of a program do, as a free run asks for it: short records one behind the other in the order of
// execution, as a run goes through the lists of all engines at the same time.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/program/program.h"

namespace tessera::control {

struct Act {
  std::int64_t size = 0;                    // of a transfer: bytes on the stream; of a kernel call: its duration
  std::uint32_t wait0 = 0, wait_count = 0;  // slice of Program::waits
  program::LockOp acquire, release;
  std::int32_t route = no_task;

  static constexpr std::int32_t call = -1, no_task = -2;  // instead of a route
};

struct Script {
  Script(const program::Program& program, const arch::ArraySpec& array, const std::vector<Millicycles>& durations);

  const program::Program& program;
  const program::EngineMap map;
  std::vector<std::vector<std::int32_t>> order;  // by engine: execution_order
  std::vector<std::vector<Act>> acts;            // by engine
  // By engine, ascending: tasks whose completion is told to others, and the last ones of each layer.
  std::vector<std::vector<std::int32_t>> marks;
  std::vector<double> rates;  // by route: bytes per cycle; channels that reach host memory have equal shares of it
  int locks_of_tile = 0;      // the most that a tile has

 private:
  void mark(std::uint32_t wait0, std::uint32_t wait_count);
};

}  // namespace tessera::control
