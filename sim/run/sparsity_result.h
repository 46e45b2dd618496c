// What the masks of a run hold, as result.json has it: what was requested, what was counted, and why they differ.
#pragma once
#include <nlohmann/json.hpp>

#include "sim/run/run_config.h"

namespace tessera::run {

// `sparsity` of result.json: the part of the config, and zero_share, requested_share, blocks, zero_blocks,
// kernel_zero_share, masked_layers, kept_layers, empty_rows, marks of the whole network, by_layer.
nlohmann::json sparsity_result(const RunConfig& config);

// Puts the share of zero blocks into the layers with weights of one density of result.json, which may be null.
void add_zero_shares(nlohmann::json& density, const nlohmann::json& sparsity);

}  // namespace tessera::run
