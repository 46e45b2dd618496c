#include "sim/cli/trace_events.h"

#include "sim/report/memory_use.h"

namespace tessera::cli {
namespace {

// Of all memory tiles together, and of each.
std::vector<trace::Counter> occupation(const report::MemoryUse& use) {
  std::vector<trace::Counter> counters = {{"memory tiles", "bytes", {}}};
  for (const report::MemoryUse::Memory& memory : use.memories) counters.push_back({memory.name, "bytes", {}});
  for (std::size_t i = 0; i < use.times.size(); ++i) {
    Bytes sum = 0;
    for (std::size_t m = 0; m < use.memories.size(); ++m) {
      const Bytes bytes = use.memories[m].bytes[i];
      auto& steps = counters[m + 1].steps;
      if (steps.empty() || steps.back().second != static_cast<double>(bytes)) steps.emplace_back(use.times[i], bytes);
      sum += bytes;
    }
    counters[0].steps.emplace_back(use.times[i], sum);
  }
  return counters;
}

}  // namespace

std::string density_events(const run::RunConfig& config, const run::Plan& plan, run::Density density,
                           const trace::PerfettoTrace& trace, Millicycles end) {
  const program::Program& program = plan.schedule.program;
  const std::optional<report::MemoryUse> use = report::memory_use(program, config.array, trace.spans(), end);
  return trace.events(density == run::Density::dense ? 1 : 2, density_name(density), program,
                      use ? occupation(*use) : std::vector<trace::Counter>{});
}

}  // namespace tessera::cli
