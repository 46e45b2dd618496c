// Are the constants of sim/cost/tuned.h and sim/control/tuned.h still the best? Networks are simulated with each a step
// smaller and larger.
//
//   tuned_constants             a sample
//   tuned_constants [whole]     the runs that the constants were chosen on: a line for every value that was tried
#include "sim/cost/tuned.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/input_file.h"
#include "sim/control/tuned.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/property/layer_corpus.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {

struct Constants {
  cost::Tuned cost = cost::tuned;
  control::Tuned control = control::tuned;
};

// One constant that is less or more than it should be.
struct Change {
  std::string what;
  std::function<void(Constants&)> make;
};

Change scaled(const std::string& name, double cost::Tuned::*constant, double by) {
  return {fmt::format("{} = {:g}", name, cost::tuned.*constant * by), [=](Constants& t) { t.cost.*constant *= by; }};
}
Change scaled(const std::string& name, double control::Tuned::*constant, double by) {
  return {fmt::format("{} = {:g}", name, control::tuned.*constant * by),
          [=](Constants& t) { t.control.*constant *= by; }};
}

// Of the constants that matter where controllers start transfers.
std::vector<Change> changes_of_control() {
  std::vector<Change> all;
  const auto both = [&](const std::string& name, auto constant, double step) {
    all.push_back(scaled(name, constant, 1 / step));
    all.push_back(scaled(name, constant, step));
  };
  both("pause_length", &control::Tuned::pause_length, 2);
  both("ahead_of_use", &control::Tuned::ahead_of_use, 2);
  both("first_slack", &control::Tuned::first_slack, 2);
  both("worth_more_descriptors", &control::Tuned::worth_more_descriptors, 1.1);
  both("worth_a_task", &control::Tuned::worth_a_task, 1.5);
  both("chain_share", &cost::Tuned::chain_share, 1.5);
  both("tokens_of_inputs", &cost::Tuned::tokens_of_inputs, 2);
  both("tokens_of_results", &cost::Tuned::tokens_of_results, 2);
  both("tokens_of_weights", &cost::Tuned::tokens_of_weights, 2);
  return all;
}

std::vector<Change> changes() {
  std::vector<Change> all;
  const auto both = [&](const std::string& name, double cost::Tuned::*constant, double step) {
    all.push_back(scaled(name, constant, 1 / step));
    all.push_back(scaled(name, constant, step));
  };
  both("call_overhead", &cost::Tuned::call_overhead, 1.5);
  both("task_overhead", &cost::Tuned::task_overhead, 1.5);
  both("exposed_per_step", &cost::Tuned::exposed_per_step, 1.5);
  both("exposed_fill", &cost::Tuned::exposed_fill, 1.5);
  both("worth_turning", &cost::Tuned::worth_turning, 1.02);
  both("worth_joining", &cost::Tuned::worth_joining, 1.15);
  both("worth_tiling", &cost::Tuned::worth_tiling, 1.02);
  all.push_back({"paced_windows = 1, 4, 12", [](Constants& t) { t.cost.paced_windows = {1, 4, 12}; }});
  all.push_back({"paced_windows = 2, 16, 48", [](Constants& t) { t.cost.paced_windows = {2, 16, 48}; }});
  return all;
}

// Latency in us of a run with `constants`; estimates choose its mappings unless it says otherwise.
double latency(const json& document, Density density, const Constants& constants) {
  const auto config = make_run_config(document, config_folder() + "/runs", "tuned", {});
  REQUIRE(config);
  const Expected<json> result = isolated([&] {
    cost::tuned = constants.cost;
    control::tuned = constants.control;
    return run_density(*config, density);
  });
  INFO((result ? "" : describe(result.failure())));
  REQUIRE(result);
  return (*result)["latency_us"].get<double>();
}

json network_run(const std::string& name) {
  json document = json::parse(*read_text(config_folder() + "/runs/" + name + ".json"));
  document["schedule"]["search"] = "estimate";
  return document;
}

std::vector<json> runs(const std::vector<std::string>& names) {
  std::vector<json> all;
  for (const std::string& name : names) all.push_back(network_run(name));
  return all;
}

// The same networks where the firmware of XDNA1 starts transfers.
std::vector<json> serial_runs(const std::vector<std::string>& names) {
  std::vector<json> all = runs(names);
  for (json& document : all) document["hardware"] = "../hardware/xdna1_1800mhz.json";
  return all;
}

// Latencies of both densities of every run.
std::vector<double> latencies(const std::vector<json>& documents, const Constants& constants) {
  std::vector<double> all;
  for (const json& document : documents)
    for (const Density density : {Density::dense, Density::sparse})
      all.push_back(latency(document, density, constants));
  return all;
}

// Mean of the ratios of `times` to those of the constants as they are.
double mean_ratio(const std::vector<double>& times, const std::vector<double>& usual) {
  double sum = 0;
  for (std::size_t i = 0; i < times.size(); ++i) sum += times[i] / usual[i];
  return sum / static_cast<double>(times.size());
}

constexpr double best_within = 0.99;

// Of what was tried, the constants that are better than those of `usual` by more than 1 %.
std::string beaten(const std::vector<json>& documents, const Constants& usual, const std::vector<Change>& tried,
                   bool show) {
  const std::vector<double> times = latencies(documents, usual);
  std::string better;
  for (const Change& change : tried) {
    Constants other = usual;
    change.make(other);
    const double ratio = mean_ratio(latencies(documents, other), times);
    if (show) fmt::print("{:26} {:.4f}\n", change.what, ratio);
    if (ratio < best_within) better += fmt::format("{}: {:.4f} of the time\n", change.what, ratio);
  }
  return better;
}

}  // namespace

TEST_CASE("no constant is beaten by a neighbour by more than 1 %") {
  CHECK(beaten(runs({"resnet50_4x4", "inception_v3_4x4", "vgg16_2x2"}), {}, changes(), false) == "");
}

TEST_CASE("the constants on all runs they were chosen on", "[.][whole]") {
  const std::vector<std::string> all = {"resnet50_1x1",     "resnet50_2x2",     "resnet50_4x4", "resnet50_4x1",
                                        "resnet50_4x2",     "resnet50_8x2",     "resnet50_8x8", "inception_v3_2x2",
                                        "inception_v3_4x4", "inception_v3_8x8", "vgg16_2x2",    "vgg16_4x4",
                                        "vgg16_8x8"};
  CHECK(beaten(runs(all), {}, changes(), true) == "");
}

TEST_CASE("no constant of controllers is beaten by a neighbour by more than 1 %") {
  CHECK(beaten(serial_runs({"resnet50_4x4"}), {}, changes_of_control(), false) == "");
}

TEST_CASE("the constants of controllers on all networks they were chosen on", "[.][whole]") {
  CHECK(beaten(serial_runs({"resnet50_4x4", "inception_v3_4x4", "vgg16_4x4"}), {}, changes_of_control(), true) == "");
}

// Trials are what these two pay for: more of them must not find what the given number misses.
TEST_CASE("more trials find nothing that is better by more than 1 %") {
  std::vector<json> layers;
  for (int number = 5; number < corpus_size; number += 40) layers.push_back(corpus_layer(number));
  CHECK(beaten(layers, {}, {scaled("worth_a_trial", &cost::Tuned::worth_a_trial, 1.25)}, false) == "");
}

// The judge refuses a wrong value.
TEST_CASE("a constant far from the best is beaten") {
  Constants wrong;
  wrong.cost.exposed_per_step = 20000;
  const Change back{"exposed_per_step as it is", [](Constants& t) { t = {}; }};
  CHECK(beaten(runs({"resnet50_4x4"}), wrong, {back}, false) != "");
}
