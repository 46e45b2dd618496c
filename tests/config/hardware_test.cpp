// The hardware files: every number has a source, and means what the array description says.
#include "sim/config/hardware.h"

#include <catch2/catch.hpp>

#include "sim/base/json_file.h"
#include "sim/config/hardware_keys.h"
#include "sim/run/config_folder.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::config;
using namespace tessera::run;
using nlohmann::json;

namespace {
std::string file_of_hardware(const std::string& name) { return config_folder() + "/hardware/" + name + ".json"; }

ArraySpec array_of(const std::string& name, const std::vector<std::string>& sets = {}) {
  const Expected<ArraySpec> array = load_hardware(file_of_hardware(name), sets);
  if (!array) FAIL(describe(array.failure()));
  return *array;
}

void check_sources(const json& value, const std::string& path) {
  INFO(path);
  CHECK_FALSE(value.is_number());  // a number that stands for itself has no source
  if (!value.is_object()) return;
  if (value.contains("source")) {
    CHECK(value["source"].get<std::string>().size() >= 10);
    CHECK(value.contains("unit"));
    return;
  }
  for (const auto& [key, child] : value.items()) check_sources(child, path + "." + key);
}
}  // namespace

TEST_CASE("every number of every hardware file has a source and a unit") {
  const std::vector<std::string> names = config_names("hardware");
  CHECK(names.size() >= 5);
  for (const std::string& name : names) {
    const Expected<json> file = read_json(file_of_hardware(name));
    REQUIRE(file);
    check_sources(*file, name);
    CHECK(load_hardware(file_of_hardware(name)));
  }
}

TEST_CASE("every entry of every kernel library has a source") {
  for (const std::string& name : config_names("hardware/kernels")) {
    const Expected<json> file = read_json(config_folder() + "/hardware/kernels/" + name + ".json");
    REQUIRE(file);
    std::vector<json> entries = file->value("gemm", json::array());
    for (const char* part : {"conv", "elementwise"})
      if (file->contains(part)) entries.push_back((*file)[part]);
    const json windows = file->value("conv_by_window", json::object());
    for (const auto& [window, entry] : windows.items()) entries.push_back(entry);
    CHECK_FALSE(entries.empty());
    for (const json& entry : entries) {
      INFO(name << " " << entry.dump());
      CHECK(entry.value("source", "").size() >= 10);
      // What no row was fitted to says so.
      if (entry.value("residual_pct", json::object()).empty())
        CHECK((entry.value("source", "").find("assumption") != std::string::npos ||
               entry.value("source", "").find("AM020") != std::string::npos ||
               entry.value("source", "").find("object code") != std::string::npos));
    }
  }
}

TEST_CASE("every number of a measured design has a source beside it") {
  const Expected<json> file = read_json(config_folder() + "/validation/designs.json");
  REQUIRE(file);
  for (const auto& [group, design] : (*file)["groups"].items())
    for (const auto& [key, value] : design.items()) {
      if (!value.is_number()) continue;
      bool named = false;  // "wall_us" by "wall_source"
      for (const auto& [other, text] : design.items()) {
        const std::size_t end = other.size() < 7 ? 0 : other.size() - 7;
        named = named || (end > 0 && other.substr(end) == "_source" && key.rfind(other.substr(0, end), 0) == 0);
      }
      INFO(group << "." << key);
      CHECK(named);
    }
}

TEST_CASE("the generic array: two memory tiles per column for 8x2 only, DDR that grows with the columns") {
  for (int rows = 1; rows <= 8; ++rows) {
    for (int cols = 1; cols <= 8; ++cols) {
      const ArraySpec array = array_of("aie2", {"rows=" + std::to_string(rows), "cols=" + std::to_string(cols)});
      CHECK(array.memtile_rows == (rows == 8 && cols == 2 ? 2 : 1));
      CHECK(array.ddr.read_bytes_per_cycle == cols * array.shim.dma.mm2s * array.shim.dma.bytes_per_cycle);
      CHECK(array.ddr.write_bytes_per_cycle == cols * array.shim.dma.s2mm * array.shim.dma.bytes_per_cycle);
    }
  }
  CHECK(array_of("aie2", {"rows=8", "cols=2", "memtile_rows=1"}).memtile_rows == 1);
  CHECK(array_of("aie2").clock_hz == 1e9);
}

TEST_CASE("the published machine takes no time but for bytes and operations") {
  const ArraySpec array = array_of("dalberto2024");
  CHECK(array.stream.bytes_per_cycle * array.clock_hz == 4.0 * (1ll << 30));
  for (const DmaSpec* dma : {&array.tile.dma, &array.memtile.dma, &array.shim.dma}) {
    CHECK(dma->bytes_per_cycle * array.clock_hz == 4.0 * (1ll << 30));
    CHECK(dma->start_cycles + dma->first_start_cycles + dma->chain_cycles == 0);
  }
  CHECK(array.tile.locks.access_cycles + array.stream.hop_cycles + array.stream.packet_cycles == 0);
  CHECK(array.ddr.latency_cycles + array.controller.token_cycles + array.tile.call_cycles == 0);
}

TEST_CASE("the devices have their sizes") {
  CHECK(array_of("xdna1_1800mhz").cores() == 16);
  CHECK(array_of("xdna1_1000mhz").clock_hz == 1e9);
  CHECK(array_of("ve2802").cores() == 304);
  CHECK(array_of("ve2802").memtiles() == 76);
  CHECK(array_of("xdna2").cores() == 32);
  CHECK(array_of("xdna2").tile.core.i8_macs == 2 * array_of("aie2").tile.core.i8_macs);
}

TEST_CASE("host memory and controller have clocks of their own") {
  for (const std::string name : {"aie2", "ve2802", "xdna1_1800mhz", "xdna2"}) {
    INFO(name);
    const ArraySpec once = array_of(name),
                    twice = array_of(name, {"clock_hz=" + std::to_string(2 * array_of(name).clock_hz)});
    REQUIRE(twice.clock_hz == 2 * once.clock_hz);
    CHECK(twice.ddr.read_bytes_per_cycle * 2 ==
          Approx(once.ddr.read_bytes_per_cycle));  // half per cycle: the same GB/s
    CHECK(twice.ddr.write_bytes_per_cycle * 2 == Approx(once.ddr.write_bytes_per_cycle));
    CHECK(twice.ddr.mixed_bytes_per_cycle * 2 == Approx(once.ddr.mixed_bytes_per_cycle));
    CHECK(twice.ddr.column_bytes_per_cycle * 2 == Approx(once.ddr.column_bytes_per_cycle));
    CHECK(twice.ddr.latency_cycles == Approx(2 * once.ddr.latency_cycles));
    CHECK(twice.ddr.run_cycles == Approx(2 * once.ddr.run_cycles));
    CHECK(twice.ddr.page_cycles == Approx(2 * once.ddr.page_cycles));
    CHECK(twice.ddr.channel_page_cycles == Approx(2 * once.ddr.channel_page_cycles));
    CHECK(twice.controller.token_cycles == Approx(2 * once.controller.token_cycles));
    CHECK(twice.controller.dispatch_us == once.controller.dispatch_us);
    CHECK(twice.shim.dma.bytes_per_cycle == once.shim.dma.bytes_per_cycle);  // what the array clocks stays per cycle
    CHECK(twice.shim.dma.start_cycles == once.shim.dma.start_cycles);
  }
  CHECK(array_of("xdna1_1800mhz").ddr.read_bytes_per_cycle * 1.8 == Approx(28.1));
  CHECK(array_of("aie2").ddr.latency_cycles == 100);
}

TEST_CASE("keys that counted host memory and controller in cycles are refused with their successors") {
  for (const FormerHardwareKey& key : former_hardware_keys()) {
    const Expected<ArraySpec> array = load_hardware(file_of_hardware("aie2"), {key.path + "=1"});
    REQUIRE_FALSE(array);
    REQUIRE(array.failure().problems.size() == 1);
    CHECK(array.failure().problems[0].path == key.path);
    const std::string instead = key.instead.substr(0, key.instead.find(' '));
    const std::string parent = key.path.substr(0, key.path.find('.') + 1);
    CHECK(array.failure().problems[0].legal.find(instead) != std::string::npos);
    CHECK(load_hardware(file_of_hardware("aie2"), {parent + instead + "=1"}));
  }
}

TEST_CASE("a value outside its range is refused with the range, the limits of the file included") {
  const Expected<ArraySpec> wide = load_hardware(file_of_hardware("aie2"), {"rows=9", "clock_hz=1000"});
  REQUIRE_FALSE(wide);
  REQUIRE(wide.failure().problems.size() == 2);
  CHECK(describe(wide.failure()).find("from 1 to 8 rows") != std::string::npos);
  CHECK(describe(wide.failure()).find("from 10000000 to 10000000000 Hz") != std::string::npos);
  CHECK_FALSE(load_hardware(file_of_hardware("aie2"), {"tile.reserved=65536"}));
  CHECK_FALSE(load_hardware(file_of_hardware("aie2"), {"tile.memory.size=65537"}));
}
