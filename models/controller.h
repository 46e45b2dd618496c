// A controller: one ordered list of operations, each for its own time. It writes descriptors, patches addresses, starts
// tasks and waits for completion tokens. An operation takes effect when it is over: what waits for it goes on then.
// Costs: ControllerSpec (hardware file). Left out: where its instructions come from; control packets do not compete for
// the shim channels and streams that carry them, and a core that writes registers still computes meanwhile.
#pragma once
#include <array>

#include "models/engine.h"

namespace tessera::models {

class Controller : public Engine {
 public:
  Controller(const sc_core::sc_module_name& name, RunState& run, program::EngineId id);
  int layer() const override { return op_ == nullptr ? -1 : op_->layer; }

 private:
  enum class Phase { fetch, arrival, operate, complete };
  void advance() override;

  const std::vector<program::ControlOp>& list_;
  std::array<Millicycles, arch::control_kinds> durations_{};
  const program::ControlOp* op_ = nullptr;
  Phase phase_ = Phase::fetch;
  Millicycles begin_ = 0;  // of the operation
};

}  // namespace tessera::models
