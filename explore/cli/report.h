// What the explorer's commands print.
#pragma once
#include <map>
#include <string>

#include "explore/sweep/run_sweep.h"

namespace tessera::explore {

// Prints every problem on stderr and returns the exit code.
int report(const Failure& failure);

// "540 done, 3 crashed"
std::string counts_text(const std::map<std::string, int>& counts);

// Path of this executable, and a hash of its content: which build made a result.
std::string executable_path();
std::string build_hash();

}  // namespace tessera::explore
