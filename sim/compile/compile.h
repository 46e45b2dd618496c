// network + masks + array -> program: a policy decides the mapping (schedule/), which is then made a program (lower/).
#pragma once
#include <optional>
#include <vector>

#include "sim/schedule/schedule.h"

namespace tessera::compile {

// masks[i]: block mask of layer i, nullopt: dense. Fails with does_not_fit (demand, bound, gap, knobs).
Expected<schedule::Schedule> make_schedule(const network::Network& network,
                                           const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                           const arch::ArraySpec& array, const cost::LatencyModel& latency_model,
                                           const schedule::ScheduleSpec& spec,
                                           const schedule::Trials* trials = nullptr);

}  // namespace tessera::compile
