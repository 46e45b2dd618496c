#include "sim/compile/compile.h"

#include "sim/lower/lower.h"

namespace tessera::compile {

Expected<schedule::Schedule> make_schedule(const network::Network& network,
                                           const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                           const arch::ArraySpec& array, const cost::LatencyModel& latency_model,
                                           const schedule::ScheduleSpec& spec, const schedule::Trials* trials) {
  Expected<schedule::Schedule> schedule = decide_schedule(network, masks, array, latency_model, spec, trials);
  if (!schedule || !schedule->mapping) return schedule;
  Expected<program::Program> program = lower::lower(network, masks, array, *schedule->mapping);
  if (!program) return program.failure();
  schedule->program = std::move(*program);
  return schedule;
}

}  // namespace tessera::compile
