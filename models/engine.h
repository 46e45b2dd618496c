// What cores, DMA channels and controllers have in common: one process that walks a list of instructions, blocks on
// tokens and locks, and keeps an exclusive account of its time (every millicycle is charged to one cause, in order).
#pragma once
#include <systemc>

#include "models/instruction_cursor.h"
#include "models/run_state.h"

namespace tessera::models {

class LockUnit;

class Engine : public sc_core::sc_module {
 public:
  enum class Blocked { no, tokens, lock, stream, finished };

  Engine(const sc_core::sc_module_name& name, RunState& run, program::EngineId id, LockUnit* locks);

  void token_arrived();
  void lock_granted() { wake_.notify(sc_core::SC_ZERO_TIME); }

  // For the deadlock_detector.
  program::EngineId id() const { return id_; }
  Blocked blocked() const { return blocked_; }
  const LockUnit& locks() const { return *locks_; }  // of an engine that is blocked for one
  program::LockOp wanted_lock() const { return wanted_; }
  const program::Wait* waits() const { return waits_; }
  std::uint32_t wait_count() const { return wait_count_; }
  virtual int layer() const = 0;
  virtual program::RouteId route() const { return -1; }

  // Closes the account at the end of the run.
  void close(Millicycles total);

  // Time up to now that the engine stood still because a controller had not started a transfer yet: one of its own, or
  // of a channel that it waits for. Zero without controllers.
  Millicycles held() const;

 protected:
  // The state machine. Called when whatever blocked the engine is over.
  virtual void advance() = 0;
  void wake();

  // Charges the time since the last charge to `cause`. `until` may lie ahead of the present: the engine is committed.
  void charge(exec::Cause cause, Millicycles until);
  Millicycles ahead() const;  // time already charged that has not passed
  void charge_layer_to(exec::LayerTimes* layer) { layer_times_ = layer; }

  // Each returns true when the engine is blocked and advance() has to return; it is called again when the block is
  // over, with the time charged.
  bool pause(Millicycles time, exec::Cause cause);
  // Whether neither tokens nor lock would block; takes the lock if so.
  bool proceed(std::uint32_t first_wait, std::uint32_t waits, program::LockOp lock);
  bool await_tokens(std::uint32_t first, std::uint32_t count);
  // When the tokens of waits that are fulfilled have reached the engine; zero without waits.
  Millicycles tokens_at(std::uint32_t first, std::uint32_t count) const;
  bool await_lock(program::LockOp op);
  // What waiting for these is charged to: all of them are tokens, or all operations of a controller.
  exec::Cause token_cause(std::uint32_t first, std::uint32_t count) const;
  // `others`: the engines that it waits for.
  void await_stream(const std::vector<const Engine*>& others);
  // The block is over; how much of it a controller caused.
  Millicycles unblock();
  void finish() { blocked_ = Blocked::finished; }

  RunState& run_;
  const program::EngineId id_;
  LockUnit* const locks_;  // of its tile; null for a controller
  InstructionCursor cursor_;

 private:
  bool on_controller(const program::Wait& wait) const;
  void block(Blocked blocked, const std::vector<const Engine*>& others);
  Millicycles held_in_block() const;
  // From the completion of what a wait names to who waits: tokens travel; what a controller did is there when it is
  // over.
  Millicycles latency(const program::Wait& wait) const;

  sc_core::sc_event wake_;
  Blocked blocked_ = Blocked::no;
  exec::Cause cause_ = exec::Cause::idle;  // what the engine is blocked for
  Millicycles charged_ = 0;
  exec::CauseTimes& times_;
  exec::LayerTimes* layer_times_ = nullptr;
  int open_waits_ = 0;
  const program::Wait* waits_ = nullptr;
  std::uint32_t wait_count_ = 0;
  program::LockOp wanted_;

  Millicycles held_ = 0;                             // in blocks that are over
  Millicycles since_ = 0;                            // when the present block began,
  const std::vector<const Engine*>* for_ = nullptr;  // whom it waits for,
  std::vector<Millicycles> before_;                  // and how long these had been held then
  mutable bool looked_at_ = false;                   // engines may wait for each other
};

}  // namespace tessera::models
