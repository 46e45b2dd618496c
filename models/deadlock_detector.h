// Looks at an array in which nothing will happen any more. Either every engine has finished its list and every lock is
// back at its initial value, or it says why not: the cycle of who waits for which lock, token or partner of whom.
#pragma once
#include <optional>
#include <vector>

#include "models/array.h"
#include "sim/base/error.h"

namespace tessera::models {

class DeadlockDetector : public sc_core::sc_module {
 public:
  DeadlockDetector(const sc_core::sc_module_name& name, RunState& run, const Array& array);
  std::optional<Failure> verdict() const;

 private:
  struct Link {
    std::vector<program::EngineId> holders;  // who could end the wait
    std::string what;
  };
  Link link(const Engine& engine) const;
  Link lock_link(const Engine& engine) const;
  Link stream_link(const Engine& engine) const;
  Failure deadlock(const std::vector<program::EngineId>& stuck) const;
  const Engine& at(program::EngineId id) const { return *array_.engines()[static_cast<std::size_t>(id)]; }
  bool finished(program::EngineId id) const { return at(id).blocked() == Engine::Blocked::finished; }

  const RunState& run_;
  const Array& array_;
};

}  // namespace tessera::models
