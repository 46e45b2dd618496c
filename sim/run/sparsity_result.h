// What the masks of a run hold: what was requested, what was counted, and why they differ.
#pragma once
#include "sim/result/run_result.h"
#include "sim/run/run_config.h"

namespace tessera::run {

result::SparsityResult sparsity_result(const RunConfig& config);

// Puts the share of zero blocks into the layers with weights of one density.
void add_zero_shares(result::DensityResult& density, const result::SparsityResult& sparsity);

}  // namespace tessera::run
