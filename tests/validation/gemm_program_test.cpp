// Does the output-stationary GEMM move the bytes it must, take the time it must, and refuse what does not fit?
#include <catch2/catch.hpp>

#include "sim/run/backend.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "sim/schedule/bottleneck_program.h"
#include "sim/schedule/gemm_program.h"
#include "tests/run/isolated.h"

using namespace tessera;

namespace {

ArraySpec plain(int rows, int cols) {
  ArraySpec a;
  a.rows = rows, a.cols = cols;
  a.memtile.memory.size = 512 * 1024;
  a.memtile.dma.s2mm = a.memtile.dma.mm2s = 6;
  a.memtile.locks.count = 64;
  a.ddr.read_bytes_per_cycle = a.ddr.write_bytes_per_cycle = 1000;
  return a;
}

struct Outcome {
  double cycles = 0;
  Bytes read = 0, written = 0;
};

Outcome run(const Program& program, const ArraySpec& array, const std::vector<Millicycles>& durations) {
  const auto answer = isolated([&]() -> Expected<nlohmann::json> {
    SimOptions options;
    options.fidelity = Fidelity::transaction;
    auto r = simulate(program, array, durations, options);
    if (!r) return r.failure();
    return nlohmann::json{{"total", r->total}, {"read", r->traffic.ddr_read}, {"written", r->traffic.ddr_write}};
  });
  if (!answer) FAIL(describe(answer.failure()));
  return {answer->at("total").get<double>() / 1000, answer->at("read"), answer->at("written")};
}

Outcome run(const GemmDesign& d, const ArraySpec& array, Cycles call) {
  auto gemm = build_gemm_program(d, array);
  if (!gemm) FAIL(describe(gemm.failure()));
  std::vector<Millicycles> durations;
  for (const bool clears : gemm->clears) durations.push_back(1000 * (clears ? d.zero_cycles : call));
  return run(gemm->program, array, durations);
}

GemmDesign square(int size, int tile) {
  GemmDesign d;
  d.m = d.k = d.n = size;
  d.tile_m = d.tile_k = d.tile_n = tile;
  d.out_bytes = 4;
  return d;
}

}  // namespace

TEST_CASE("every tile of A and B is read once per tile of C in its row or column") {
  for (const auto& [rows, cols] : {std::pair{4, 4}, std::pair{2, 1}, std::pair{4, 1}, std::pair{2, 4}, std::pair{1, 1}}) {
    const ArraySpec a = plain(rows, cols);
    const Outcome o = run(square(256, 32), a, 100);
    INFO(rows << "x" << cols);
    CHECK(o.read == 256 * 256 * (256 / (32 * cols)) + 256 * 256 * (256 / (32 * rows)));
    CHECK(o.written == 256 * 256 * 4);
  }
}

TEST_CASE("slow kernels set the pace, fast ones leave it to the streams") {
  const ArraySpec a = plain(4, 4);
  const std::int64_t calls = 2 * 2 * 8;
  const Outcome slow = run(square(256, 32), a, 5000), fast = run(square(256, 32), a, 1);
  CHECK(slow.cycles > 5000.0 * calls);
  CHECK(slow.cycles < 5000.0 * calls + 6000);
  CHECK(fast.cycles >= 256.0 * calls);  // 1 KB of A and of B per call, 4 B per cycle
}

TEST_CASE("a second buffer of C hides its way out") {
  const ArraySpec a = plain(4, 4);
  GemmDesign d = square(512, 64);
  d.c_buffers = 1;
  const Outcome once = run(d, a, 3000);
  d.c_buffers = 2;
  const Outcome twice = run(d, a, 3000);
  CHECK(once.cycles - twice.cycles > 3 * 4000);  // 64x64 int32 take 4,096 cycles out of the core, four times
}

TEST_CASE("buffers follow the memory of a core") {
  const ArraySpec a = plain(4, 4);
  GemmDesign d = square(512, 64);
  CHECK(fitting_c_buffers(d, a) == 2);
  d.tile_k = 128;
  CHECK(fitting_c_buffers(d, a) == 1);
  d.tile_k = 512;
  const auto refused = build_gemm_program(d, a);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
}

TEST_CASE("a stationary B is read once per block of columns") {
  const ArraySpec a = plain(1, 1);
  GemmDesign d = square(128, 32);
  d.a_buffers = 1;
  d.b_stationary = true;
  d.strip_calls = 4;
  const Outcome o = run(d, a, 1000);
  CHECK(o.read == 128 * 128 * 4 + 128 * 128);
  CHECK(o.cycles > 64 * 1000 + 15 * 1024);  // A is buffered once: each of its strips is waited for
}

TEST_CASE("a stationary A is read once per block of rows, B as often as before") {
  const ArraySpec a = plain(2, 2);
  GemmDesign d = square(256, 32);
  d.b_buffers = d.c_buffers = 1;
  const Outcome streamed = run(d, a, 1000);
  d.a_stationary = true;
  d.a_buffers = 8;
  const Outcome kept = run(d, a, 1000);
  CHECK(streamed.read - kept.read == 256 * 256 * (4 - 1));  // four blocks of columns
  CHECK(kept.written == streamed.written);
  CHECK(kept.cycles <= streamed.cycles);
  d.a_buffers = 4;  // half of k
  const auto refused = build_gemm_program(d, a);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
}

// Rows of the array split m, columns n, C stays in the core: the mapping that the scheduler weighs for every network,
// forced to the tile of a measured design, against the program of that design.
TEST_CASE("the scheduler's mapping of a product takes as long as the design that was validated") {
  for (const int size : {1024, 2048}) {
    const nlohmann::json layer = {{"name", "gemm"}, {"op", "gemm"}, {"m", size}, {"n", size}, {"k", size}};
    const nlohmann::json forced = {{"cols", "channels"}, {"rows", "height"}, {"tile", {64, 1, 64, 64}}};
    const nlohmann::json document = {{"network", {{"name", "product"}, {"layers", {layer}}}},
                                     {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", 4}, {"cols", 4}}},
                                     {"schedule", {{"layers", {{"gemm", forced}}}}}};
    const auto config = make_run_config(document, config_folder(), "product", {});
    if (!config) FAIL(describe(config.failure()));
    const auto scheduled = isolated([&] { return run_density(*config, Density::dense); });
    if (!scheduled) FAIL(describe(scheduled.failure()));
    GemmDesign d = square(size, 64);
    d.out_bytes = 1;
    const Outcome design = run(d, config->array, 64 * 64 * 64 / 256);
    CAPTURE(size, design.cycles, scheduled->at("cycles").get<double>());
    CHECK(scheduled->at("cycles").get<double>() == Approx(design.cycles).epsilon(0.02));
  }
}

TEST_CASE("more bandwidth never makes the same design slower") {
  ArraySpec a = plain(4, 4);
  a.ddr.read_bytes_per_cycle = 4;
  const double narrow = run(square(256, 32), a, 100).cycles;
  a.ddr.read_bytes_per_cycle = 8;
  const double wide = run(square(256, 32), a, 100).cycles;
  CHECK(wide < narrow);
}

TEST_CASE("the bottleneck reads its input once and runs at the pace of its slowest stage") {
  const ArraySpec a = plain(4, 1);
  const BottleneckDesign d{32, 32, 256, 64};
  auto program = build_bottleneck_program(d, a);
  REQUIRE(program);
  std::vector<Millicycles> durations;
  for (const KernelCall& call : program->calls) durations.push_back(call.layer == 2 ? 20000000 : 5000000);
  const Outcome o = run(*program, a, durations);
  CHECK(o.read == 32 * 32 * 256 + 64 * 64 * 9 + 2 * 64 * 256);
  CHECK(o.written == 32 * 32 * 256);
  CHECK(o.cycles > 32 * 20000);
  CHECK(o.cycles < 35 * 20000);
  CHECK_FALSE(build_bottleneck_program({32, 30, 256, 64}, a));
  CHECK_FALSE(build_bottleneck_program({32, 512, 256, 64}, a));
}
