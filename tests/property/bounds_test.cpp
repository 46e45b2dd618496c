// Does a run ever beat its own bounds, and are they near where one thing alone binds?
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/property/random_layers.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::network;
using namespace tessera::run;
using nlohmann::json;

namespace {

RunConfig config_of(const json& network, const json& hardware, double ratio) {
  const json document = {
      {"network", network}, {"hardware", hardware}, {"sparsity", {{"ratio", ratio}, {"first_dense", false}}}};
  Expected<RunConfig> config = make_run_config(document, config_folder(), "bounds", {});
  if (!config) FAIL(describe(config.failure()) << document.dump());
  return *config;
}

json random_hardware(std::uint64_t seed) {
  Random random(derive_seed(seed, 32));
  const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  const bool xdna = pick(3) == 0;
  const int most = xdna ? 4 : 8;
  return {{"extends", xdna ? "hardware/xdna1_1800mhz.json" : "hardware/aie2.json"},
          {"rows", 1 + pick(most)},
          {"cols", 1 + pick(most)}};
}

double random_ratio(std::uint64_t seed) {
  const double ratios[] = {0, 0.25, 0.5, 0.75, 0.9};
  return ratios[Random(derive_seed(seed, 33)).below(5)];
}

// The run's result, null where the layers do not fit.
json run_once(const RunConfig& config) {
  const Expected<json> result = isolated([&] { return run_density(config, Density::sparse); });
  if (result) return *result;
  if (result.failure().code != ExitCode::does_not_fit) FAIL_CHECK(describe(result.failure()));
  return nullptr;
}

constexpr double exact = 1 + 1e-9;

void check_bounds(const json& r) {
  const auto us = [](const json& of, const char* key) { return of[key].get<double>(); };
  CHECK(us(r, "bound_us") <= us(r, "latency_us") * exact);
  CHECK(us(r, "bound_us") == std::max(us(r, "compute_bound_us"), us(r, "ddr_bound_us")));
  CHECK(us(r, "alone_bound_us") * exact >= us(r, "bound_us"));
  for (const json& layer : r["layers"]) {
    INFO(layer["name"]);
    CHECK(us(layer, "compute_bound_us") <= (us(layer, "end_us") - us(layer, "start_us")) * exact);
    CHECK(us(layer, "compute_bound_us") <= us(layer, "alone_bound_us") * exact);
    if (layer.contains("core_busy_share")) {
      CHECK(us(layer, "core_busy_share") <= exact);
      CHECK(us(layer, "mac_utilization") <= us(layer, "core_busy_share") * exact);
    }
  }
}

// Layer `id` as a network of its own.
RunConfig alone(const RunConfig& whole, LayerId id) {
  RunConfig config = whole;
  Layer input, layer = whole.network.layers[static_cast<std::size_t>(id)];
  input.name = "input";
  input.out = layer.in;
  layer.id = 1;
  layer.inputs = {0};
  config.network.layers = {input, layer};
  config.masks = {std::nullopt, whole.masks[static_cast<std::size_t>(id)]};
  return config;
}

}  // namespace

TEST_CASE("no single layer beats a bound") {
  int ran = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    const json network = random_layers(seed, 1), hardware = random_hardware(seed);
    INFO("seed " << seed << ", ratio " << random_ratio(seed) << "\n" << network << "\n" << hardware);
    const json r = run_once(config_of(network, hardware, random_ratio(seed)));
    ++(r.is_null() ? refused : ran);
    if (r.is_null()) continue;
    check_bounds(r);
    CHECK(r["alone_bound_us"].get<double>() <= r["latency_us"].get<double>() * exact);
  }
  INFO(ran << " ran, " << refused << " did not fit");
  CHECK(refused * 10 <= ran);
}

TEST_CASE("no network beats a bound, nor does a layer of it that runs alone") {
  int layers = 0;
  for (std::uint64_t seed = 1000; seed < 1120; ++seed) {
    const json network = random_layers(seed, 4), hardware = random_hardware(seed);
    INFO("seed " << seed << ", ratio " << random_ratio(seed) << "\n" << network << "\n" << hardware);
    const RunConfig config = config_of(network, hardware, random_ratio(seed));
    const json r = run_once(config);
    if (r.is_null()) continue;
    check_bounds(r);
    std::size_t k = 0;
    for (const Layer& layer : config.network.layers) {
      if (layer.op == Op::input || layer.op == Op::concat) continue;
      const double bound = r["layers"][k++]["alone_bound_us"].get<double>();
      if (layer.inputs.size() > 1) continue;
      INFO(layer.name);
      const json single = run_once(alone(config, layer.id));
      if (single.is_null()) continue;
      CHECK(bound <= single["latency_us"].get<double>() * exact);
      ++layers;
    }
  }
  CHECK(layers > 150);
}

// Random layers of the two kinds in which one thing alone can bind, long enough that their start and end are little of
// them: a window over many channels on one core, and a product of few rows on a whole array, whose weights pass DDR for
// next to no work. `by`: compute or ddr.
std::pair<json, json> of_kind(const std::string& by, Random& random) {
  const auto pick = [&](std::initializer_list<int> of) { return *(of.begin() + random.below(of.size())); };
  if (by == "ddr")
    return {{{"name", "one"},
             {"layers",
              {{{"name", "l"},
                {"op", "gemm"},
                {"m", pick({1, 4, 8, 16})},
                {"n", pick({1024, 1536, 2048})},
                {"k", pick({1024, 1536, 2048})}}}}},
            {{"rows", 4}, {"cols", 4}}};
  const int side = pick({24, 32, 40}), kernel = pick({3, 5});
  return {{{"name", "one"},
           {"input", {side, side, pick({64, 96, 128})}},
           {"layers",
            {{{"name", "l"},
              {"op", "conv2d"},
              {"channels", pick({64, 96, 128})},
              {"kernel", kernel},
              {"padding", kernel / 2}}}}},
          {{"rows", 1}, {"cols", 1}}};
}

TEST_CASE("bounds of random layers are tight where compute or DDR alone binds") {
  Random random(7);
  for (const std::string by : {"compute", "ddr"})
    for (int i = 0; i < 20; ++i) {
      auto [network, machine] = of_kind(by, random);
      machine["controller"]["mechanism"] = "none";  // else control may bind
      machine["extends"] = i % 2 == 0 ? "hardware/aie2.json" : "hardware/xdna1_1800mhz.json";
      const double ratios[] = {0, 0.25, 0.5};
      const double ratio = ratios[random.below(3)];
      INFO(network << machine << ratio);
      const json r = run_once(config_of(network, machine, ratio));
      REQUIRE(!r.is_null());
      check_bounds(r);
      CHECK(r["bound_us"].get<double>() == r[by + "_bound_us"].get<double>());
      CHECK(r["latency_us"].get<double>() <= 1.25 * r["bound_us"].get<double>());
    }
}

// Cases in which one thing alone can bind: kernels that work on one core from what little data they have, and weights,
// inputs or outputs that pass DDR with next to no work.
TEST_CASE("bounds are tight where compute or DDR alone binds") {
  struct Case {
    const char* by;
    json layer, input;
    int rows, cols;
    double ratio;
  };
  const auto conv = [](int channels, int kernel, int stride) {
    return json{{"name", "l"},      {"op", "conv2d"},   {"channels", channels},
                {"kernel", kernel}, {"stride", stride}, {"padding", kernel / 2}};
  };
  const json gemm = {{"name", "l"}, {"op", "gemm"}, {"channels", 1024}};
  const Case cases[] = {{"compute", conv(64, 3, 1), {32, 32, 64}, 1, 1, 0},
                        {"compute", conv(128, 3, 1), {64, 64, 64}, 2, 2, 0.5},
                        {"compute", conv(128, 5, 1), {64, 64, 64}, 4, 4, 0},
                        {"compute", conv(64, 7, 1), {32, 32, 32}, 3, 1, 0},
                        {"ddr", gemm, {8, 8, 128}, 4, 4, 0},
                        {"ddr", gemm, {8, 8, 128}, 2, 2, 0.5},
                        {"ddr", gemm, {8, 8, 128}, 4, 4, 0.5}};
  for (const Case& c : cases)
    for (const char* hardware : {"aie2", "xdna1_1800mhz"}) {
      const json machine = {{"extends", fmt::format("hardware/{}.json", hardware)},
                            {"rows", c.rows},
                            {"cols", c.cols},
                            {"controller", {{"mechanism", "none"}}}};
      const json network = {{"name", "one"}, {"input", c.input}, {"layers", {c.layer}}};
      INFO(network << machine << c.ratio);
      const json r = run_once(config_of(network, machine, c.ratio));
      REQUIRE(!r.is_null());
      check_bounds(r);
      const double bound = r["bound_us"].get<double>();
      CHECK(bound == r[std::string(c.by) + "_bound_us"].get<double>());
      CHECK(r["latency_us"].get<double>() <= 1.25 * bound);
    }
}
