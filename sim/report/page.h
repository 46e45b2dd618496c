// The report as one HTML file: the built page of explore/report with the data of the runs in it. The page loads nothing
// from anywhere.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"

namespace tessera::report {

// `data` as explore/report/src/data.ts describes it. Fails when the built page is not installed.
Expected<std::string> page(const nlohmann::json& data);

// Name -> {unit, sentence, formula} of every counter (sim/result), for the explanations of numbers.
nlohmann::json explanations();

}  // namespace tessera::report
