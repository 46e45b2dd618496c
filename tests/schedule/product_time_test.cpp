// Does a product of the policy object_fifo take the time that its kernels, buffers and streams need?
#include "tests/schedule/object_fifo_fixture.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::cost;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::run;
using namespace tessera::schedule;
using namespace tessera::sparsity;
using namespace tessera::verify;
using namespace tessera::object_fifo_fixture;

TEST_CASE("slow kernels set the pace, fast ones leave it to the streams") {
  const ArraySpec a = plain(4, 4);
  const std::int64_t calls = 2 * 2 * 8;
  const Outcome slow = run_once(cube(256, 32), a, 5000), fast = run_once(cube(256, 32), a, 1);
  CHECK(slow.cycles > 5000.0 * calls);
  CHECK(slow.cycles < 5000.0 * calls + 6000);
  CHECK(fast.cycles >= 256.0 * calls);  // 1 KB of A and of B per call, 4 B per cycle
}

TEST_CASE("a second buffer of C hides its way out") {
  const ArraySpec a = plain(4, 4);
  Case c = cube(512, 64);
  c.forced.buffers.output = 1;
  const Outcome once = run_once(c, a, 3000);
  c.forced.buffers.output = 2;
  const Outcome twice = run_once(c, a, 3000);
  CHECK(once.cycles - twice.cycles > 3 * 4000);  // 64x64 int32 take 4,096 cycles out of the core, four times
}

TEST_CASE("a core stalls for what DMA channels fill in the banks of its tiles") {
  ArraySpec a = plain(4, 1);
  const auto stalled = [&](const Program& program) {  // with tiles of 16x16, all of A, B and C lies in one bank
    ArraySpec busy = a;
    busy.tile.conflict_share = 0.25;
    std::vector<Millicycles> durations(program.calls.size(), 1000000);
    return run_once(program, busy, durations).cycles - run_once(program, a, durations).cycles;
  };
  CHECK(stalled(program_of(cube(64, 16), a)) > 100);
  const auto schedule = scheduled(bottleneck(16, 32), a, {});
  REQUIRE(schedule);
  CHECK(stalled(schedule->program) > 100);
}

TEST_CASE("weights that are kept are read once per block of columns") {
  const ArraySpec a = plain(1, 1);
  Case c = cube(128, 32);
  c.forced.buffers.input = 1;
  c.forced.weights_stationary = true;
  const Outcome o = run_once(c, a, 1000);
  CHECK(o.read == 128 * 128 * 4 + 128 * 128);
  CHECK(o.cycles > 64 * 1000 + 15 * 1024);  // A is buffered once: each of its strips is waited for
}

TEST_CASE("an input that is kept is read once per block of rows, weights as often as before") {
  const ArraySpec a = plain(2, 2);
  Case c = cube(256, 32);
  c.forced.buffers.weights = c.forced.buffers.output = 1;
  const Outcome streamed = run_once(c, a, 1000);
  c.forced.weights_stationary = false;
  const Outcome kept = run_once(c, a, 1000);
  CHECK(streamed.read - kept.read == 256 * 256 * (4 - 1));  // four blocks of columns
  CHECK(kept.written == streamed.written);
  CHECK(kept.cycles <= streamed.cycles);
  c.forced.buffers.input = 4;  // half of k
  const auto refused = scheduled(network_of(c), a, c.forced);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
}

// The mapping is one that the policy `best` weighs for every network: forced to the same tile it takes as long where
// compute binds.
TEST_CASE("the same mapping and tile take as long under policy best") {
  for (const int size : {1024, 2048}) {
    const json layer = {{"name", "gemm"}, {"op", "gemm"}, {"m", size}, {"n", size}, {"k", size}};
    double cycles[2] = {0, 0};
    for (const bool fifo : {false, true}) {
      json forced = {{"tile", {64, 1, 64, 64}}};
      if (!fifo) forced.update({{"cols", "channels"}, {"rows", "height"}});
      const json document = {{"network", {{"name", "product"}, {"layers", {layer}}}},
                             {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", 4}, {"cols", 4}}},
                             {"schedule", {{"policy", fifo ? "object_fifo" : "best"}, {"layers", {{"gemm", forced}}}}}};
      const auto config = make_run_config(document, config_folder(), "product", {});
      if (!config) FAIL(describe(config.failure()));
      const auto result = isolated([&]() -> Expected<json> {
        const auto run = run_density(*config, Density::dense);
        if (!run) return run.failure();
        return json{{"mapping", run->layers[0].mapping}, {"cycles", static_cast<double>(run->total)}};
      });
      if (!result) FAIL(describe(result.failure()));
      CHECK(result->at("mapping").get<std::string>().rfind("cols=channels rows=height tile=64x1x64/64", 0) == 0);
      cycles[fifo ? 1 : 0] = result->at("cycles").get<double>();
    }
    CAPTURE(size, cycles[0], cycles[1]);
    CHECK(cycles[0] == Approx(cycles[1]).epsilon(0.02));
  }
}

TEST_CASE("more bandwidth never makes the same design slower") {
  ArraySpec a = plain(4, 4);
  a.ddr.read_bytes_per_cycle = 4;
  const double narrow = run_once(cube(256, 32), a, 100).cycles;
  a.ddr.read_bytes_per_cycle = 8;
  const double wide = run_once(cube(256, 32), a, 100).cycles;
  CHECK(wide < narrow);
}
