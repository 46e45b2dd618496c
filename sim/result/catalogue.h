// Every metric by its whole name, of all tables together: what `tessera explain` and `tessera list counters` print, and
// what a page or a script needs to label numbers.
#pragma once
#include <string>
#include <vector>

#include "sim/result/metric.h"

namespace tessera::result {

struct MetricInfo {
  std::string name;  // its key in result.json: "layers[].alone_bound_us", "time.wait_input"
  std::string unit, sentence, formula;
  std::string label;   // on the first screen
  std::string column;  // of layers.csv, or of a sweep's table
  Kind kind = Kind::other;
  bool group = false;  // a group of metrics, no value of its own
};

const std::vector<MetricInfo>& all_metrics();

// The metric called `name`, by its whole name, its column, its last part, or dense_NAME; null if there is none.
const MetricInfo* find_metric(const std::string& name);

// A JSON list with name, unit, sentence, formula, label and column of every metric.
std::string catalogue_json();

}  // namespace tessera::result
