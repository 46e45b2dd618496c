// Multi-objective search over the space of a sweep with NSGA-II of pagmo2, for spaces too large for a grid. A decision
// vector is one value index per axis group; every evaluated point lands in the sweep's store. The path of the search
// depends on the seed alone, so a search that was interrupted retraces it through the store and goes on.
#pragma once
#include "explore/sweep/run_sweep.h"

namespace tessera::explore {

// Problems of its objectives: what is no column of numbers.
std::optional<Failure> check_search(const Sweep& sweep);

Expected<SweepEnd> run_search(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options);

}  // namespace tessera::explore
