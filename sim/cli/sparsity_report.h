// The share of zero blocks on the first screen: what was counted, and why it is not what was requested.
#pragma once
#include <string>

#include "sim/result/run_result.h"

namespace tessera::cli {

// The whole network first, then layers that differ, grouped by reason.
std::string sparsity_report(const result::SparsityResult& sparsity);

}  // namespace tessera::cli
