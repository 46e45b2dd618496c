// The share of zero blocks on the first screen: what was counted, and why it is not what was requested.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace tessera::cli {

// Lines of text from `sparsity` of result.json: the whole network first, then layers that differ, grouped by reason.
std::string sparsity_report(const nlohmann::json& sparsity);

}  // namespace tessera::cli
