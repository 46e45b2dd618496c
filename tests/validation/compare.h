// Judges a fresh validation against the committed one.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tessera {

// Every way in which `fresh` is worse than `committed`: a row whose absolute error grew by more than `tolerance`
// percentage points, a row that is skipped or missing now, a mean that grew by more than a tenth of the tolerance.
// Networks under closed overlays are left out: they follow the scheduler and are no target.
std::vector<std::string> regressions(const nlohmann::json& committed, const nlohmann::json& fresh, double tolerance);

}  // namespace tessera
