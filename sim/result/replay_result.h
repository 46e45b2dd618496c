// What `tessera replay` found out: a published schedule, lane by lane.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

struct PassTimes {
  double loadfm_us = 0, loadwm_us = 0, comp_us = 0, writefm_us = 0;
  bool added = false;  // physical accounting: needed by a correct execution, not in the trace
};
struct ReplayedLayer {
  std::string name;
  double load_us = 0, loadw_us = 0, write_us = 0, end_us = 0;
  std::vector<PassTimes> passes;
};
struct ReplayResult {
  std::string accounting, array;
  std::int64_t rows = 0, cols = 0;
  double latency_us = 0;
  std::optional<std::int64_t> added_passes;  // physical accounting
  std::vector<ReplayedLayer> layers;
};

const std::vector<Metric<ReplayResult>>& replay_metrics();
const std::vector<Metric<ReplayedLayer>>& replayed_layer_metrics();  // of `layers[]`
const std::vector<Metric<PassTimes>>& pass_metrics();                // of `layers[].passes[]`

std::string json_text(const ReplayResult& result);

}  // namespace tessera::result
