// Does `best` choose what is best? Layers of the corpus, each simulated as chosen and as forced.
//
//   best_mapping            every twentieth layer
//   best_mapping [whole]    all of them, or the layers whose number leaves CORPUS_PART, "rest/parts", forced mappings
//   for
//                           every fourth: writes each judged ratio and each error of an estimate as a line of CSV
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "sim/base/input_file.h"
#include "sim/base/json_file.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/property/layer_corpus.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {

Expected<RunConfig> config_of(const json& document) {
  return make_run_config(document, config_folder() + "/runs", "corpus", {});
}

// Latency in us; nothing where the layer does not fit, or what is forced cannot be done.
std::optional<double> latency(const json& document, Density density) {
  const Expected<RunConfig> config = config_of(document);
  if (!config) return std::nullopt;
  const Expected<json> result = isolated([&] { return run_density(*config, density); });
  if (!result) return std::nullopt;
  return (*result)["latency_us"].get<double>();
}

json with(json document, const std::string& pointer, const json& value) {
  document[json::json_pointer(pointer)] = value;
  return document;
}

// How often a rule was judged and held, and where it failed by most.
struct Rule {
  const char* name;  // in corpus.csv
  const char* says;
  double allowed;
  bool print = false;  // every ratio, as it is judged
  int judged = 0, held = 0;
  double worst = 0;
  int where = -1;
  std::string failures = {};
  void judge(int number, double ratio, const std::string& what) {
    ++judged;
    if (print) {
      fmt::print("{},{},{:.4f},{}\n", number, name, ratio, allowed);
      std::fflush(stdout);
    }
    if (ratio <= allowed)
      ++held;
    else
      failures += fmt::format("  {} {:.4f} {}\n", number, ratio, what);
    if (ratio > worst) {
      worst = ratio;
      where = number;
    }
  }
  std::string text() const {
    return fmt::format("{}: {} of {} ({:.1f} %), worst {:.3f} at layer {}", says, held, judged,
                       100.0 * held / std::max(1, judged), worst, where);
  }
};

struct Rules {
  Rule best{"best", "best takes at most 1.03 of the best forced mapping", 1.03};
  Rule sparse{"sparse", "sparse takes at most 1.005 of dense", 1.005};
  Rule ratio{"ratio", "ten percent more zero blocks take at most 1.01 of the time", 1.01};
  Rule kernels{"kernels", "slower kernels take no less time", 1};
  std::vector<Rule*> all() { return {&best, &sparse, &ratio, &kernels}; }
};

void judge_forced(int number, const json& document, double best, Rule& rule) {
  std::optional<double> least;
  std::string how;
  for (const char* cols : {"height", "width", "channels"})
    for (const char* rows : {"channels", "height", "width"})
      for (const char* stationary : {"input", "weights"}) {
        const json forced = {{"cols", cols}, {"rows", rows}, {"stationary", stationary}};
        const auto us = latency(with(document, "/schedule/layers/l", forced), Density::sparse);
        if (us && (!least || *us < *least)) {
          least = us;
          how = forced.dump();
        }
      }
  if (least) rule.judge(number, best / *least, how + document.dump());
}

// Simulated over estimated, of the mapping that estimates alone choose.
void print_estimate(int number, const json& document) {
  const json by_estimate = with(document, "/schedule/search", "estimate");
  const Expected<RunConfig> config = config_of(by_estimate);
  if (!config) return;
  const Expected<Plan> plan = make_plan(*config, Density::sparse);
  const auto us = latency(by_estimate, Density::sparse);
  if (!plan || !us) return;
  fmt::print("{},estimate of {},{:.4f},\n", number, document["network"]["layers"][0]["op"].get<std::string>(),
             *us / plan->schedule.estimate_us);
}

void judge_layer(int number, Rules& rules, bool forced) {
  const json document = corpus_layer(number);
  const auto best = latency(document, Density::sparse);
  if (!best) return;
  if (forced) judge_forced(number, document, *best, rules.best);
  if (const auto dense = latency(document, Density::dense)) rules.sparse.judge(number, *best / *dense, document.dump());
  const double ratio = document["sparsity"]["ratio"].get<double>();
  const json emptier = with(document, "/sparsity/ratio", ratio + 0.1);
  if (const auto next = ratio < 0.85 ? latency(emptier, Density::sparse) : std::nullopt)
    rules.ratio.judge(number, *next / *best, document.dump());
  // Of measured kernels the ideal ones are a bound.
  if (const auto ideal = latency(with(document, "/hardware/kernels", "peak"), Density::sparse))
    rules.kernels.judge(number, *ideal / *best, document.dump());
}

json run_file(const std::string& name) { return json::parse(*read_text(config_folder() + "/runs/" + name + ".json")); }

// A run with transfers that start for free.
json uncontrolled(json document) {
  document["hardware"]["controller"]["mechanism"] = "none";
  return document;
}

// The speed-up of the only layer of a run.
double speed_up(json document) {
  const auto dense = latency(document, Density::dense), sparse = latency(document, Density::sparse);
  REQUIRE((dense && sparse));
  return *dense / *sparse;
}

}  // namespace

TEST_CASE("the chosen mapping of a layer is the best there is") {
  Rules rules;
  for (int number = 0; number < corpus_size; number += 20) judge_layer(number, rules, number % 80 == 0);
  // Forced mappings of these were 4 to 12 % faster, and alternatives enough to miss them.
  for (const int number : {60, 128, 236})
    judge_forced(number, corpus_layer(number), *latency(corpus_layer(number), Density::sparse), rules.best);
  for (const Rule* rule : rules.all()) {
    INFO(rule->text() << rule->failures);
    CHECK(rule->judged > 3);
    CHECK(rule->held == rule->judged);
  }
}

TEST_CASE("the whole corpus", "[.][whole]") {
  int part = 0, parts = 1;
  if (const char* given = std::getenv("CORPUS_PART")) REQUIRE(std::sscanf(given, "%d/%d", &part, &parts) == 2);
  Rules rules;
  for (Rule* rule : rules.all()) rule->print = true;
  for (int number = corpus_size * part / parts; number < corpus_size * (part + 1) / parts; ++number) {
    print_estimate(number, corpus_layer(number));
    judge_layer(number, rules, number % 4 == 0);
  }
}

// Both had mappings that estimates chose and that others beat by far.
TEST_CASE("layers that were reported have the speed-up that forced mappings had") {
  CHECK(speed_up(uncontrolled(run_file("vit_base_fc1"))) >= 1.45);
  CHECK(speed_up(run_file("vit_base_fc1")) >= 1.35);
  // 1.10 when it was reported, of a dense layer that took 33.5 us; a better mapping of it takes 32.8 us.
  CHECK(speed_up(run_file("resnet50_layer3_conv1")) >= 1.07);
  CHECK(*latency(run_file("resnet50_layer3_conv1"), Density::sparse) <= 30.5);
}

// A convolution as DeepLab has it, behind the layer that makes its input. Carrying the rows between the taps takes
// twice as long.
TEST_CASE("taps far apart take hardly more time than taps side by side") {
  const auto with_dilation = [](int d) {
    const json network = {
        {"name", "apart"},
        {"input", {28, 28, 512}},
        {"layers",
         {{{"name", "a"}, {"op", "conv2d"}, {"channels", 2048}, {"kernel", 1}},
          {{"name", "l"}, {"op", "conv2d"}, {"channels", 256}, {"kernel", 3}, {"padding", d}, {"dilation", d}}}}};
    const json document = {{"network", network},
                           {"hardware", {{"extends", "../hardware/aie2.json"}}},
                           {"schedule", {{"search", "estimate"}}}};
    return latency(document, Density::dense);
  };
  const auto beside = with_dilation(1), apart = with_dilation(12);
  REQUIRE((beside && apart));
  CHECK(*apart <= 1.1 * *beside);
}

TEST_CASE("a window of one pixel that steps over others takes hardly more time than on a map of what it reads") {
  const auto with_stride = [](int stride) {
    const json network = {{"name", "steps"},
                          {"input", {14 * stride, 14 * stride, 64}},
                          {"layers",
                           {{{"name", "a"}, {"op", "conv2d"}, {"channels", 512}, {"kernel", 1}},
                            {{"name", "l"}, {"op", "conv2d"}, {"channels", 1024}, {"kernel", 1}, {"stride", stride}}}}};
    const json document = {{"network", network}, {"hardware", {{"extends", "../hardware/aie2.json"}}}};
    const Expected<RunConfig> config = config_of(document);
    REQUIRE(config);
    const Expected<json> run = isolated([&] { return run_density(*config, Density::dense); });
    REQUIRE(run);
    const json& l = (*run)["layers"][1];
    return l["end_us"].get<double>() - l["start_us"].get<double>();
  };
  const double stepping = with_stride(2), whole = with_stride(1);
  CHECK(stepping <= 1.15 * whole);
}

// The judge refuses a wrong choice.
TEST_CASE("estimates alone choose a mapping for a sparse layer that is slower than dense") {
  const json document = with(run_file("resnet50_layer3_conv1"), "/schedule/search", "estimate");
  Rule rule{"sparse", "sparse takes at most 1.005 of dense", 1.005};
  rule.judge(0, 1 / speed_up(document), "");
  CHECK(rule.held == 0);
}
