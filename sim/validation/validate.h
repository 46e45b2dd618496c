// `tessera validate`: predicts every row of a CSV of measured times and compares.
#pragma once
#include <string>
#include <vector>

#include "sim/result/validation_result.h"
#include "sim/validation/design.h"
#include "sim/validation/predict.h"

namespace tessera::validation {

struct ValidationOptions {
  std::string csv;
  std::string group;          // only this one; empty: all
  std::string config_folder;  // with validation/, hardware/, networks/
  int jobs = 2;               // rows simulated at a time, each in a forked child
};

struct ValidatedRow {
  MeasuredRow row;
  bool calibration = false;
  Prediction prediction;
  StatedNoise noise;
  double error_pct() const { return 100 * (prediction.value / row.measured - 1); }
  bool within_noise() const;  // false when the source states none
  bool skipped() const { return !prediction.skipped.empty(); }
};

struct Validation {
  std::vector<ValidatedRow> rows;  // in the order of the file
};

// Mean and maximum absolute error of the rows that were not skipped; networks under closed overlays are left out, they
// are a comparison of two machines.
struct ErrorSummary {
  std::string name;
  int rows = 0, skipped = 0;
  double mean_pct = 0, max_pct = 0;
  std::string worst;  // id
};

// Bad files are a Failure; a row that cannot be predicted is a skipped row.
Expected<Validation> validate_rows(const ValidationOptions& options);

// All rows, hold-out rows, every class and every group (calibration and hold-out apart).
std::vector<ErrorSummary> summarize(const Validation& validation);

result::ValidationResult result_of(const Validation& validation);
std::string validation_table(const Validation& validation);  // for the terminal

}  // namespace tessera::validation
