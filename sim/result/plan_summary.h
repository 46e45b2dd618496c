// What is known of a schedule before it is simulated: `tessera check`, and its --json.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

// The published accounting has neither estimate nor bound.
struct PlanBounds {
  double estimate_us = 0, bound_us = 0, compute_us = 0, ddr_us = 0, alone_us = 0, critical_path_us = 0;
  std::vector<std::string> critical_path;
};
struct PlanSummary {
  std::int64_t layers = 0, kernel_calls = 0;
  Bytes ddr_bytes = 0;
  std::optional<PlanBounds> bounds;
};

const std::vector<Metric<PlanSummary>>& plan_metrics();  // of `check.` for `tessera explain`

std::string json_text(const PlanSummary& dense, const PlanSummary& sparse);

}  // namespace tessera::result
