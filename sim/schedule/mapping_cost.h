// What a mapping costs as the formulas of cost/ see it: layer after layer, nothing is emitted.
#pragma once
#include "sim/schedule/registry.h"

namespace tessera::schedule {

// Cycles of all its steps.
double mapping_cost(const mapping::Mapping& mapping, const Request& request, const arch::ArraySpec& array);

}  // namespace tessera::schedule
