// What `run --report FILE.html` and `report` put into the page, as JSON texts: explore/report/src/data.ts says what it
// reads.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/report/timeline.h"
#include "sim/result/run_result.h"
#include "sim/run/pipeline.h"

namespace tessera::cli {

// Timeline and memory of one density that took `end`.
std::string density_view(const run::RunConfig& config, const run::Plan& plan, const report::Timeline& timeline,
                         Millicycles end);
struct Views {  // of density_view; empty: none
  std::string dense, sparse;
};

// One run.
std::string run_view(const run::RunConfig& config, const result::RunResult& run, const Views& views);

// A run whose config is not at hand, or gives other numbers now: its result, and why there is no more.
std::string bare_run_view(const result::RunResult& run, const std::string& why);

// Writes the page. Either runs (one, or two to compare) or a sweep (empty: none).
std::optional<Failure> write_report(const std::string& file, const std::vector<std::string>& runs,
                                    const std::string& sweep);

}  // namespace tessera::cli
