// A controller: one ordered list of operations, each for its own time. It writes descriptors, patches addresses, starts
// tasks and waits for completion tokens. An operation takes effect when it is over: what waits for it goes on then.
// A token that arrives while a serial controller does anything else than wait interrupts it for a time of its own.
// Costs: ControllerSpec (hardware file). Left out: where its instructions come from; control packets do not compete for
// the shim channels and streams that carry them, and a core that writes registers still computes meanwhile.
#pragma once
#include <array>
#include <vector>

#include "models/engine.h"

namespace tessera::models {

class Controller : public Engine {
 public:
  Controller(const sc_core::sc_module_name& name, RunState& run, program::EngineId id);
  int layer() const override { return op_ == nullptr ? -1 : op_->layer; }

 private:
  enum class Phase { fetch, arrival, operate, complete };
  void advance() override;
  // Whether the tokens of the operation have arrived.
  bool tokens_there() const;
  Millicycles duration() const;
  Millicycles switch_duration(int words) const;
  void note_token();
  // Tokens of its tasks that have arrived since it last took some in.
  int take_in();

  const std::vector<program::ControlOp>& list_;
  std::array<Millicycles, arch::control_kinds> durations_{};
  Millicycles present_ = 0;    // to await a token that is there
  Millicycles interrupt_ = 0;  // per token that arrives while it does not wait
  const program::ControlOp* op_ = nullptr;
  Phase phase_ = Phase::fetch;
  bool waited_ = false;    // for the tokens of the operation
  Millicycles begin_ = 0;  // of the operation

  std::vector<std::int32_t> started_;  // by engine: transfers of the tasks started
  std::vector<program::Wait> due_;     // completions whose tokens it has not taken in
};

}  // namespace tessera::models
