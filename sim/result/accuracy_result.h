// What `tessera accuracy` found out: how often a network's outputs are right, or how near its images come to given
// ones.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

// Percent of the images, and decibels: infinite without a difference. Absent where nothing was given to judge by.
struct JudgedOutputs {
  std::optional<double> top1, top5, agreement;
  std::optional<double> psnr_db, psnr_to_int8_db;
  std::optional<double> difference;  // from int8, percent
};
struct AccuracyResult {
  std::string model, steps;
  std::int64_t images = 0;
  JudgedOutputs int8;
  std::optional<JudgedOutputs> in_float, dense;  // the same network in float; without its zero blocks
};

const std::vector<Metric<AccuracyResult>>& accuracy_metrics();
const std::vector<Metric<JudgedOutputs>>& judged_metrics();

std::string json_text(const AccuracyResult& result);

}  // namespace tessera::result
