// A small network with its mapping: what tests of the text form start from.
#pragma once
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/compile/compile.h"
#include "sim/mapping/text.h"
#include "sim/run/config_folder.h"
#include "sim/run/run_config.h"

namespace tessera::tests {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

// Half of the blocks zero, on so many compute tiles of aie2.
inline run::RunConfig half_sparse(const nlohmann::json& network, int rows, int cols) {
  const auto config =
      run::make_run_config({{"network", network},
                            {"hardware", {{"extends", "configs/hardware/aie2.json"}, {"rows", rows}, {"cols", cols}}},
                            {"sparsity", {{"ratio", 0.5}}}},
                           ".", network["name"].get<std::string>(), {});
  if (!config) FAIL(describe(config.failure()));
  return *config;
}

inline schedule::Schedule scheduled(const run::RunConfig& config, const Masks& masks,
                                    const schedule::ScheduleSpec& spec) {
  const auto latency_model = run::latency_model_of(config.array);
  if (!latency_model) FAIL(describe(latency_model.failure()));
  auto schedule = compile::make_schedule(config.network, masks, config.array, **latency_model, spec);
  if (!schedule) FAIL(describe(schedule.failure()));
  return std::move(*schedule);
}

// What follows a mapping that is given as text; a problem where it is refused.
inline Expected<schedule::Schedule> followed(const run::RunConfig& config, const Masks& masks,
                                             const std::string& text) {
  auto read = mapping::parse_mapping(text, config.network, "m.json");
  if (!read) return read.failure();
  schedule::ScheduleSpec spec;
  spec.policy = "mapping";
  spec.mapping = schedule::GivenMapping{"m.json", text, std::move(*read)};
  const auto latency_model = run::latency_model_of(config.array);
  if (!latency_model) FAIL(describe(latency_model.failure()));
  return compile::make_schedule(config.network, masks, config.array, **latency_model, spec);
}

}  // namespace tessera::tests
