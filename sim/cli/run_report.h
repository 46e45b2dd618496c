// What `tessera run` prints, made from the typed result and nothing else.
#pragma once
#include <string>

#include "sim/result/run_result.h"

namespace tessera::cli {

// Latency, speed-up, bytes at each level, utilization, and the slowest layers with what binds each.
std::string run_report(const result::RunResult& run);

// Every layer: time, bound of it alone and what binds that, dense and sparse; what sparsity gains; what an uneven mask
// costs before and after channels are assigned to cores.
std::string layers_report(const result::RunResult& run);

}  // namespace tessera::cli
