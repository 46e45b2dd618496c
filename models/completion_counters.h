// Task-complete tokens as the array controller counts them: completed tasks per engine, and who waits for how many.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/program/program.h"

namespace tessera::models {

class Engine;

class CompletionCounters {
 public:
  explicit CompletionCounters(int engines) : counts_(static_cast<std::size_t>(engines)) {}

  std::int32_t completed(program::EngineId engine) const { return counts_[static_cast<std::size_t>(engine)].done; }
  bool fulfilled(const program::Wait* waits, std::uint32_t count) const;
  // When the last of them was; zero without waits.
  Millicycles fulfilled_at(const program::Wait* waits, std::uint32_t count) const;
  // How many of the waits are still open; `waiter` is told when the last of them is fulfilled.
  int await(const program::Wait* waits, std::uint32_t count, Engine& waiter);
  void complete(program::EngineId engine);

 private:
  struct Waiter {
    std::int32_t tasks;
    Engine* engine;
  };
  struct Count {
    std::int32_t done = 0;
    std::vector<Millicycles> times;  // of completion
    std::vector<Waiter> waiters;     // in order of arrival
  };
  std::vector<Count> counts_;
};

}  // namespace tessera::models
