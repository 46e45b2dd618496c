// Does policy `published` under the published accounting come near the published totals, and give a number for all?
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/network/network_file.h"
#include "sim/replay/published_program.h"
#include "sim/run/pipeline.h"
#include "sim/verify/verify.h"
#include "tests/replay/published.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::replay;
using namespace tessera::run;
using namespace tessera::sparsity;
using namespace tessera::verify;

namespace {

std::vector<std::optional<BlockMask>> masks_of(const Network& network, double density) {
  std::vector<std::optional<BlockMask>> masks(network.layers.size());
  bool first = true;
  for (const Layer& l : network.layers) {
    if (l.op != Op::conv2d) continue;
    if (density < 1 && !first) {
      BlockMask mask = BlockMask::all_ones(l.out.c, l.in.c);
      for (std::size_t i = 0; i < mask.bits.size(); i += 2) mask.bits[i] = 0;
      masks[static_cast<std::size_t>(l.id)] = mask;
    }
    first = false;
  }
  return masks;
}

double planned_us(const Network& network, int size, double density) {
  const ArraySpec array = published::machine(size, size);
  const Expected<Program> program = make_published_program(network, masks_of(network, density), array);
  REQUIRE(program);
  const Expected<nlohmann::json> result = isolated([&]() -> Expected<nlohmann::json> {
    const auto sim = simulate(*program, array, published_durations(*program), {Fidelity::transaction, false, nullptr});
    if (!sim) return sim.failure();
    return nlohmann::json(to_us(sim->total, array.clock_hz));
  });
  REQUIRE(result);
  return result->get<double>();
}

}  // namespace

TEST_CASE("planned totals: median within 10 %, none beyond 20 %") {
  std::vector<double> deviations;
  for (const auto& t : published::totals()) {
    INFO(t.network << " " << t.rows << "x" << t.rows << " density " << t.density);
    const Expected<Network> network = load_network("configs/networks/" + t.network + ".json");
    REQUIRE(network);
    const double us = planned_us(*network, t.rows, t.density);
    CHECK(us > 0);
    if (t.us == 0) continue;  // the published compiler failed; ours has a number
    deviations.push_back(std::abs(us / t.us - 1));
    CHECK(deviations.back() < 0.20);
  }
  REQUIRE(deviations.size() == 24);
  std::sort(deviations.begin(), deviations.end());
  CHECK(deviations[12] < 0.10);
}

TEST_CASE("the verifier accepts every published program: channels, descriptors, memories, waits") {
  for (const char* name : {"resnet50", "inception_v3", "vgg16"})
    for (int size = 2; size <= 8; ++size)
      for (double density : {1.0, 0.5}) {
        INFO(name << " " << size << "x" << size << " density " << density);
        const Expected<Network> network = load_network(std::string("configs/networks/") + name + ".json");
        REQUIRE(network);
        const ArraySpec array = published::machine(size, size);
        const Expected<Program> program = make_published_program(*network, masks_of(*network, density), array);
        REQUIRE(program);
        const auto wrong = verify::verify(*program, array);
        CHECK(describe(wrong.value_or(Failure{})) == "");
      }
}

TEST_CASE("the verifier refuses a published program with a transfer past the end of its memory") {
  const Expected<Network> network = load_network("configs/networks/resnet50.json");
  REQUIRE(network);
  const ArraySpec array = published::machine(4, 4);
  Expected<Program> program = make_published_program(*network, masks_of(*network, 0.5), array);
  REQUIRE(program);
  for (EngineProgram& engine : program->engines)
    if (!engine.transfers.empty()) engine.transfers.back().access.base = std::int64_t{1} << 40;
  CHECK(verify::verify(*program, array));
}

TEST_CASE("7x7 is faster than 8x8 for ResNet50, as published") {
  const Expected<Network> network = load_network("configs/networks/resnet50.json");
  REQUIRE(network);
  CHECK(planned_us(*network, 7, 1) < planned_us(*network, 8, 1));
}

TEST_CASE("what fits in no way is refused by layer and size") {
  const Expected<Network> network = load_network("configs/networks/vgg16.json");
  REQUIRE(network);
  ArraySpec array = published::machine(2, 2);
  array.memtile.memory.size = 16384;
  const auto program = make_published_program(*network, masks_of(*network, 1), array);
  REQUIRE_FALSE(program);
  CHECK(program.failure().code == ExitCode::does_not_fit);
  CHECK(describe(program.failure()).find("16384 bytes") != std::string::npos);
}

TEST_CASE("the published accounting knows no other policy") {
  const nlohmann::json document = {{"network", "configs/networks/vgg16.json"},
                                   {"hardware", "configs/hardware/aie2.json"},
                                   {"accounting", "published"}};
  const auto refused = make_run_config(document, ".", "vgg16");
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::bad_input);
  CHECK(describe(refused.failure()).find("schedule.policy") != std::string::npos);

  const auto config = make_run_config(document, ".", "vgg16", {"schedule.policy=published"});
  REQUIRE(config);
  CHECK(config->array.name == "dalberto2024");
  CHECK(make_plan(*config, Density::dense));
}
