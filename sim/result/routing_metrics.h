// How the streams of a simulation go through the switches: lines of the table of its metrics.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

void add_routing(std::vector<Metric<DensityResult>>& table);

}  // namespace tessera::result
