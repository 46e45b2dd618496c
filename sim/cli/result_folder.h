// The folder of a run: result.json, layers.csv, config.json (resolved), manifest.json. It is written beside its place
// and then renamed, so that a killed run leaves nothing half-written.
#pragma once
#include <optional>
#include <string>

#include "sim/base/error.h"
#include "sim/result/run_result.h"
#include "sim/run/run_config.h"

namespace tessera::cli {

// `parent`: where <name>-<hash>/ goes, the hash of an external program included; empty: results/runs of the
// project. Returns the folder.
Expected<std::string> commit_result(const run::RunConfig& config, const result::RunResult& result,
                                    const std::string& parent);

// Why no folder can be put into `parent`, if so: to be known before the work.
std::optional<Problem> unwritable_parent(const std::string& parent);

}  // namespace tessera::cli
