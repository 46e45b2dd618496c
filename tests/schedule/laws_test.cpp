// What must hold between runs: an all-ones mask is dense, more of anything never hurts the same program, `best` is
// never slower than `published`, and every schedule stays near its bound.
#include <catch2/catch.hpp>
#include <set>

#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::program;
using namespace tessera::run;
using nlohmann::json;

namespace {

RunConfig config_of(const std::string& network, int rows, int cols, const std::vector<std::string>& sets = {}) {
  const json document = {{"network", "networks/" + network + ".json"},
                         {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", rows}, {"cols", cols}}},
                         {"sparsity", {{"ratio", 0.5}}}};
  Expected<RunConfig> config = make_run_config(document, config_folder(), network, sets);
  if (!config) FAIL(describe(config.failure()));
  return *config;
}

json run_once(const RunConfig& config, Density density) {
  const Expected<json> result = isolated([&] { return run_density(config, density); });
  if (!result) FAIL(describe(result.failure()));
  return *result;
}

}  // namespace

TEST_CASE("an all-ones mask costs what dense costs, cycle for cycle") {
  const RunConfig config = config_of("resnet18", 4, 4, {"sparsity.ratio=0"});
  CHECK(run_once(config, Density::dense)["cycles"] == run_once(config, Density::sparse)["cycles"]);
}

TEST_CASE("simulated latency stays near the sum of what layers take alone") {
  for (const char* network : {"resnet50", "inception_v3", "vgg16"})
    for (const int size : {2, 4, 8})
      for (const Density density : {Density::dense, Density::sparse}) {
        INFO(network << " " << size << "x" << size << (density == Density::dense ? " dense" : " sparse"));
        const json r = run_once(config_of(network, size, size), density);
        CHECK(r["latency_us"].get<double>() <= 1.21 * r["alone_bound_us"].get<double>());
        CHECK(r["latency_us"].get<double>() >= r["bound_us"].get<double>());
      }
}

TEST_CASE("half of the blocks zero pay on 4x4") {
  const auto speedup = [](const char* network) {
    const RunConfig config = config_of(network, 4, 4);
    const auto us = [&](Density d) { return run_once(config, d)["latency_us"].get<double>(); };
    return us(Density::dense) / us(Density::sparse);
  };
  CHECK(speedup("vgg16") >= 1.8);
  CHECK(speedup("inception_v3") >= 1.45);
  CHECK(speedup("resnet50") >= 1.4);
}

TEST_CASE("policy best is not slower than policy published") {
  for (const char* network : {"resnet18", "vgg16"}) {
    const double best = run_once(config_of(network, 3, 3), Density::dense)["latency_us"].get<double>();
    const double published =
        run_once(config_of(network, 3, 3, {"schedule.policy=published"}), Density::dense)["latency_us"].get<double>();
    CHECK(best <= published);
  }
}

TEST_CASE("more bandwidth never slows the same program") {
  const RunConfig config = config_of(GENERATE("resnet18", "inception_v3"), 4, 4);
  const Expected<Plan> plan = make_plan(config, Density::sparse);
  REQUIRE(plan);
  const auto cycles = [&](const RunConfig& c) {
    const Expected<json> r = isolated([&] { return simulate_plan(c, *plan, Density::sparse); });
    REQUIRE(r);
    return (*r)["cycles"].get<std::int64_t>();
  };
  const std::int64_t base = cycles(config);
  RunConfig faster = config;
  faster.array.ddr.read_bytes_per_cycle *= 2;
  faster.array.ddr.write_bytes_per_cycle *= 2;
  CHECK(cycles(faster) <= base);
  // Faster than what is behind them: the column's port must not become an arbiter.
  RunConfig shims = config;
  shims.array.shim.dma.bytes_per_cycle *= 1.25;
  CHECK(cycles(shims) <= base);
  shims.array.stream.bytes_per_cycle *= 2;
  CHECK(cycles(shims) <= base);
  RunConfig slower = config;
  slower.array.ddr.read_bytes_per_cycle /= 8;
  CHECK(cycles(slower) > base);
}

// Two steps that did: results lost a channel to a load, and of two schedules held for equal the slower one was taken.
TEST_CASE("a machine with more channels or bandwidth is not scheduled worse") {
  const auto cycles = [](const RunConfig& c) { return run_once(c, Density::sparse)["cycles"].get<double>(); };
  RunConfig few = config_of("vgg16", 8, 8);
  few.array.memtile.dma.s2mm = 4;
  few.array.shim.dma.mm2s = 1;
  RunConfig more = few;
  more.array.shim.dma.mm2s = 2;
  CHECK(cycles(more) <= 1.01 * cycles(few));
  RunConfig narrow = config_of("vgg16", 4, 4);
  narrow.array.memtile.dma.mm2s = 8;
  narrow.array.ddr.read_bytes_per_cycle = 16;
  RunConfig wide = narrow;
  wide.array.ddr.read_bytes_per_cycle = 64;
  CHECK(cycles(wide) <= 1.01 * cycles(narrow));
}

TEST_CASE("streams that cross the bands of a tensor use all channels of a memory tile") {
  const auto conv = [](const char* name) {
    return json{{"name", name}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 1}};
  };
  const json document = {
      {"network", {{"name", "crossing"}, {"input", {16, 16, 64}}, {"layers", {conv("a"), conv("b"), conv("c")}}}},
      {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", 4}, {"cols", 4}}},
      {"schedule", {{"layers", {{"b", {{"cols", "width"}, {"rows", "height"}}}}}}}};
  const Expected<RunConfig> config = make_run_config(document, config_folder(), "crossing", {});
  REQUIRE(config);
  const Expected<Plan> plan = make_plan(*config, Density::dense);
  REQUIRE(plan);
  const Program& program = plan->schedule.program;
  const EngineMap map(config->array);
  std::set<EngineId> used;
  for (int k = 0; k < config->array.memtile.dma.mm2s; ++k) {
    const EngineId channel = map.mem_channel(1, EngineKind::mm2s, k);
    for (const Transfer& t : program.engines[channel].transfers)
      if (t.payload == Payload::activations && program.layers[t.layer].layer.name == "b") used.insert(channel);
  }
  CHECK(used.size() >= 4);
}

TEST_CASE("depth-wise tiling pays when DDR is slow") {
  const std::vector<std::string> slow = {"hardware.ddr.read_gb_per_s=1.5", "hardware.ddr.write_gb_per_s=1.5"};
  std::vector<std::string> layered = slow;
  layered.push_back("schedule.depth_first=false");
  const double tiled = run_once(config_of("vgg16", 3, 3, slow), Density::dense)["latency_us"].get<double>();
  const double by_layer = run_once(config_of("vgg16", 3, 3, layered), Density::dense)["latency_us"].get<double>();
  CHECK(tiled <= 0.88 * by_layer);
  CHECK(by_layer >= 1.7 * run_once(config_of("vgg16", 3, 3, slow), Density::sparse)["latency_us"].get<double>());
}
