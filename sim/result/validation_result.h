// What `tessera validate` found out: measured rows beside their predictions.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

struct ValidatedRowResult {
  std::string id, group, row_class, unit, device, bound_by;
  double measured = 0;
  std::optional<double> predicted, error_pct;  // none: skipped
  bool calibration = false, within_noise = false;
  std::string noise, assumed, extrapolated, skipped;  // empty: nothing to say
};
struct ValidationResult {
  std::vector<ValidatedRowResult> rows;  // in the order of the file
  std::optional<double> mape_pct, mape_holdout_pct;
};

const std::vector<Metric<ValidationResult>>& validation_metrics();
const std::vector<Metric<ValidatedRowResult>>& validated_row_metrics();  // of `rows[]`

std::string json_text(const ValidationResult& result);

}  // namespace tessera::result
