#include "explore/pipeline_runner.h"

#include <filesystem>

#include "sim/run/pipeline.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

bool names_a_file(const std::string& path, const Json& value) {
  return (path == "network" || path == "hardware" || path == "sparsity.mask_file") && value.is_string();
}

Expected<ResolvedPoint> resolve(const std::string& base, const std::string& folder, const Overrides& overrides) {
  std::vector<std::string> sets;
  for (const auto& [path, value] : overrides) {
    const Json set = names_a_file(path, value) ? Json(fs::absolute(fs::path(folder) / value.get<std::string>()).string())
                                               : value;
    sets.push_back(path + "=" + set.dump());
  }
  const Expected<RunConfig> config = load_run_config(base, sets);
  if (!config) return config.failure();
  return ResolvedPoint{config->resolved.dump(), content_hash(*config, Density::sparse),
                       content_hash(*config, Density::dense)};
}

// The facts of the config that the table shows, beside what the pipeline measured.
Expected<Json> run(const Json& document, bool dense) {
  const Expected<RunConfig> config = make_run_config(document, ".", "point");
  if (!config) return config.failure();
  Expected<Json> result = run_density(*config, dense ? Density::dense : Density::sparse);
  if (!result) return result;
  Json& facts = *result;
  facts["network"] = config->network.name;
  facts["rows"] = config->array.rows;
  facts["cols"] = config->array.cols;
  facts["cores"] = config->array.cores();
  facts["clock_hz"] = config->array.clock_hz;
  return result;
}

}  // namespace

PointRunner pipeline_runner(const std::string& base, const std::string& folder) {
  PointRunner runner;
  runner.resolve = [base, folder](const Overrides& overrides) { return resolve(base, folder, overrides); };
  runner.run = run;
  return runner;
}

}  // namespace tessera::explore
