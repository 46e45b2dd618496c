// What a faster array gains: all of what it computes, nothing of what host memory takes.
#include <catch2/catch.hpp>

#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {

double latency_us(const json& network, const std::string& hardware, std::vector<std::string> sets, double clock_hz) {
  const json document = {{"network", network},
                         {"hardware", {{"extends", config_folder() + "/hardware/" + hardware + ".json"}}}};
  sets.push_back("hardware.clock_hz=" + std::to_string(clock_hz));
  const Expected<RunConfig> config = make_run_config(document, "", "clock", sets);
  if (!config) FAIL(describe(config.failure()));
  const Expected<json> result = isolated([&] { return run_density(*config, Density::dense); });
  if (!result) FAIL(describe(result.failure()));
  return (*result)["latency_us"].get<double>();
}

// 4 MB of weights, each used once.
const json classifier = {{"name", "classifier"},
                         {"input", {1, 1, 2048}},
                         {"layers", {{{"name", "fc"}, {"op", "gemm"}, {"channels", 2048}}}}};
// 0.9 G multiply-accumulates on 0.15 MB of weights.
const json body = {
    {"name", "body"},
    {"input", {28, 28, 128}},
    {"layers",
     {{{"name", "a"}, {"op", "conv2d"}, {"channels", 128}, {"kernel", 3}, {"padding", 1}},
      {{"name", "b"}, {"op", "conv2d"}, {"channels", 128}, {"kernel", 3}, {"padding", 1}, {"inputs", {"a"}}}}}};

}  // namespace

TEST_CASE("twice the clock: what host memory binds takes the same time, what compute binds half of it") {
  const std::vector<std::string> slow_memory = {"hardware.ddr.read_gb_per_s=2", "hardware.ddr.write_gb_per_s=2"};
  for (const auto& [hardware, clock] : {std::pair{"aie2", 1e9}, {"xdna1_1800mhz", 1.8e9}}) {
    INFO(hardware);
    const double once = latency_us(classifier, hardware, slow_memory, clock);
    CHECK(once >= 2048 * 2048 / 2e3);  // us at 2 GB/s
    CHECK(latency_us(classifier, hardware, slow_memory, 2 * clock) == Approx(once).epsilon(0.01));
  }
  const std::vector<std::string> one_core = {"hardware.rows=1", "hardware.cols=1", "hardware.ddr.read_gb_per_s=100"};
  CHECK(latency_us(body, "aie2", one_core, 2e9) == Approx(latency_us(body, "aie2", one_core, 1e9) / 2).epsilon(0.01));
}
