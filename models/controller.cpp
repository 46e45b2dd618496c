#include "models/controller.h"

#include <algorithm>
#include <cmath>

#include "models/sim_time.h"

namespace tessera::models {

Controller::Controller(const sc_core::sc_module_name& name, RunState& run, program::EngineId id)
    : Engine(name, run, id, nullptr), list_(run.program.engines[static_cast<std::size_t>(id)].control) {
  const arch::ControllerSpec& spec = run.array.controller;
  const bool core = run.map.info(id).tile_kind == program::TileKind::compute;
  for (int k = 0; k < arch::control_kinds; ++k) {
    const auto kind = static_cast<arch::ControlKind>(k);
    const double cycles = core ? spec.core_cycles(kind)
                          : spec.mechanism == arch::ControlMechanism::serial
                              ? spec.serial_ns(kind) * run.array.clock_hz / 1e9
                              : spec.packet_cycles(kind);
    durations_[static_cast<std::size_t>(k)] = std::llround(cycles * millicycles_per_cycle);
  }
}

void Controller::advance() {
  for (;;) switch (phase_) {
      case Phase::fetch: {
        const std::int32_t index = cursor_.next();
        op_ = index < 0 ? nullptr : &list_[static_cast<std::size_t>(index)];
        if (op_ == nullptr) return finish();
        phase_ = Phase::arrival;
        if (await_tokens(op_->wait0, op_->wait_count)) return;
        break;
      }
      case Phase::arrival:
        phase_ = Phase::operate;
        if (pause(std::max<Millicycles>(0, tokens_at(op_->wait0, op_->wait_count) - now()), exec::Cause::wait_token))
          return;
        break;
      case Phase::operate:
        phase_ = Phase::complete;
        begin_ = now();
        if (pause(durations_[static_cast<std::size_t>(op_->kind)], exec::Cause::busy)) return;
        break;
      case Phase::complete:
        phase_ = Phase::fetch;
        run_.trace({id_, op_->layer, program::control_name(op_->kind), true,
                    static_cast<std::int32_t>(op_ - list_.data()), begin_, now(), now()});
        run_.tasks.complete(id_);
        break;
    }
}

}  // namespace tessera::models
