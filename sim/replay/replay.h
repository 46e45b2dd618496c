// Replays a schedule trace on the simulated array and reads every lane off the simulated timeline.
#pragma once
#include <string>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/replay/schedule_trace.h"
#include "sim/result/replay_result.h"

namespace tessera::replay {

enum class ReplayAccounting { published, physical };
const char* accounting_label(ReplayAccounting a);

// `array` already has the rows and columns of the trace. A lane's time is what the busiest of its engines was at work
// on it: the channels of LOAD, LOADW, LOADFM, LOADWM, WRITE at their source, WRITEFM at the memory tile, COMP in the
// cores. Uses the SystemC kernel: once per process.
Expected<result::ReplayResult> replay_trace(const ScheduleTrace& trace, const arch::ArraySpec& array,
                                            ReplayAccounting accounting);

// Published against ours, lane by lane, for layers whose times the trace states; a summary per lane; the total.
std::string replay_report(const ScheduleTrace& trace, const result::ReplayResult& replay);

}  // namespace tessera::replay
