#include "explore/pipeline_runner.h"

#include <memory>

#include "explore/axis_facts.h"
#include "explore/point_resolver.h"
#include "sim/run/pipeline.h"
#include "sim/run/sparsity_result.h"

namespace tessera::explore {
namespace {

// A layer as the store keeps it: the causes of waiting that are not zero, weights as one number.
Json slim(const Json& layer) {
  Json result = Json::object();
  for (const char* key : {"name", "op", "start_us", "end_us", "compute_bound_us", "alone_bound_us", "alone_bound_by",
                          "macs", "core_busy_share", "mac_utilization", "ddr_read_bytes", "ddr_write_bytes"})
    if (layer.contains(key)) result[key] = layer[key];
  if (layer.contains("weight_bytes")) result["weight_bytes"] = layer["weight_bytes"]["total"];
  Json& time = result["time"] = Json::object();
  for (const auto& [cause, cycles] : layer["time"].items())
    if (cycles != 0) time[cause] = cycles;
  return result;
}

// What the table and the figures need of a result, with the facts of the config beside it.
Json row_of(const run::RunConfig& config, Json result) {
  const arch::ArraySpec& array = config.array;
  result["network"] = config.network.name;
  result["rows"] = array.rows;
  result["cols"] = array.cols;
  result["cores"] = array.cores();
  const double rate =
      cost::peak_macs_per_cycle(array.tile.core, config.network.layers.back().in_type);  // a network has one type
  result["peak_macs_per_us"] = rate * array.cores() * array.clock_hz / 1e6;
  result["ddr_bytes_per_us"] = array.ddr.read_bytes_per_cycle * array.clock_hz / 1e6;
  if (result.contains("weight_bytes")) {  // the published accounting has none
    const Json weights = result["weight_bytes"];
    result["weight_bytes"] = weights["total"];
    result["index_bytes"] = weights["index"];
  }
  Json layers = Json::array();
  for (const Json& layer : result["layers"]) layers.push_back(slim(layer));
  result["layers"] = std::move(layers);
  return result;
}

// What was counted in the masks.
void add_zeros(const Json& sparsity, Json& row) {
  for (const char* key : {"zero_share", "requested_share", "empty_rows"}) row[key] = sparsity[key];
  std::string marks;
  for (const Json& mark : sparsity["marks"]) marks += (marks.empty() ? "" : " ") + mark.get<std::string>();
  row["mask_marks"] = marks;
}

Expected<Json> run(const Json& document, bool dense) {
  const Expected<run::RunConfig> config = run::make_run_config(document, ".", "point");
  if (!config) return config.failure();
  Expected<Json> result = run_density(*config, dense ? run::Density::dense : run::Density::sparse);
  if (!result) return result;
  Json row = row_of(*config, std::move(*result));
  if (!dense) add_zeros(sparsity_result(*config), row);
  return row;
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
