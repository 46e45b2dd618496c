// Binds the explorer to the pipeline of sim/run: a sweep's base config with overrides, and one density of a resolved
// config per process. The backend is linked by whoever makes the executable.
#pragma once
#include <string>

#include "explore/runner.h"

namespace tessera::explore {

// `base` is the run config of the sweep; values of `network` and `hardware` that are paths start at `folder`, the
// folder of the sweep file.
PointRunner pipeline_runner(const std::string& base, const std::string& folder);

}  // namespace tessera::explore
