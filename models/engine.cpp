#include "models/engine.h"

#include <algorithm>

#include "models/lock_unit.h"
#include "models/sim_time.h"

namespace tessera::models {

Engine::Engine(const sc_core::sc_module_name& name, RunState& run, program::EngineId id, LockUnit* locks)
    : sc_module(name),
      run_(run),
      id_(id),
      locks_(locks),
      cursor_(run.program.engines[static_cast<std::size_t>(id)].steps),
      times_(run.result.engines[static_cast<std::size_t>(id)]) {
  SC_HAS_PROCESS(Engine);
  SC_METHOD(wake);
  sensitive << wake_;
}

void Engine::wake() {
  ++run_.result.events;
  const bool lock = blocked_ == Blocked::lock;
  const Millicycles held = unblock();
  if (lock && held > 0) charge(exec::Cause::wait_control, std::min(charged_ + held, now()));
  charge(cause_, now());
  blocked_ = Blocked::no;
  advance();
}

void Engine::charge(exec::Cause cause, Millicycles until) {
  const Millicycles time = until - charged_;
  times_[static_cast<std::size_t>(cause)] += time;
  if (layer_times_ != nullptr) layer_times_->cores[static_cast<std::size_t>(cause)] += time;
  if (run_.traced()) run_.options.trace->charge({id_, layer(), cause_name(cause), charged_, until});
  charged_ = until;
}

Millicycles Engine::ahead() const { return std::max<Millicycles>(0, charged_ - now()); }

void Engine::close(Millicycles total) {
  layer_times_ = nullptr;
  charge(exec::Cause::idle, total);
}

bool Engine::pause(Millicycles time, exec::Cause cause) {
  blocked_ = Blocked::no;
  if (time == 0) return false;
  cause_ = cause;
  wake_.notify(to_time(time));
  return true;
}

bool Engine::proceed(std::uint32_t first_wait, std::uint32_t waits, program::LockOp lock) {
  return run_.tasks.fulfilled(run_.program.waits.data() + first_wait, waits) &&
         (lock.lock < 0 || locks_->try_acquire(lock));
}

bool Engine::await_tokens(std::uint32_t first, std::uint32_t count) {
  if (count == 0) return false;
  waits_ = run_.program.waits.data() + first;
  wait_count_ = count;
  open_waits_ = run_.tasks.await(waits_, count, *this);
  if (open_waits_ == 0) return false;
  cause_ = token_cause(first, count);
  static const std::vector<const Engine*> nobody;
  block(Blocked::tokens, nobody);
  return true;
}

void Engine::token_arrived() {
  if (--open_waits_ > 0) return;
  wake_.notify(to_time(latency(*waits_)));
}

Millicycles Engine::tokens_at(std::uint32_t first, std::uint32_t count) const {
  if (count == 0) return 0;
  const program::Wait* waits = run_.program.waits.data() + first;
  return run_.tasks.fulfilled_at(waits, count) + latency(*waits);
}

bool Engine::on_controller(const program::Wait& wait) const {
  // A controller is told by a token, as of a channel's task.
  return run_.map.info(wait.engine).kind == program::EngineKind::controller &&
         run_.map.info(id_).kind != program::EngineKind::controller;
}

Millicycles Engine::latency(const program::Wait& wait) const {
  return on_controller(wait) ? 0 : tessera::to_millicycles(run_.array.controller.token_cycles);
}

exec::Cause Engine::token_cause(std::uint32_t first, std::uint32_t count) const {
  return count > 0 && on_controller(run_.program.waits[first]) ? exec::Cause::wait_control : exec::Cause::wait_token;
}

bool Engine::await_lock(program::LockOp op) {
  if (op.lock < 0 || locks_->acquire(op, *this)) return false;
  wanted_ = op;
  cause_ = lock_cause(locks_->role(op.lock));
  block(Blocked::lock, locks_->releasers(op.lock));
  return true;
}

void Engine::await_stream(const std::vector<const Engine*>& others) { block(Blocked::stream, others); }

void Engine::block(Blocked blocked, const std::vector<const Engine*>& others) {
  blocked_ = blocked;
  if (!run_.controlled()) return;
  since_ = now();
  before_.clear();
  for (const Engine* other : others) before_.push_back(other->held());
  for_ = &others;  // last: the others may wait for this engine
}

Millicycles Engine::unblock() {
  if (for_ == nullptr) return 0;
  const Millicycles held = held_in_block();
  held_ += held;
  for_ = nullptr;
  return held;
}

Millicycles Engine::held() const {
  if (for_ == nullptr || looked_at_) return held_;
  looked_at_ = true;
  const Millicycles present = held_in_block();
  looked_at_ = false;
  return held_ + present;
}

Millicycles Engine::held_in_block() const {
  if (blocked_ == Blocked::tokens) return cause_ == exec::Cause::wait_control ? now() - since_ : 0;
  Millicycles most = 0;
  for (std::size_t i = 0; i < for_->size(); ++i) most = std::max(most, (*for_)[i]->held() - before_[i]);
  return std::min(most, now() - since_);
}

}  // namespace tessera::models
