// All latency models by name; latency models read from a file of coefficients are added when the file is loaded.
#pragma once
#include <map>
#include <string>

#include "sim/cost/latency_model.h"

namespace tessera::cost {

std::map<std::string, const LatencyModel*>& latency_model_registry();

}  // namespace tessera::cost
