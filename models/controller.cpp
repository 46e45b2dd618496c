#include "models/controller.h"

#include <algorithm>
#include <cmath>

#include "models/sim_time.h"

namespace tessera::models {

Controller::Controller(const sc_core::sc_module_name& name, RunState& run, program::EngineId id)
    : Engine(name, run, id, nullptr), list_(run.program.engines[static_cast<std::size_t>(id)].control) {
  const arch::ControllerSpec& spec = run.array.controller;
  const bool core = run.map.info(id).tile_kind == program::TileKind::compute;
  const bool serial = !core && spec.mechanism == arch::ControlMechanism::serial;
  const auto of_ns = [&](double ns) { return std::llround(ns * run.array.clock_hz / 1e9 * millicycles_per_cycle); };
  for (int k = 0; k < arch::control_kinds; ++k) {
    const auto kind = static_cast<arch::ControlKind>(k);
    const double cycles = core ? spec.core_cycles(kind) : spec.packet_cycles(kind);
    durations_[static_cast<std::size_t>(k)] =
        serial ? of_ns(spec.serial_ns(kind)) : std::llround(cycles * millicycles_per_cycle);
  }
  present_ = durations_[static_cast<std::size_t>(arch::ControlKind::await_token)];
  if (!serial || spec.interrupt_ns <= 0) return;
  present_ = of_ns(spec.operation_ns);
  interrupt_ = of_ns(spec.interrupt_ns);
  started_.resize(static_cast<std::size_t>(run.map.count()));
}

Millicycles Controller::switch_duration(int words) const {
  const arch::ControllerSpec& spec = run_.array.controller;
  const auto kind = arch::ControlKind::write_switch;
  const double cycles = spec.mechanism == arch::ControlMechanism::serial
                            ? spec.serial_ns(kind, words) * run_.array.clock_hz / 1e9
                            : spec.packet_cycles(kind, words);
  return std::llround(cycles * millicycles_per_cycle);
}

bool Controller::tokens_there() const {
  return run_.tasks.fulfilled(run_.program.waits.data() + op_->wait0, op_->wait_count) &&
         tokens_at(op_->wait0, op_->wait_count) <= now();
}

Millicycles Controller::duration() const {
  if (op_->kind == arch::ControlKind::await_token && !waited_) return present_;
  if (op_->kind == arch::ControlKind::write_switch) return switch_duration(op_->words);
  return durations_[static_cast<std::size_t>(op_->kind)];
}

void Controller::note_token() {
  if (interrupt_ == 0 || op_->kind != arch::ControlKind::push_task) return;
  std::int32_t& started = started_[static_cast<std::size_t>(op_->channel)];
  started += op_->transfers;
  if (op_->token) due_.push_back({op_->channel, started});
}

int Controller::take_in() {
  const Millicycles since = now() - tessera::to_millicycles(run_.array.controller.token_cycles);
  const auto kept = std::remove_if(due_.begin(), due_.end(), [&](const program::Wait& w) {
    return run_.tasks.fulfilled(&w, 1) && run_.tasks.fulfilled_at(&w, 1) <= since;
  });
  const auto taken = static_cast<int>(due_.end() - kept);
  due_.erase(kept, due_.end());
  return taken;
}

void Controller::advance() {
  for (;;) switch (phase_) {
      case Phase::fetch: {
        const std::int32_t index = cursor_.next();
        op_ = index < 0 ? nullptr : &list_[static_cast<std::size_t>(index)];
        if (op_ == nullptr) return finish();
        phase_ = Phase::arrival;
        waited_ = !tokens_there();
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
        take_in();  // by waiting: no interrupt
        if (pause(duration(), exec::Cause::busy)) return;
        break;
      case Phase::complete:
        if (pause(take_in() * interrupt_, exec::Cause::busy)) return;
        note_token();
        phase_ = Phase::fetch;
        run_.trace({id_, op_->layer, program::control_name(op_->kind), true,
                    static_cast<std::int32_t>(op_ - list_.data()), begin_, now(), now()});
        run_.tasks.complete(id_);
        break;
    }
}

}  // namespace tessera::models
