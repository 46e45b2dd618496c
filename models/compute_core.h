// The core of a compute tile: lock operations and kernel calls in program order. A kernel call takes the time of the
// kernel latency model plus the fixed call cost, and is stalled by DMA accesses to the banks of its buffers. What
// happens inside a call (pipeline, loads, stores) is in the latency model, not here.
#pragma once
#include "models/bank_counters.h"
#include "models/engine.h"

namespace tessera::models {

class ComputeCore : public Engine {
 public:
  ComputeCore(const sc_core::sc_module_name& name, RunState& run, program::EngineId id, LockUnit& locks,
              BankCounters& banks);
  int layer() const override { return instr_ == nullptr ? -1 : instr_->layer; }

 private:
  enum class Phase { fetch, access, tokens, arrival, call, compute, stall };
  void advance() override;
  // The next instruction, and a call of a kernel; true where the core waits then.
  bool fetch();
  bool call();
  // Other code into the program memory; true where the core waits for it.
  bool load();
  void finish_call();

  BankCounters& banks_;
  const std::vector<program::CoreInstr>& list_;
  const program::CoreInstr* instr_ = nullptr;
  Phase phase_ = Phase::fetch;
  bool loaded_ = false;  // whether its first code is there
  Millicycles begin_ = 0;
  BankSet banks_used_ = 0;
  std::int64_t accesses_before_ = 0;
};

}  // namespace tessera::models
