// `tessera sweep FILE --plan`: how many points, which are refused and why, how long it will take. Runs nothing.
#pragma once
#include <string>

#include "explore/runner.h"
#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

// `folder` may hold an earlier, partial run of the sweep: its points count as done, and its times give the estimate.
Expected<std::string> plan_report(const Sweep& sweep, const PointRunner& runner, const std::string& folder,
                                  int workers);

}  // namespace tessera::explore
