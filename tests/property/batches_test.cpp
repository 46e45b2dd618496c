// Does a batch ever take longer per image than one of half as many images?
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/cost/tuned.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {

json product(int m, int n, int k) {
  return {{"name", "product"}, {"layers", {{{"name", "l"}, {"op", "gemm"}, {"m", m}, {"n", n}, {"k", k}}}}};
}
json convolution(int kernel, int channels) {
  return {{"name", "convolution"},
          {"input", {14, 14, 256}},
          {"layers",
           {{{"name", "l"}, {"op", "conv2d"}, {"channels", channels}, {"kernel", kernel}, {"padding", kernel / 2}}}}};
}

struct Machine {
  const char *hardware, *mechanism;
};

// By estimates alone: trials hide what these say wrong.
RunConfig config_of(const json& network, const Machine& machine, int images, const json& forced = json::object()) {
  const json hardware = {{"extends", fmt::format("hardware/{}.json", machine.hardware)},
                         {"controller", {{"mechanism", machine.mechanism}}}};
  json document = {{"network", network},
                   {"hardware", hardware},
                   {"batch", images},
                   {"schedule", {{"search", "estimate"}}},
                   {"sparsity", {{"ratio", 0.5}, {"first_dense", false}}}};
  if (!forced.empty()) document["schedule"]["layers"]["l"] = forced;
  Expected<RunConfig> config = make_run_config(document, config_folder(), "batches", {});
  if (!config) FAIL(describe(config.failure()));
  return std::move(*config);
}

double us_of(const RunConfig& config, Density density) {
  const Expected<json> result = isolated([&] { return run_density(config, density); });
  if (!result) FAIL(describe(result.failure()));
  return (*result)["latency_us"].get<double>();
}

double us_per_image(const json& network, const Machine& machine, Density density, int images) {
  return us_of(config_of(network, machine, images), density) / images;
}

// The largest ratio of the time per image to that in a batch of half as many.
double worst_doubling(const json& network, const Machine& machine, Density density, int most) {
  double worst = 0, before = us_per_image(network, machine, density, 1);
  for (int images = 2; images <= most; images *= 2) {
    const double us = us_per_image(network, machine, density, images);
    worst = std::max(worst, us / before);
    before = us;
  }
  return worst;
}

constexpr Machine machines[] = {{"xdna1_1800mhz", "serial"}, {"xdna1_1800mhz", "none"}, {"aie2", "none"}};
constexpr double tolerance = 1.01;

}  // namespace

TEST_CASE("throughput does not fall by more than 1 % when a batch doubles") {
  struct Case {
    const char* name;
    json network;
    int most;
  };
  const Case cases[] = {{"first product of an MLP", product(197, 3072, 768), 64},
                        {"second product of an MLP", product(197, 768, 3072), 8},
                        {"classifier", product(1, 1000, 2048), 64},
                        {"1x1 convolution", convolution(1, 512), 16},
                        {"3x3 convolution", convolution(3, 256), 4}};
  for (const Case& c : cases)
    for (const Machine& machine : machines)
      for (const Density density : {Density::dense, Density::sparse}) {
        INFO(c.name << " on " << machine.hardware << " with " << machine.mechanism);
        CHECK(worst_doubling(c.network, machine, density, c.most) < tolerance);
      }
}

TEST_CASE("estimates see what is staged once, weights that loop, and short runs in host memory") {
  struct Row {
    json network;
    int images;
    json mapping;
  };
  // Estimates were 2.6 times too high (operations for staging and weights) and 1.7 times too low (runs of 64 B).
  const Row rows[] = {
      {product(197, 3072, 768), 8, {{"cols", "height"}, {"rows", "height"}, {"tile", {50, 1, 64, 192}}}},
      {product(197, 768, 3072),
       16,
       {{"cols", "height"},
        {"rows", "channels"},
        {"tile", {132, 1, 48, 64}},
        {"stationary", "weights"},
        {"staging", "chunks"}}}};
  for (const Row& row : rows) {
    const RunConfig config = config_of(row.network, machines[0], row.images, row.mapping);
    const Expected<Plan> plan = make_plan(config, Density::sparse);
    REQUIRE(plan);
    const double ratio = plan->schedule.estimate_us / us_of(config, Density::sparse);
    CHECK(ratio > 0.7);
    CHECK(ratio < 1.5);
  }
}

TEST_CASE("in groups as large as the estimate likes, throughput falls") {
  const double usual = std::exchange(cost::tuned.worth_more_images, 1e9);
  CHECK(worst_doubling(product(197, 3072, 768), machines[1], Density::sparse, 16) > tolerance);
  cost::tuned.worth_more_images = usual;
}
