#include "models/lock_unit.h"

#include <fmt/format.h>

#include "models/engine.h"

namespace tessera {

LockUnit::LockUnit(RunState& run, TileId tile, const LockSpec& spec)
    : run_(run), tile_(tile), max_value_(spec.max_value), locks_(static_cast<std::size_t>(spec.count)) {
  for (const LockInit& init : run.program.locks)
    if (init.tile == tile) {
      Lock& lock = locks_[static_cast<std::size_t>(init.lock)];
      lock.value = lock.initial = init.value;
      lock.role = init.role;
    }
}

bool LockUnit::try_acquire(LockOp op) {
  Lock& lock = locks_[static_cast<std::size_t>(op.lock)];
  if (!lock.waiters.empty() || lock.value < op.value) return false;
  lock.value -= op.value;
  return true;
}

bool LockUnit::acquire(LockOp op, Engine& waiter) {
  if (try_acquire(op)) return true;
  locks_[static_cast<std::size_t>(op.lock)].waiters.push_back({op.value, &waiter});
  return false;
}

void LockUnit::release(LockOp op) {
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

Cause lock_cause(LockRole role) {
  switch (role) {
    case LockRole::input_full:
    case LockRole::input_empty:
      return Cause::wait_input;
    case LockRole::weights_full:
    case LockRole::weights_empty:
      return Cause::wait_weights;
    case LockRole::operand_full:
    case LockRole::operand_empty:
      return Cause::wait_operand;
    case LockRole::output_full:
    case LockRole::output_empty:
      return Cause::wait_output;
    case LockRole::staging_full:
    case LockRole::staging_empty:
    case LockRole::unused:
      break;
  }
  return Cause::wait_staging;
}

}  // namespace tessera
