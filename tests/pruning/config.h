// Small networks of convolutions on the generic array, 8x8 blocks, no masks yet.
#pragma once
#include <catch2/catch.hpp>
#include <string>

#include "sim/run/run_config.h"

namespace tessera::tests {
using nlohmann::json;

inline run::RunConfig config_of(const json& layers) {
  const json document = {{"network", {{"name", "n"}, {"input", {14, 14, 32}}, {"layers", layers}}},
                         {"hardware", "../hardware/aie2.json"}};
  Expected<run::RunConfig> config = run::make_run_config(document, "configs/runs", "n");
  if (!config) FAIL(describe(config.failure()));
  config->mask_spec.bc = config->mask_spec.bi = 8;
  config->masks.assign(config->network.layers.size(), std::nullopt);
  return std::move(*config);
}

inline json conv(const char* name, int channels) {
  return {{"name", name}, {"op", "conv2d"}, {"channels", channels}, {"kernel", 3}, {"padding", 1}};
}

}  // namespace tessera::tests
