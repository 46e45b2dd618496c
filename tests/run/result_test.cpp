// What result.json says: exact accounts, explained counters, hashes that follow content.
#include "sim/run/result.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <sstream>

#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "sim/stats/counters.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using namespace tessera::sparsity;
using namespace tessera::stats;
using nlohmann::json;

namespace {
RunConfig tiny(const std::vector<std::string>& sets = {}) {
  const json document = {
      {"network",
       {{"name", "tiny"},
        {"input", {14, 14, 16}},
        {"layers",
         {{{"name", "a"}, {"op", "conv2d"}, {"channels", 20}, {"kernel", 3}, {"padding", 1}, {"relu", true}},
          {{"name", "b"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 3}, {"padding", 1}},
          {{"name", "p"}, {"op", "maxpool"}, {"kernel", 2}}}}}},
      {"hardware", {{"extends", config_folder() + "/hardware/aie2.json"}, {"rows", 2}, {"cols", 2}}},
      {"sparsity", {{"ratio", 0.5}}}};
  const Expected<RunConfig> config = make_run_config(document, "", "tiny", sets);
  if (!config) FAIL(describe(config.failure()));
  return *config;
}

json simulate(const RunConfig& config, Density density) {
  const Expected<json> result = isolated([&] { return run_density(config, density); });
  if (!result) FAIL(describe(result.failure()));
  return *result;
}

void collect_keys(const json& value, const std::string& prefix, std::set<std::string>& keys) {
  for (const auto& [key, child] : value.items()) {
    if (child.is_object()) {
      collect_keys(child, key + ".", keys);
    } else {
      keys.insert(prefix + key);
    }
  }
}
}  // namespace

TEST_CASE("the parts of the cores' time add up to cores x cycles, exactly") {
  for (const Density density : {Density::dense, Density::sparse}) {
    const json r = simulate(tiny(), density);
    std::int64_t parts = 0;
    for (const auto& [cause, cycles] : r["time"].items()) parts += std::llround(cycles.get<double>() * 1000);
    CHECK(parts == std::llround(r["cycles"].get<double>() * 1000) * 4);
  }
}

TEST_CASE("every key of a result is explained under its own name") {
  RunConfig config = tiny({"sparsity.exclude=[\"a\"]", "sparsity.layers.b.ratio=0.25"});
  RunOptions functional;
  functional.functional = true;
  const Expected<json> r = isolated([&] { return run_density(config, Density::sparse, functional); });
  REQUIRE(r);
  std::set<std::string> keys;
  collect_keys(*r, "", keys);
  for (const json& layer : (*r)["layers"]) collect_keys(layer, "layers[].", keys);
  json generated = make_result(config, nullptr, *r);
  config.mask_spec.file = "masks.npz";
  for (json result : {generated, make_result(config, nullptr, *r), make_result(config, nullptr, *r, "program.txt")}) {
    if (result.contains("sparsity")) result["sparsity"]["layers"] = json::array();
    for (const char* density : {"dense", "sparse"}) result.erase(density);
    collect_keys(result, "", keys);
  }
  for (const char* part : {"functional.mismatches", "sparsity.zero_share", "program.file", "layers[].alone_bound_by"})
    CHECK(keys.count(part) == 1);
  for (const std::string& key : keys) {
    INFO(key);
    REQUIRE(find_counter(key) != nullptr);
    CHECK(find_counter(key)->name == key);
  }
  CHECK(find_counter("no_such_counter") == nullptr);
  CHECK(find_counter("no_such_cycles") == nullptr);
  std::istringstream header(layers_csv({{"dense", nullptr}, {"sparse", nullptr}}));
  std::string columns;
  std::getline(header, columns);
  std::istringstream names(columns);
  for (std::string column; std::getline(names, column, ',');) {
    INFO(column);
    CHECK(find_counter(column) != nullptr);
  }
}

TEST_CASE("multiply-accumulates: all of them dense, those of present blocks sparse") {
  const RunConfig config = tiny();
  const json dense = simulate(config, Density::dense);
  CHECK(dense["macs"] == 14 * 14 * 9 * (20 * 16 + 64 * 20));
  // Layer a is the first convolution and stays dense; b has 8 x 3 blocks, 12 of them present, the last column 4 wide.
  std::int64_t weights = 20 * 16;
  const BlockMask& mask = *config.masks[2];
  for (int row = 0; row < 8; ++row) {
    for (int col = 0; col < 3; ++col) weights += mask.present(row, col) ? 8 * (col == 2 ? 4 : 8) : 0;
  }
  CHECK(simulate(config, Density::sparse)["macs"] == 14 * 14 * 9 * weights);
}

TEST_CASE("the bound holds, and the layer table has a line per density and layer") {
  const RunConfig config = tiny();
  const json result = make_result(config, simulate(config, Density::dense), simulate(config, Density::sparse));
  CHECK(result["accounting"] == "physical");
  CHECK(result["dense"]["latency_us"].get<double>() >= result["dense"]["bound_us"].get<double>());
  const std::string csv = layers_csv(result);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 2 * 3);
}

TEST_CASE("the content hash follows what decides the result and nothing else") {
  const std::string hash = content_hash(tiny(), Density::sparse);
  CHECK(content_hash(tiny({"name=other", "description=words"}), Density::sparse) == hash);
  for (const char* change :
       {"sparsity.seed=2", "sparsity.ratio=0.25", "hardware.clock_hz=2e9", "hardware.stream.hop_cycles=5",
        "fidelity=transaction", "schedule.policy=published", "seed=9", "network.layers.1.relu=true"}) {
    INFO(change);
    CHECK(content_hash(tiny({change}), Density::sparse) != hash);
  }
  const std::string dense = content_hash(tiny(), Density::dense);
  CHECK(dense != hash);
  CHECK(content_hash(tiny({"sparsity.ratio=0.75", "sparsity.seed=3"}), Density::dense) == dense);
}
