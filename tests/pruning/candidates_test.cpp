// What may be left out of each layer, and what it loses; and does pruning for a time keep more than a uniform share?
#include "sim/pruning/candidates.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/pruning/pruner.h"
#include "sim/run/pipeline.h"
#include "tests/pruning/config.h"

using namespace tessera;
using namespace tessera::pruning;
using namespace tessera::tests;

namespace {

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
    const std::vector<Candidate>& c = layer.candidates;
    REQUIRE(c.size() == share_steps + 1);
    const std::size_t blocks = c[0].mask.bits.size();
    CHECK(c.front().zeros == 0);
    CHECK(c.back().zeros == blocks - blocks / 4);
    for (std::size_t k = 1; k < c.size(); ++k) {
      CHECK(c[k].zeros >= c[k - 1].zeros);
      CHECK(c[k].lost >= c[k - 1].lost);
      for (std::size_t b = 0; b < blocks; ++b) CHECK(c[k].mask.bits[b] <= c[k - 1].mask.bits[b]);
    }
  }
  CHECK(assemble(config, layers, {0, 0}).kept == Approx(1));
  CHECK(assemble(config, layers, {0, 16}).kept == Approx(1 - layers[1].candidates[16].lost / 2));
}

TEST_CASE("A layer may have blocks of its own size, and zero blocks a pattern") {
  run::RunConfig config = config_of({conv("first", 32), conv("a", 64), conv("b", 64)});
  config.mask_spec.layers["b"].bc = config.mask_spec.layers["b"].bi = 16;
  PruneSpec spec;
  spec.patterns = {sparsity::PrunePattern::free, sparsity::PrunePattern::balanced};
  const auto layers = make_candidates(config, spec, weights_of(config.network, 0.8), nullptr);
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].candidates[0].mask.bits.size() == 8 * 4);
  CHECK(layers[1].candidates[0].mask.bits.size() == 4 * 4);
  CHECK(layers[1].candidates[0].mask.bc == 16);
  for (const LayerCandidates& layer : layers) {
    REQUIRE(layer.candidates.size() == 2 * (share_steps + 1));
    for (int k = 0; k <= share_steps; ++k) {
      const Candidate &free = layer.candidates[k], &balanced = layer.candidates[share_steps + 1 + k];
      CHECK(balanced.pattern == sparsity::PrunePattern::balanced);
      CHECK(balanced.zeros == free.zeros);
      CHECK(balanced.lost >= free.lost);
    }
  }
}

namespace {
const auto quiet = [](const std::string&) {};

// A network in which every block of one layer is as important as the next.
struct Uneven {
  run::RunConfig config = config_of({conv("first", 32), conv("a", 128), conv("b", 64), conv("c", 128), conv("d", 32)});
  PruneSpec spec;
  std::vector<LayerCandidates> layers;

  Uneven() {
    sparsity::WeightsByLayer weights = weights_of(config.network, 0.9);
    for (float& w : weights["a"].values) w = 1;
    layers = make_candidates(config, spec, weights, nullptr);
  }
  Expected<Pruned> prune(Quantity quantity, double most) {
    spec.budget = {quantity, most};
    return prune_network(config, spec, layers, quiet);
  }
};
}  // namespace

TEST_CASE("Under a budget of time, bytes or energy, pruning keeps more than a uniform share") {
  Uneven uneven;
  for (const Quantity quantity : quantities) {
    INFO(quantity_name(quantity));
    const Expected<Pruned> dense = uneven.prune(quantity, 1e12);
    REQUIRE(dense);
    CHECK(dense->after == dense->before);
    CHECK(dense->kept == Approx(1));
    const double most = (amount(dense->before, quantity) + dense->least) / 2;
    const Expected<Pruned> pruned = uneven.prune(quantity, most);
    REQUIRE(pruned);
    CHECK(amount(pruned->after, quantity) <= most);
    CHECK(amount(pruned->after, quantity) >= most * (1 - tolerance));
    CHECK(pruned->kept > pruned->uniform_kept);
    const Expected<Pruned> never = uneven.prune(quantity, dense->least / 2);
    REQUIRE_FALSE(never);
    CHECK(never.failure().code == ExitCode::does_not_fit);
    CHECK_THAT(describe(never.failure()),
               Catch::Contains(option_of(quantity)) && Catch::Contains(amount_text(dense->least, quantity)));
  }
}

TEST_CASE("Where many blocks must stay, no uniform share within the budget keeps more") {
  Uneven uneven;
  uneven.spec.least_density = 0.5;
  uneven.layers = make_candidates(uneven.config, uneven.spec, weights_of(uneven.config.network, 0.95), nullptr);
  const Expected<Pruned> dense = uneven.prune(Quantity::latency_us, 1e9);
  REQUIRE(dense);
  for (const double part : {0.1, 0.5, 0.9}) {
    const double most = dense->least + part * (amount(dense->before, Quantity::latency_us) - dense->least);
    const Expected<Pruned> pruned = uneven.prune(Quantity::latency_us, most);
    REQUIRE(pruned);
    CHECK(pruned->kept >= pruned->uniform_kept);
  }
}

TEST_CASE("The masks take the time that was told") {  // in this process, so last
  Uneven uneven;
  const Expected<Pruned> pruned = uneven.prune(Quantity::weight_bytes, 150000);
  REQUIRE(pruned);
  uneven.config.masks = pruned->masks;
  const Expected<result::DensityResult> again = run_density(uneven.config, run::Density::sparse);
  REQUIRE(again);
  CHECK(again->latency_us == amount(pruned->after, Quantity::latency_us));
  CHECK(static_cast<double>(again->weight_bytes->total()) == amount(pruned->after, Quantity::weight_bytes));
}
