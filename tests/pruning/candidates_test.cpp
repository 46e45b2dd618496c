// What may be left out of each layer, and what it loses; and does pruning for a time keep more than a uniform share?
#include "sim/pruning/candidates.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/pruning/pruner.h"
#include "sim/run/pipeline.h"

using namespace tessera;
using namespace tessera::pruning;
using nlohmann::json;

namespace {

run::RunConfig config_of(const json& layers) {
  const json document = {{"network", {{"name", "n"}, {"input", {14, 14, 32}}, {"layers", layers}}},
                         {"hardware", "../hardware/aie2.json"}};
  Expected<run::RunConfig> config = run::make_run_config(document, "configs/runs", "n");
  if (!config) FAIL(describe(config.failure()));
  config->mask_spec.bc = config->mask_spec.bi = 8;
  config->masks.assign(config->network.layers.size(), std::nullopt);
  return std::move(*config);
}

json conv(const char* name, int channels) {
  return {{"name", name}, {"op", "conv2d"}, {"channels", channels}, {"kernel", 3}, {"padding", 1}};
}

// Weights of every layer, those of block b of magnitude about `spread`^b.
sparsity::WeightsByLayer weights_of(const network::Network& network, double spread) {
  sparsity::WeightsByLayer all;
  Random random(7);
  for (const network::Layer& layer : network.layers) {
    if (layer.op != network::Op::conv2d) continue;
    sparsity::FloatWeights w{layer.out.c, layer.window.kh * layer.window.kw, layer.in.c, {}};
    for (int oc = 0; oc < w.cout; ++oc)
      for (int t = 0; t < w.taps; ++t)
        for (int ic = 0; ic < w.cin; ++ic)
          w.values.push_back(static_cast<float>(std::pow(spread, (oc / 8 * 5 + ic / 8 * 3) % 16) * random.uniform()));
    all[layer.name] = w;
  }
  return all;
}

}  // namespace

TEST_CASE("Candidates leave out ever more blocks, the least important first, and respect what must stay") {
  const run::RunConfig config = config_of({conv("first", 32), conv("a", 64), conv("b", 64), conv("spared", 32)});
  PruneSpec spec;
  spec.least_density = 0.25;
  spec.spare = {"spared"};
  const auto layers = make_candidates(config, spec, weights_of(config.network, 0.8), nullptr);
  REQUIRE(layers.size() == 2);  // neither the first nor the spared one
  for (const LayerCandidates& layer : layers) {
    const std::size_t blocks = layer.masks[0].bits.size();
    CHECK(layer.zeros.front() == 0);
    CHECK(layer.zeros.back() == blocks - blocks / 4);
    for (int k = 1; k <= share_steps; ++k) {
      CHECK(layer.zeros[k] >= layer.zeros[k - 1]);
      CHECK(layer.lost[k] >= layer.lost[k - 1]);
      for (std::size_t b = 0; b < blocks; ++b) CHECK(layer.masks[k].bits[b] <= layer.masks[k - 1].bits[b]);
    }
  }
  CHECK(kept_importance(layers, {0, 0}) == Approx(1));
  CHECK(kept_importance(layers, {16, 0}) == Approx(1 - layers[0].lost[16] / 2));
}

TEST_CASE("For a time, pruning keeps more than a uniform share; a time that nothing reaches is refused") {
  run::RunConfig config = config_of({conv("first", 32), conv("a", 128), conv("b", 64), conv("c", 128), conv("d", 32)});
  sparsity::WeightsByLayer weights = weights_of(config.network, 0.9);
  for (float& w : weights["a"].values) w = 1;  // every block of one layer is as important as the next
  PruneSpec spec;
  const auto layers = make_candidates(config, spec, weights, nullptr);
  spec.latency_us = 1e6;
  const auto quiet = [](const std::string&) {};
  const Expected<Pruned> dense = prune_network(config, spec, layers, quiet);
  REQUIRE(dense);
  CHECK(dense->latency_us == dense->before_us);
  CHECK(dense->kept == Approx(1));
  spec.latency_us = (dense->before_us + dense->least_us) / 2;
  const Expected<Pruned> pruned = prune_network(config, spec, layers, quiet);
  REQUIRE(pruned);
  CHECK(pruned->latency_us <= spec.latency_us);
  CHECK(pruned->latency_us >= spec.latency_us * (1 - tolerance));
  CHECK(pruned->kept > pruned->uniform_kept);
  spec.latency_us = dense->least_us / 2;
  const Expected<Pruned> never = prune_network(config, spec, layers, quiet);
  REQUIRE_FALSE(never);
  CHECK(never.failure().code == ExitCode::does_not_fit);
  CHECK_THAT(describe(never.failure()), Catch::Contains("with the fewest blocks that may stay"));
  // In this process, so last.
  config.masks = pruned->masks;
  const Expected<result::DensityResult> again = run_density(config, run::Density::sparse);
  REQUIRE(again);
  CHECK(again->latency_us == pruned->latency_us);
}
