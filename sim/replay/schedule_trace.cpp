#include "sim/replay/schedule_trace.h"

#include <algorithm>

namespace tessera::replay {

const char* lane_name(Lane lane) {
  static const char* const names[] = {"load", "loadw", "loadfm", "loadwm", "comp", "writefm", "write"};
  return names[static_cast<int>(lane)];
}

namespace {

// Iterations of one sweep, or 0 when the iterations are not a whole number of sweeps.
std::int64_t sweep_iterations(const TraceLayer& l) {
  std::int64_t total = 0;
  for (const TracePass& p : l.passes) total += p.iterations;
  const std::int64_t per_sweep = ceil_div(l.output.h, std::max(1, l.core_output.h));
  return per_sweep > 0 && total % per_sweep == 0 ? per_sweep : 0;
}

}  // namespace

std::vector<bool> weight_loads(const TraceLayer& l) {
  const int n = static_cast<int>(l.passes.size());
  std::vector<bool> loads(l.passes.size(), false);
  if (n == 0) return loads;
  loads[0] = true;
  const auto is_body = [](const TracePass& p) { return p.overlapped; };
  const auto first = std::find_if(l.passes.begin(), l.passes.end(), is_body);
  if (first == l.passes.end()) {  // edges only: count iterations
    const std::int64_t per_sweep = sweep_iterations(l);
    std::int64_t done = 0;
    for (int i = 0; i < n; ++i) {
      if (per_sweep > 0 && done % per_sweep == 0) loads[i] = true;
      done += l.passes[i].iterations;
    }
    return loads;
  }
  const int bottom = static_cast<int>(std::find_if(l.passes.rbegin(), l.passes.rend(), is_body) - l.passes.rbegin());
  int body = static_cast<int>(first - l.passes.begin());
  for (int i = body + 1; i < n; ++i) {
    if (!l.passes[i].overlapped) continue;
    const int edges = i - body - 1;  // bottom edges of one sweep, top edges of the next
    if (edges == 0)
      loads[i] = true;
    else
      loads[body + 1 + std::min(bottom, edges - 1)] = true;
    body = i;
  }
  return loads;
}

int sweeps(const TraceLayer& l) {
  const std::int64_t per_sweep = sweep_iterations(l);
  if (per_sweep == 0) return 1;
  std::int64_t total = 0;
  for (const TracePass& p : l.passes) total += p.iterations;
  return static_cast<int>(std::max<std::int64_t>(1, total / per_sweep));
}

}  // namespace tessera::replay
