#include "models/completion_counters.h"

#include <algorithm>

#include "models/engine.h"
#include "models/sim_time.h"

namespace tessera::models {

bool CompletionCounters::fulfilled(const program::Wait* waits, std::uint32_t count) const {
  return std::all_of(waits, waits + count, [&](const program::Wait& w) { return completed(w.engine) >= w.tasks; });
}

Millicycles CompletionCounters::fulfilled_at(const program::Wait* waits, std::uint32_t count) const {
  Millicycles last = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    if (waits[i].tasks > 0)
      last = std::max(
          last, counts_[static_cast<std::size_t>(waits[i].engine)].times[static_cast<std::size_t>(waits[i].tasks) - 1]);
  return last;
}

int CompletionCounters::await(const program::Wait* waits, std::uint32_t count, Engine& waiter) {
  int open = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Count& c = counts_[static_cast<std::size_t>(waits[i].engine)];
    if (c.done >= waits[i].tasks) continue;
    c.waiters.push_back({waits[i].tasks, &waiter});
    ++open;
  }
  return open;
}

void CompletionCounters::complete(program::EngineId engine) {
  Count& c = counts_[static_cast<std::size_t>(engine)];
  ++c.done;
  c.times.push_back(now());
  if (c.waiters.empty()) return;
  for (const Waiter& w : c.waiters)
    if (w.tasks <= c.done) w.engine->token_arrived();
  const auto fulfilled = [&](const Waiter& w) { return w.tasks <= c.done; };
  c.waiters.erase(std::remove_if(c.waiters.begin(), c.waiters.end(), fulfilled), c.waiters.end());
}

}  // namespace tessera::models
