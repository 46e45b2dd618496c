#include "explore/pipeline_runner.h"

#include <memory>

#include "explore/axis_facts.h"
#include "explore/point_resolver.h"
#include "sim/run/pipeline.h"

namespace tessera::explore {
namespace {

Expected<result::StoredRow> run(const Json& document, bool dense) {
  const Expected<run::RunConfig> config = run::make_run_config(document, ".", "point");
  if (!config) return config.failure();
  const run::Density density = dense ? run::Density::dense : run::Density::sparse;
  Expected<result::DensityResult> result = run_density(*config, density);
  if (!result) return result.failure();
  return result::stored_row(dense ? make_result(*config, std::move(*result), std::nullopt)
                                  : make_result(*config, std::nullopt, std::move(*result)));
}

}  // namespace

PointRunner pipeline_runner(const std::string& base, const std::string& folder) {
  PointRunner runner;
  const auto resolver = std::make_shared<PointResolver>(base, folder);
  runner.resolve = [resolver](const Overrides& overrides) { return resolver->resolve(overrides); };
  runner.axis_facts = [resolver](const std::vector<std::string>& paths) {
    const Expected<ResolvedPoint> alone = resolver->resolve({});
    return alone ? axis_facts(Json::parse(alone->config), paths) : std::map<std::string, AxisFacts>();
  };
  runner.run = run;
  return runner;
}

}  // namespace tessera::explore
