// Replays a schedule trace on the simulated array and reads every lane off the simulated timeline.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/exec/backend.h"
#include "sim/replay/schedule_trace.h"

namespace tessera::replay {

enum class ReplayAccounting { published, physical };
const char* accounting_label(ReplayAccounting a);

struct PassTimes {
  double loadfm_us = 0, loadwm_us = 0, comp_us = 0, writefm_us = 0;
  bool added = false;  // physical accounting: needed by a correct execution, not in the trace
};
struct ReplayedLayer {
  std::string name;
  double load_us = 0, loadw_us = 0, write_us = 0, end_us = 0;
  std::vector<PassTimes> passes;
};
struct Replay {
  ReplayAccounting accounting = ReplayAccounting::published;
  std::string array;
  int rows = 0, cols = 0;
  double latency_us = 0;
  int added_passes = 0;
  std::vector<ReplayedLayer> layers;
  exec::SimResult simulated;
};

// `array` already has the rows and columns of the trace. A lane's time is what the busiest of its engines was at work
// on it: the channels of LOAD, LOADW, LOADFM, LOADWM, WRITE at their source, WRITEFM at the memory tile, COMP in the
// cores. Uses the SystemC kernel: once per process.
Expected<Replay> replay_trace(const ScheduleTrace& trace, const arch::ArraySpec& array, ReplayAccounting accounting);

// {"accounting", "array", "rows", "cols", "latency_us", "layers": [{"layer", "load_us", "loadw_us", "write_us",
//  "passes": [{"loadfm_us", "loadwm_us", "comp_us", "writefm_us"}], "end_us"}]}; under physical accounting also
// "added_passes" and, in such a pass, "added": true.
nlohmann::json replay_json(const Replay& replay);

// Published against ours, lane by lane, for layers whose times the trace states; a summary per lane; the total.
std::string replay_report(const ScheduleTrace& trace, const Replay& replay);

}  // namespace tessera::replay
