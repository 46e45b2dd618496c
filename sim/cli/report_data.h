// What `run --report FILE.html` and `report` put into the page: explore/report/src/data.ts says what it reads.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/report/timeline.h"
#include "sim/run/pipeline.h"

namespace tessera::cli {

// Timeline and memory of one density.
nlohmann::json density_view(const run::RunConfig& config, const run::Plan& plan, const report::Timeline& timeline,
                            const nlohmann::json& result);

// One run. `views` has the members dense and sparse, null or of density_view.
nlohmann::json run_view(const run::RunConfig& config, const nlohmann::json& result, const nlohmann::json& views);

// A run whose config is not at hand, or gives other numbers now: its result, and why there is no more.
nlohmann::json bare_run_view(const nlohmann::json& result, const std::string& why);

// Writes the page. Either runs (one, or two to compare) or a sweep (null: none).
std::optional<Failure> write_report(const std::string& file, const std::vector<nlohmann::json>& runs,
                                    const nlohmann::json& sweep);

}  // namespace tessera::cli
