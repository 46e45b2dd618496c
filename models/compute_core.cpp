#include "models/compute_core.h"

#include <algorithm>
#include <cmath>

#include "models/data_plane.h"
#include "models/lock_unit.h"
#include "models/prefetch.h"
#include "models/sim_time.h"

namespace tessera::models {

ComputeCore::ComputeCore(const sc_core::sc_module_name& name, RunState& run, program::EngineId id, LockUnit& locks,
                         BankCounters& banks)
    : Engine(name, run, id, &locks), banks_(banks), list_(run.program.engines[static_cast<std::size_t>(id)].core) {}

void ComputeCore::advance() {
  const arch::ComputeTileSpec& tile = run_.array.tile;
  for (;;) switch (phase_) {
      case Phase::fetch:
        if (fetch()) return;
        break;
      case Phase::access:
        phase_ = Phase::fetch;
        if (instr_->op == program::CoreOp::release) {
          if (run_.data != nullptr) run_.data->release(id_, instr_->lock);
          locks_->release(instr_->lock);
        } else if (await_lock(instr_->lock)) {
          return;
        }
        break;
      case Phase::tokens:
        phase_ = Phase::arrival;
        if (await_tokens(instr_->wait0, instr_->wait_count)) return;
        break;
      case Phase::arrival:
        phase_ = Phase::call;
        if (pause(std::max<Millicycles>(0, tokens_at(instr_->wait0, instr_->wait_count) - now()),
                  exec::Cause::wait_token))
          return;
        break;
      case Phase::call:
        if (call()) return;
        break;
      case Phase::compute:
        phase_ = Phase::stall;
        if (tile.conflict_share > 0) {
          const auto hits = static_cast<double>(banks_.accesses(banks_used_) - accesses_before_);
          const auto stall = static_cast<Millicycles>(std::ceil(hits * tile.conflict_share * 1000));
          if (pause(stall, exec::Cause::bank_conflict)) return;
        }
        break;
      case Phase::stall:
        phase_ = Phase::fetch;
        finish_call();
        break;
    }
}

bool ComputeCore::fetch() {
  const std::int32_t index = cursor_.next();
  if (index < 0) {
    if (pause(ahead(), exec::Cause::overhead)) return true;
    instr_ = nullptr;
    finish();
    return true;
  }
  instr_ = &list_[static_cast<std::size_t>(index)];
  prefetch(list_, index + 1);
  charge_layer_to(run_.layer(instr_->layer));
  if (instr_->op == program::CoreOp::load) return load();
  const Millicycles access = run_.array.tile.locks.access_cycles * millicycles_per_cycle;
  if (instr_->op == program::CoreOp::kernel) {
    // Bank conflicts are counted from the very beginning of the call.
    const bool at_once = run_.array.tile.conflict_share <= 0 && proceed(instr_->wait0, instr_->wait_count, {}) &&
                         tokens_at(instr_->wait0, instr_->wait_count) <= now() + ahead();
    phase_ = at_once ? Phase::call : Phase::tokens;
    return !at_once && pause(ahead(), exec::Cause::overhead);
  }
  if (instr_->op == program::CoreOp::acquire && proceed(0, 0, instr_->lock)) {
    charge(exec::Cause::overhead, now() + ahead() + access);  // taken now, not at the end of the access: no event
    return false;
  }
  phase_ = Phase::access;
  return pause(ahead() + access, exec::Cause::overhead);
}

// The first code comes with the design.
bool ComputeCore::load() {
  const double cycles = loaded_ ? run_.array.tile.program.swap_cycles : 0;
  loaded_ = true;
  return cycles > 0 && pause(ahead() + static_cast<Millicycles>(std::llround(cycles * millicycles_per_cycle)),
                             exec::Cause::wait_control);
}

bool ComputeCore::call() {
  const arch::ComputeTileSpec& tile = run_.array.tile;
  begin_ = now() + ahead();
  run_.layer_began(instr_->layer, begin_);
  if (tile.conflict_share > 0) {
    banks_used_ = banks_.used_by(run_.program, run_.program.calls[static_cast<std::size_t>(instr_->call)]);
    accesses_before_ = banks_.accesses(banks_used_);
  }
  phase_ = Phase::compute;
  prefetch(run_.program.calls, instr_->call);
  const Millicycles duration = run_.durations[static_cast<std::size_t>(instr_->call)];
  return pause(ahead() + duration + tile.call_cycles * millicycles_per_cycle, exec::Cause::busy);
}

void ComputeCore::finish_call() {
  const program::KernelCall& call = run_.program.calls[static_cast<std::size_t>(instr_->call)];
  if (run_.data != nullptr) run_.data->execute(id_, call);
  const auto index = static_cast<std::int32_t>(instr_ - list_.data());
  run_.trace({id_, instr_->layer, kernel_name(call.kind), false, index, begin_, now(), now()});
  run_.layer_ended(instr_->layer, now());
  run_.tasks.complete(id_);
}

}  // namespace tessera::models
