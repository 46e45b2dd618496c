// Does every measured parameter of the XDNA1 files reproduce its measured row, and would half of it or half as much
// again be noticed? The files are read as users read them; a change is a file that extends them.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "sim/config/hardware.h"
#include "sim/program/builder.h"
#include "sim/validation/predict.h"
#include "sim/validation/run_program.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::config;
using namespace tessera::program;
using namespace tessera::run;
using namespace tessera::validation;
using nlohmann::json;

namespace {

json::json_pointer pointer(std::string key) {
  for (char& c : key)
    if (c == '.') c = '/';
  return json::json_pointer("/" + key);
}

// Of a key ("tile.dma.chain_cycles") in the file or one that it extends.
json value_of(const std::string& file, const std::string& key) {
  std::ifstream in("configs/hardware/" + file);
  const json root = json::parse(in);
  return root.contains(pointer(key)) ? root.at(pointer(key)).at("value") : value_of(root.at("extends"), key);
}

// The hardware file with keys multiplied; whole numbers go to the next one away from the value.
ArraySpec hardware(const std::string& file, const std::vector<std::string>& keys = {}, double factor = 1) {
  json changed = {{"name", "changed"}, {"extends", std::filesystem::absolute("configs/hardware/" + file).string()}};
  for (const std::string& key : keys) {
    const json value = value_of(file, key);
    const double wanted = value.get<double>() * factor;
    if (value.is_number_integer())
      changed[pointer(key)] = std::llround(factor < 1 ? std::floor(wanted) : std::ceil(wanted));
    else
      changed[pointer(key)] = wanted;
  }
  const std::string name = "parameter_test_hardware.json";
  std::ofstream(name) << changed;
  const auto array = load_hardware(name);
  std::remove(name.c_str());
  if (!array) FAIL(describe(array.failure()));
  return *array;
}

double in_child(const std::function<Expected<double>()>& run) {
  const auto answer = isolated([&]() -> Expected<json> {
    auto value = run();
    if (!value) return value.failure();
    return json{{"value", *value}};
  });
  if (!answer) FAIL(describe(answer.failure()));
  return answer->at("value").get<double>();
}

const ValidationSetup& setup() {
  static const ValidationSetup s = [] {
    auto loaded = load_validation_setup("configs");
    if (!loaded) throw std::runtime_error(describe(loaded.failure()));
    return *loaded;
  }();
  return s;
}

// IGN-DDR-2 states 26 to 28 GB/s per direction for all channels together; its own copy is bound by one channel per
// column.
const char* const shared_cap = "shared cap";

MeasuredRow measured(const std::string& id) {
  if (id == shared_cap) {
    MeasuredRow row = measured("IGN-DDR-2");
    row.workload = "DDR passthrough, 8 shim channels", row.shape = "", row.unit = "GB/s per direction",
    row.measured = 27;
    return row;
  }
  const auto rows = read_measured("configs/validation/measured.csv");
  REQUIRE(rows);
  for (const MeasuredRow& row : *rows)
    if (row.id == id) return row;
  FAIL("no row " + id);
  return {};
}

// Prediction of a row on `array` over what was measured, less 1.
double error(const MeasuredRow& row, const ArraySpec& array) {
  const double value = in_child([&]() -> Expected<double> {
    auto subject = settle(row, setup());
    if (!subject) return subject.failure();
    subject->array = array;
    auto p = row.row_class() == RowClass::gemm ? predict_gemm(*subject) : predict_micro(*subject);
    if (!p) return p.failure();
    return p->value;
  });
  return value / row.measured - 1;
}

struct Measured {
  std::vector<std::string> keys;  // that the row measures together
  std::string row;
  double tolerance;                                  // of the prediction
  enum Change { both, lower, raise } change = both;  // what the row would notice: a rate may be hidden by another one
};

// IGN-STR-0 is exact: 17 descriptors, a first start and a hop. The end that starts or chains later counts.
const std::vector<Measured>& all() {
  static const std::vector<Measured> list = {
      {{"tile.call_cycles"}, "IGN-L1-E", 0.03},
      {{"tile.locks.access_cycles"}, "EMU-LOCK", 2e-4},
      {{"tile.dma.chain_cycles", "memtile.dma.chain_cycles"}, "IGN-STR-0", 4e-6},
      {{"tile.dma.chain_cycles"}, "IGN-STR-0", 4e-6, Measured::raise},
      {{"memtile.dma.chain_cycles"}, "IGN-STR-0", 4e-6, Measured::raise},
      {{"tile.dma.first_start_cycles", "memtile.dma.first_start_cycles"}, "IGN-STR-0", 4e-6},
      {{"tile.dma.first_start_cycles"}, "IGN-STR-0", 4e-6, Measured::raise},
      {{"memtile.dma.first_start_cycles"}, "IGN-STR-0", 4e-6, Measured::raise},
      {{"stream.hop_cycles"}, "IGN-STR-0", 4e-6},
      {{"stream.bytes_per_cycle"}, "IGN-STR-0", 4e-6, Measured::lower},
      {{"tile.dma.bytes_per_cycle"}, "IGN-STR-0", 4e-6, Measured::lower},
      {{"memtile.dma.bytes_per_cycle"}, "IGN-STR-0", 4e-6, Measured::lower},
      {{"stream.bytes_per_cycle", "tile.dma.bytes_per_cycle", "memtile.dma.bytes_per_cycle"}, "IGN-STR-0", 4e-6},
      {{"shim.dma.start_cycles"}, "EMU-SHIM64-SM", 0.03},
      {{"shim.dma.first_start_cycles"}, "EMU-SHIM64-SM", 0.03},
      {{"shim.dma.mm2s_start_cycles"}, "EMU-SHIM64-MM", 0.03},
      {{"shim.dma.mm2s_first_start_cycles"}, "EMU-SHIM64-MM", 0.03},
      {{"ddr.latency_ns"}, "EMU-SHIM64-MM", 0.03},
      {{"shim.dma.mm2s_bytes_per_cycle"}, "EMU-MM2S-16384", 0.03},
      {{"shim.dma.mm2s_bytes_per_cycle"}, "IGN-DDR-0", 0.03},
      {{"shim.dma.bytes_per_cycle"}, "EMU-S2MM-16384", 0.03, Measured::lower},
      {{"ddr.column_gb_per_s"}, "IGN-DDR-1", 0.01},
      {{"ddr.read_gb_per_s", "ddr.write_gb_per_s"}, shared_cap, 0.045},
      {{"ddr.read_gb_per_s"}, "IGN-DDR-2", 0.03, Measured::lower},
      {{"ddr.write_gb_per_s"}, "IGN-DDR-2", 0.03, Measured::lower},
      {{"ddr.run_ns"}, "IGN-I8N32-5", 0.03},
      {{"ddr.page_ns"}, "IGN-I8N32-5", 0.03},
      {{"ddr.page_bytes"}, "IGN-I8N32-5", 0.03},
      {{"ddr.channel_page_ns"}, "IGN-I8M-0", 0.03},
      {{"controller.token_ns"}, "EMU-GAP-PIPE", 0.03},
      {{"controller.operation_ns"}, "CTL-OP", 0.03},
      {{"controller.dispatch_us"}, "IGN-DISP-1", 0.03},
      {{"controller.dispatch_us"}, "IGN-I8N64-0", 0.03},
  };
  return list;
}

}  // namespace

TEST_CASE("each measured parameter reproduces its row, and half of it or half as much again does not") {
  for (const Measured& m : all()) {
    const MeasuredRow row = measured(m.row);
    const std::string file = setup().groups.at(row.group).hardware + ".json";
    INFO(m.row << " " << m.keys[0] << (m.keys.size() > 1 ? " and others" : ""));
    CHECK(std::abs(error(row, hardware(file))) <= m.tolerance);
    if (m.change != Measured::raise) CHECK(std::abs(error(row, hardware(file, m.keys, 0.5))) > m.tolerance);
    if (m.change != Measured::lower) CHECK(std::abs(error(row, hardware(file, m.keys, 1.5))) > m.tolerance);
  }
}

TEST_CASE("host memory takes the measured time at every clock") {
  // The rows above see the slower of the two directions only, and one file each.
  for (const char* file : {"xdna1_1000mhz.json", "xdna1_1028mhz.json", "xdna1_1800mhz.json"}) {
    INFO(file);
    const ArraySpec array = hardware(file);
    const double ghz = array.clock_hz / 1e9;
    const DdrSpec& ddr = array.ddr;
    CHECK(ddr.read_bytes_per_cycle * ghz == Approx(27).margin(1.2));  // IGN-DDR-2: 26 to 28 GB/s per direction
    CHECK(ddr.write_bytes_per_cycle * ghz == Approx(27).margin(1.2));
    CHECK(ddr.latency_cycles / ghz == Approx((747 - 325) / 1.028).epsilon(0.03));  // fit of EMU-MM2S
    CHECK(ddr.run_cycles / ghz == Approx(1.4 / 1.8).epsilon(0.06));                // fitted at 1.8 GHz
    CHECK(ddr.page_cycles / ghz == Approx(7 / 1.8).epsilon(0.06));
    CHECK(ddr.channel_page_cycles / ghz == Approx(48 / 1.8).epsilon(0.06));
    CHECK(ddr.column_bytes_per_cycle * ghz == Approx(13.55).epsilon(0.03));  // of a column: IGN-DDR-1
  }
}

TEST_CASE("a DMA channel that collides with the core stalls it 32 times in 1024 accesses") {
  // xdna-emu, hardware: 16 transfers of 256 words into the bank the core works in, 32 stalls of the core.
  const auto stalls = [](double factor) {
    ArraySpec array = hardware("xdna1_1028mhz.json", {"tile.conflict_share"}, factor);
    array.tile.call_cycles = 0;
    const Millicycles kernel = 6'000'000;
    return in_child([&]() -> Expected<double> {
      ProgramBuilder b(array);
      KernelCall call;
      call.kind = KernelKind::copy;
      call.out = {0, 1, 0, 1, 0, 1024};
      call.in = call.result = 0;
      call.in_h = call.in_w = 1;
      call.in_c = 1024;
      b.call(b.map().core(0, 0), call);
      const EngineId source = b.map().mem_channel(0, EngineKind::mm2s, 0),
                     sink = b.map().tile_channel(0, 0, EngineKind::s2mm, 0);
      const RouteId route = b.route(source, {sink});
      for (const EngineId e : {source, sink}) {
        Transfer t;
        t.memory = b.map().info(e).tile;
        t.route = route;
        t.access = linear(0, 1024);
        b.transfer(e, t);
        b.repeat_last(e, 1, 16);
      }
      auto run = run_program(b.program(), array, {kernel});
      if (!run) return run.failure();
      return static_cast<double>(run->total - kernel) / 1000;
    });
  };
  CHECK(stalls(1) == Approx(32).margin(2));
  CHECK(stalls(0.5) < 20);
  CHECK(stalls(1.5) > 40);
}
