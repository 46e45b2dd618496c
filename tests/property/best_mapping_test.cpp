// Does `best` choose what is best? Layers of the corpus, each simulated as chosen and as forced.
//
//   best_mapping            every twentieth layer
//   best_mapping [whole]    all of them, with the rates at which each rule holds and the worst cases
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/property/layer_corpus.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {

// Latency in us; nothing where the layer does not fit, or what is forced cannot be done.
std::optional<double> latency(const json& document, Density density) {
  const Expected<RunConfig> config = make_run_config(document, config_folder(), "corpus", {});
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
  const char* says;
  double allowed;
  int judged = 0, held = 0;
  double worst = 0;
  int where = -1;
  std::string failures;
  void judge(int number, double ratio, const std::string& what) {
    ++judged;
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
  Rule best{"best takes at most 1.03 of the best forced mapping", 1.03};
  Rule sparse{"sparse takes at most 1.005 of dense", 1.005};
  Rule ratio{"ten percent more zero blocks take at most 1.01 of the time", 1.01};
  Rule kernels{"slower kernels take no less time", 1};
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

void judge_layer(int number, Rules& rules) {
  const json document = corpus_layer(number);
  const auto best = latency(document, Density::sparse);
  if (!best) return;
  if (getenv("CORPUS_FORCED") == nullptr || *getenv("CORPUS_FORCED") != '0')
    judge_forced(number, document, *best, rules.best);
  if (const auto dense = latency(document, Density::dense)) rules.sparse.judge(number, *best / *dense, document.dump());
  const double ratio = document["sparsity"]["ratio"].get<double>();
  if (const auto next =
          ratio < 0.85 ? latency(with(document, "/sparsity/ratio", ratio + 0.1), Density::sparse) : std::nullopt)
    rules.ratio.judge(number, *next / *best, document.dump());
  // Of measured kernels the ideal ones are a bound.
  if (const auto ideal = latency(with(document, "/hardware/kernels", "peak"), Density::sparse))
    rules.kernels.judge(number, *ideal / *best, document.dump());
}

}  // namespace

TEST_CASE("the chosen mapping of a layer is the best there is") {
  Rules rules;
  const int step = getenv("CORPUS_STEP") ? atoi(getenv("CORPUS_STEP")) : 20,
            from = getenv("CORPUS_FROM") ? atoi(getenv("CORPUS_FROM")) : 0;
  for (int number = from; number < corpus_size; number += step) judge_layer(number, rules);
  for (const Rule* rule : rules.all()) {
    fmt::print("{}\n{}", rule->text(), rule->failures);
    CHECK(rule->held == rule->judged);
  }
}
