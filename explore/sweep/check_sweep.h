// Whether a sweep can mean anything at all, before any point is planned: its base is a legal run config, and every axis
// is a key of one. A value that is illegal belongs to its points; a key that does not exist belongs to the sweep file.
#pragma once
#include <optional>

#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

// Every problem of the base and of the axes' names.
std::optional<Failure> check_sweep(const Sweep& sweep, const PointRunner& runner);

}  // namespace tessera::explore
