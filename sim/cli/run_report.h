// What `tessera run` prints, made from result.json and nothing else.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace tessera {

// Latency, speed-up, bytes at each level, utilization, and the slowest layers with what binds each.
std::string run_report(const nlohmann::json& result);

// Every layer: what binds it dense and sparse, and what sparsity gains.
std::string layers_report(const nlohmann::json& result);

}  // namespace tessera
