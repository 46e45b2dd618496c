#include "models/lock_unit.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/engine.h"

namespace tessera::models {

LockUnit::LockUnit(RunState& run, program::TileId tile, const arch::LockSpec& spec)
    : run_(run), tile_(tile), max_value_(spec.max_value), locks_(static_cast<std::size_t>(spec.count)) {
  for (const program::LockInit& init : run.program.locks)
    if (init.tile == tile) {
      Lock& lock = locks_[static_cast<std::size_t>(init.lock)];
      lock.value = lock.initial = init.value;
      lock.role = init.role;
    }
}

bool LockUnit::try_acquire(program::LockOp op) {
  Lock& lock = locks_[static_cast<std::size_t>(op.lock)];
  if (!lock.waiters.empty() || lock.value < op.value) return false;
  lock.value -= op.value;
  return true;
}

bool LockUnit::acquire(program::LockOp op, Engine& waiter) {
  if (try_acquire(op)) return true;
  locks_[static_cast<std::size_t>(op.lock)].waiters.push_back({op.value, &waiter});
  return false;
}

void LockUnit::release(program::LockOp op) {
  Lock& lock = locks_[static_cast<std::size_t>(op.lock)];
  lock.value += op.value;
  std::size_t served = 0;
  for (; served < lock.waiters.size() && lock.value >= lock.waiters[served].value; ++served) {
    lock.value -= lock.waiters[served].value;
    lock.waiters[served].engine->lock_granted();
  }
  if (served > 0) lock.waiters.erase(lock.waiters.begin(), lock.waiters.begin() + static_cast<std::ptrdiff_t>(served));
  if (lock.value > max_value_)
    run_.fault(run_.map.tile_name(tile_), fmt::format("lock {} rises to {}, above its maximum", op.lock, lock.value));
}

void LockUnit::released_by(int lock, const Engine& channel) {
  std::vector<const Engine*>& all = locks_[static_cast<std::size_t>(lock)].releasers;
  if (std::find(all.begin(), all.end(), &channel) == all.end()) all.push_back(&channel);
}

exec::Cause lock_cause(program::LockRole role) {
  switch (role) {
    case program::LockRole::input_full:
    case program::LockRole::input_empty:
      return exec::Cause::wait_input;
    case program::LockRole::weights_full:
    case program::LockRole::weights_empty:
      return exec::Cause::wait_weights;
    case program::LockRole::operand_full:
    case program::LockRole::operand_empty:
      return exec::Cause::wait_operand;
    case program::LockRole::output_full:
    case program::LockRole::output_empty:
      return exec::Cause::wait_output;
    case program::LockRole::staging_full:
    case program::LockRole::staging_empty:
    case program::LockRole::unused:
      break;
  }
  return exec::Cause::wait_staging;
}

}  // namespace tessera::models
