// Does the composition of the lanes come out of the program's waits? Expected times by hand: bytes / 4.294967296.
#include <catch2/catch.hpp>

#include "sim/replay/published_program.h"
#include "sim/replay/replay_program.h"
#include "tests/replay/published.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::replay;
using namespace tessera::run;

namespace {

constexpr double rate = 4.294967296;

double simulated_cycles(const LayerWork& work, const ArraySpec& array, int writeback = 1) {
  Expected<ReplayProgram> made = make_replay_program({work}, array, writeback);
  REQUIRE(made);
  made->program.layers.resize(1);
  const auto result = isolated([&]() -> Expected<nlohmann::json> {
    const auto sim = exec::simulate(made->program, array, published_durations(made->program), {});
    if (!sim) return sim.failure();
    return nlohmann::json(static_cast<double>(sim->total) / 1000);
  });
  REQUIRE(result);
  return result->get<double>();
}

LayerWork one_pass(bool overlapped) {
  PassWork p;
  p.iterations = 3;
  p.overlapped = overlapped;
  p.input = 400;
  p.output = 800;
  p.operations = 256 * 500;
  LayerWork work;
  work.passes = {p};
  return work;
}

}  // namespace

TEST_CASE("an overlapped pass takes its longest lane, any other their sum") {
  const ArraySpec array = published::machine(2, 2);
  CHECK(simulated_cycles(one_pass(true), array) == Approx(3 * 500).margin(0.1));
  CHECK(simulated_cycles(one_pass(false), array) == Approx(3 * (500 + 1200 / rate)).margin(0.1));
  LayerWork output_bound = one_pass(true);
  output_bound.passes[0].output = 8000;
  CHECK(simulated_cycles(output_bound, array) == Approx(3 * 8000 / rate).margin(0.1));
}

TEST_CASE("weights come before a pass, DDR before the passes and after them") {
  const ArraySpec array = published::machine(2, 2);
  LayerWork work = one_pass(true);
  work.passes[0].weights = 1600;
  CHECK(simulated_cycles(work, array) == Approx(1500 + 1600 / rate).margin(0.1));
  work.load = 300000;  // more than a descriptor moves
  work.loadw = 9000;   // beside it
  work.write = 70000;
  CHECK(simulated_cycles(work, array) == Approx(1500 + (1600 + 300000 + 70000) / rate).margin(0.1));
  work.passes.push_back(work.passes[0]);
  CHECK(simulated_cycles(work, array) == Approx(3000 + (3200 + 300000 + 70000) / rate).margin(0.2));
}

TEST_CASE("cores share the write-back channels that the accounting gives them") {
  LayerWork work = one_pass(true);
  work.passes[0].output = 48000;
  const ArraySpec array = published::machine(4, 4);
  CHECK(simulated_cycles(work, array, 1) == Approx(3 * 48000 / rate).margin(0.1));
  CHECK(simulated_cycles(work, array, 6) == Approx(3 * 48000 / 4 / rate).margin(0.1));
  CHECK(simulated_cycles(work, published::machine(8, 8), 6) == Approx(3 * 48000 / 4 / rate).margin(0.1));  // two by two
}

TEST_CASE("the array is as wide as the trace says: rectangles, and too many rows") {
  CHECK(simulated_cycles(one_pass(true), published::machine(8, 2)) == Approx(1500).margin(0.1));
  CHECK_FALSE(make_replay_program({one_pass(true)}, published::machine(8, 1), 1));
}
