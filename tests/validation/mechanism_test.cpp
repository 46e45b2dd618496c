// Does each calibrated mechanism of host memory and shim do what its hardware key says?
#include <catch2/catch.hpp>

#include "sim/config/hardware.h"
#include "sim/exec/backend.h"
#include "sim/program/builder.h"
#include "sim/program/ddr_load.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::config;
using namespace tessera::exec;
using namespace tessera::program;
using namespace tessera::run;

namespace {

double total_cycles(ProgramBuilder& b, const ArraySpec& array) {
  const auto answer = isolated([&]() -> Expected<nlohmann::json> {
    auto r = simulate(b.program(), array, {}, {});
    if (!r) return r.failure();
    return nlohmann::json{{"total", r->total}};
  });
  if (!answer) FAIL(describe(answer.failure()));
  return answer->at("total").get<double>() / 1000;
}

// `tasks` tasks of `access` from host memory to a memory tile, or back.
double shim_time(const ArraySpec& array, bool outbound, const Access& access, int tasks = 1) {
  ProgramBuilder b(array);
  const EngineId from =
      outbound ? b.map().shim_channel(0, EngineKind::mm2s, 0) : b.map().mem_channel(0, EngineKind::mm2s, 0);
  const EngineId to =
      outbound ? b.map().mem_channel(0, EngineKind::s2mm, 0) : b.map().shim_channel(0, EngineKind::s2mm, 0);
  for (int i = 0; i < tasks; ++i)
    for (const EngineId e : {from, to}) {
      Transfer t;
      t.memory = b.map().info(e).tile;
      t.route = b.route(from, {to});
      t.access = b.map().info(e).tile_kind == TileKind::shim ? access : linear(0, access.stream_bytes());
      b.transfer(e, t);
    }
  return total_cycles(b, array);
}

Access pieces(std::int32_t bytes, std::int32_t count, std::int64_t pitch) {
  Access a;
  a.rank = 2;
  a.dims[0] = repeated(bytes, 1);
  a.dims[1] = repeated(count, pitch);
  return a;
}

ArraySpec phoenix() {
  auto array = load_hardware("configs/hardware/xdna1_1028mhz.json");
  REQUIRE(array);
  return *array;
}

}  // namespace

TEST_CASE("runs and pages of a descriptor") {
  CHECK(ddr_runs(linear(0, 65536), 4096).runs == 1);
  CHECK(ddr_runs(linear(0, 65536), 4096).pages == 16);
  CHECK(ddr_runs(pieces(64, 32, 64), 4096).runs == 1);  // contiguous after all
  CHECK(ddr_runs(pieces(64, 32, 4096), 4096).runs == 32);
  CHECK(ddr_runs(pieces(64, 32, 4096), 4096).pages == 32);
  CHECK(ddr_runs(pieces(64, 32, 2048), 4096).pages == 16);
  CHECK(ddr_runs(pieces(64, 32, 1 << 20), 4096).pages == 32);
}

TEST_CASE("short runs occupy host memory longer, long ones do not") {
  DdrSpec ddr;
  ddr.read_bytes_per_cycle = 16;
  CHECK(ddr_load(pieces(64, 32, 4096), ddr, false) == 1);  // nothing calibrated
  ddr.run_cycles = 2, ddr.page_cycles = 6;
  CHECK(ddr_load(pieces(64, 32, 4096), ddr, false) == Approx(8 * 16 / 64.0));
  CHECK(ddr_load(linear(0, 1 << 20), ddr, false) == 1);
}

TEST_CASE("the occupation is felt by the transfer and by others") {
  ArraySpec array = phoenix();
  array.ddr.read_bytes_per_cycle = 4;
  array.ddr.run_cycles = array.ddr.page_cycles = array.ddr.channel_page_cycles = 0;
  const double before = shim_time(array, true, pieces(64, 256, 4096));
  array.ddr.run_cycles = 100;
  const double after = shim_time(array, true, pieces(64, 256, 4096));
  CHECK(after - before == Approx(256 * 100 - 256 * 64 / 3.81).epsilon(0.01));
  CHECK(shim_time(array, true, linear(0, 16384)) == Approx(before).epsilon(0.02));
}

TEST_CASE("a channel waits for its own pages, not for those of its bytes in a row, and not when it writes") {
  ArraySpec array = phoenix();
  array.ddr.run_cycles = array.ddr.page_cycles = array.ddr.channel_page_cycles = 0;
  const Access apart = pieces(64, 256, 4096);
  const double read = shim_time(array, true, apart), write = shim_time(array, false, apart);
  const double row = shim_time(array, true, linear(0, 16384));
  array.ddr.channel_page_cycles = 48;
  CHECK(shim_time(array, true, apart) - read == Approx(256 * 48 - 16384 / 3.81).epsilon(0.02));
  CHECK(shim_time(array, false, apart) == Approx(write));
  CHECK(shim_time(array, true, linear(0, 16384)) == Approx(row));
}

TEST_CASE("shim channels: cold start, cost per task, rate and latency as measured") {
  const ArraySpec array = phoenix();
  CHECK(shim_time(array, true, linear(0, 256)) == Approx(1654).epsilon(0.03));  // EMU-SHIM64-MM
  CHECK(shim_time(array, false, linear(0, 256)) == Approx(584).epsilon(0.03));  // EMU-SHIM64-SM
  ArraySpec warm = array;
  warm.shim.dma.first_start_cycles = 0, warm.shim.dma.mm2s_first_start_cycles = 0;
  CHECK(shim_time(warm, true, linear(0, 65536)) == Approx(17963).epsilon(0.03));   // EMU-MM2S-16384
  CHECK(shim_time(warm, false, linear(0, 65536)) == Approx(16525).epsilon(0.03));  // EMU-S2MM-16384
}

TEST_CASE("tasks that follow without a pause pay no latency: 64 words settle at about 400 and 254 cycles") {
  const ArraySpec array = phoenix();
  const auto steady = [&](bool outbound) {
    return (shim_time(array, outbound, linear(0, 256), 11) - shim_time(array, outbound, linear(0, 256), 1)) / 10;
  };
  CHECK(steady(true) == Approx(400).epsilon(0.05));
  CHECK(steady(false) == Approx(254).epsilon(0.05));
}
