// What `tessera run` prints, made from result.json and nothing else.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace tessera::cli {

// Latency, speed-up, bytes at each level, utilization, and the slowest layers with what binds each.
std::string run_report(const nlohmann::json& result);

// Every layer: time, bound of it alone and what binds that, dense and sparse; what sparsity gains; what an uneven mask
// costs before and after channels are assigned to cores.
std::string layers_report(const nlohmann::json& result);

// Whether a layer of result.json is computed by the kernels of another one.
bool is_fused(const nlohmann::json& layer);

}  // namespace tessera::cli
