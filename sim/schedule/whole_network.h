// For policies that put any network onto an array.
#pragma once
#include "sim/schedule/policy.h"
#include "sim/schedule/registry.h"

namespace tessera::schedule {

// What no such policy can schedule: other types than int8, layers without a kernel, what is forced for layers that
// cannot be walked like that.
std::vector<Problem> whole_network_problems(const Request& request);

// The passes, with the choices of a policy.
Expected<Schedule> run_passes(const Request& request, const arch::ArraySpec& array, const Policy& policy);

}  // namespace tessera::schedule
