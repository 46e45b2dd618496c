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
      case Phase::fetch: {
        const std::int32_t index = cursor_.next();
        if (index < 0) {
          if (pause(ahead(), exec::Cause::overhead)) return;
          instr_ = nullptr;
          return finish();
        }
        instr_ = &list_[static_cast<std::size_t>(index)];
        prefetch(list_, index + 1);
        charge_layer_to(run_.layer(instr_->layer));
        const Millicycles access = tile.locks.access_cycles * millicycles_per_cycle;
        if (instr_->op == program::CoreOp::kernel) {
          // Bank conflicts are counted from the very beginning of the call.
          const bool at_once = tile.conflict_share <= 0 && proceed(instr_->wait0, instr_->wait_count, {}) &&
                               tokens_at(instr_->wait0, instr_->wait_count) <= now() + ahead();
          phase_ = at_once ? Phase::call : Phase::tokens;
          if (!at_once && pause(ahead(), exec::Cause::overhead)) return;
        } else if (instr_->op == program::CoreOp::acquire && proceed(0, 0, instr_->lock)) {
          charge(exec::Cause::overhead,
                 now() + ahead() + access);  // taken now instead of at the end of the access: no event
        } else {
          phase_ = Phase::access;
          if (pause(ahead() + access, exec::Cause::overhead)) return;
        }
        break;
      }
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
      case Phase::call: {
        begin_ = now() + ahead();
        run_.layer_began(instr_->layer, begin_);
        if (tile.conflict_share > 0) {
          banks_used_ = banks_.used_by(run_.program, run_.program.calls[static_cast<std::size_t>(instr_->call)]);
          accesses_before_ = banks_.accesses(banks_used_);
        }
        phase_ = Phase::compute;
        prefetch(run_.program.calls, instr_->call);
        const Millicycles latency_model = run_.durations[static_cast<std::size_t>(instr_->call)];
        if (pause(ahead() + latency_model + tile.call_cycles * millicycles_per_cycle, exec::Cause::busy)) return;
        break;
      }
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

void ComputeCore::finish_call() {
  const program::KernelCall& call = run_.program.calls[static_cast<std::size_t>(instr_->call)];
  if (run_.data != nullptr) run_.data->execute(id_, call);
  run_.slice(id_, instr_->layer, kernel_name(call.kind), begin_, now());
  run_.layer_ended(instr_->layer, now());
  run_.tasks.complete(id_);
}

}  // namespace tessera::models
