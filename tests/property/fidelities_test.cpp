// Do the two fidelities agree within 2 % on GEMMs and convolutions of every hardware file, behind scarce host memory
// too?
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/config/hardware.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/run/isolated.h"
#include "tests/verify/subject.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::config;
using namespace tessera::cost;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::run;
using namespace tessera::schedule;
using namespace tessera::sparsity;
using nlohmann::json;

namespace {

constexpr double most_apart = 0.02;

std::string network_of(Random& random) {
  const auto pick = [&](std::initializer_list<int> of) { return *(of.begin() + random.below(of.size())); };
  if (pick({0, 1}) == 0)
    return fmt::format(R"({{"name": "g", "layers": [{{"name": "g", "op": "gemm", "m": {}, "n": {}, "k": {}}}]}})",
                       pick({8, 128, 197, 512}), pick({64, 233, 1024}), pick({64, 331, 1024}));
  const int size = pick({7, 14, 28, 56}), kernel = pick({1, 3, 5});
  return fmt::format(R"({{"name": "c", "input": [{0}, {0}, {1}], "layers": [
      {{"name": "c", "op": "conv2d", "channels": {2}, "kernel": {3}, "padding": {4}}}]}})",
                     size, pick({8, 64, 256}), pick({16, 128, 256}), kernel, kernel / 2);
}

double cycles(const Subject& subject, Fidelity fidelity) {
  const auto answer = isolated([&]() -> Expected<json> {
    SimOptions options;
    options.fidelity = fidelity;
    const LatencyModel& latency_model = **open_latency_model(subject.array.kernels);
    auto r = simulate(subject.program, subject.array, kernel_durations(subject.program, latency_model), options);
    if (!r) return r.failure();
    return json{{"total", r->total}};
  });
  if (!answer) FAIL(describe(answer.failure()));
  return answer->at("total");
}

void require_agreement(int cases_per_file) {
  Random random(16);
  const std::vector<std::string> files = config_names("hardware");
  REQUIRE(files.size() >= 5);
  for (const std::string& file : files) {
    int ran = 0;
    for (int i = 0; i < cases_per_file; ++i) {
      auto array = load_hardware(config_folder() + "/hardware/" + file + ".json", {"cols=4"});
      if (!array) FAIL(describe(array.failure()));
      if (i % 2 == 1) array->ddr.read_bytes_per_cycle = array->ddr.write_bytes_per_cycle = 1.0 + i % 8;
      const std::string network = network_of(random);
      const double ratios[] = {0, 0.5, 0.75, 0.9};
      const auto subject = make_subject(file, network, *array, ratios[random.below(4)]);
      if (!subject && subject.failure().code == ExitCode::does_not_fit) continue;
      if (!subject) FAIL(describe(subject.failure()));
      ++ran;
      INFO(file << " " << network);
      const double burst = cycles(*subject, Fidelity::burst), whole = cycles(*subject, Fidelity::transaction);
      CHECK(std::abs(burst - whole) <= most_apart * burst);
    }
    CHECK(ran >= cases_per_file / 2);
  }
}

}  // namespace

TEST_CASE("burst and transaction agree within 2 % on 200 cases of every hardware file") { require_agreement(200); }
