// What the explorer's commands print.
#pragma once
#include <string>

#include "explore/sweep/run_sweep.h"

namespace tessera::explore {

// Prints every problem on stderr and returns the exit code.
int report(const Failure& failure);

// "540 points: 537 done, 3 crashed; with dense baselines 549 runs: 546 done, 3 crashed"; the runs only when they
// differ.
std::string counts_text(const Counts& counts);

// A hash of this executable: which build made a result.
std::string build_hash();

}  // namespace tessera::explore
