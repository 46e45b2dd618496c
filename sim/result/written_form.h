// Whether JSON has the form of a result.json that this program writes: what every result has is there, and of its kind.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::result {

// One problem for each key that is missing or of another kind; none for a file that a run wrote.
std::vector<Problem> unlike_a_result(const nlohmann::json& given, const std::string& file);

}  // namespace tessera::result
