// layers.csv: the table of layers, one line per density and layer, units in the names of the columns.
#pragma once
#include <string>

#include "sim/result/run_result.h"

namespace tessera::result {

std::string layers_csv(const RunResult& run);

}  // namespace tessera::result
