// Energy: nothing is lost between causes, layers and the total; counts are those of the simulation; without a table
// there is none.
#include <catch2/catch.hpp>

#include "sim/base/json_file.h"
#include "sim/result/json.h"
#include "sim/run/activity.h"
#include "sim/run/config_folder.h"
#include "sim/run/isolate.h"
#include "sim/run/pipeline.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {
json hardware(const std::string& name) { return {{"extends", config_folder() + "/hardware/" + name + ".json"}}; }

json two_convolutions() {
  return {{"name", "two"},
          {"input", {14, 14, 16}},
          {"layers",
           {{{"name", "a"}, {"op", "conv2d"}, {"channels", 24}, {"kernel", 3}, {"padding", 1}},
            {{"name", "b"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 3}, {"padding", 1}},
            {{"name", "p"}, {"op", "maxpool"}, {"kernel", 2}}}}};
}

Expected<RunConfig> config_of(const json& network, const json& machine, const std::vector<std::string>& sets = {}) {
  return make_run_config({{"network", network}, {"hardware", machine}, {"sparsity", {{"ratio", 0.5}}}}, "", "energy",
                         sets);
}

result::DensityResult simulated(const Expected<RunConfig>& config, Density density = Density::sparse) {
  if (!config) FAIL(describe(config.failure()));
  const Expected<std::string> bytes = IsolatedTask([&]() -> Expected<std::string> {
                                        const auto found = run_density(*config, density);
                                        if (!found) return found.failure();
                                        return pack(*found);
                                      }).wait();
  if (!bytes) FAIL(describe(bytes.failure()));
  return result::unpack(*bytes);
}

double at_layers(const result::DensityResult& density) {
  double sum = 0;
  for (const result::LayerResult& layer : density.layers) sum += layer.energy->total();
  return sum;
}

void check_conservation(const result::DensityResult& density) {
  REQUIRE(density.energy);
  double causes = 0;
  for (const double part : density.energy->pj) causes += part;
  CHECK(causes == Approx(density.energy->total()).epsilon(1e-12));
  const double layers = at_layers(density), rest = *density.no_layer_uj * 1e6;
  CHECK(rest > 0);  // idle cores: without them the layers would not make up the total
  CHECK(layers + rest == Approx(density.energy->total()).epsilon(1e-9));
}

// Operations of controllers cost what the table says, in all and layer by layer.
void check_control(const RunConfig& config, const result::DensityResult& density) {
  const auto expected = [&](std::int64_t operations, std::int64_t of_cores) {
    return static_cast<double>(operations) * config.energy->control_operation_pj +
           static_cast<double>(of_cores) * config.energy->core_operation_pj;
  };
  const result::ControlWork& work = *density.control;
  CHECK((*density.energy)[result::EnergyCause::control] ==
        Approx(expected(work.operations.value_or(0), work.core_operations.value_or(0))));
  double layers = 0;
  for (const result::LayerResult& layer : density.layers) {
    const double found = (*layer.energy)[result::EnergyCause::control];
    const result::LayerControl there = layer.control.value_or(result::LayerControl{});
    CHECK(found == Approx(expected(there.operations, there.core_operations.value_or(0))));
    layers += found;
  }
  CHECK(layers <= (*density.energy)[result::EnergyCause::control]);
}

// What the program says happens against what the simulation saw.
void check_counts(const RunConfig& config, Density density, const exec::MemoryTraffic& seen) {
  const Expected<Plan> plan = make_plan(config, density);
  REQUIRE(plan);
  const ProgramActivity activity = count_activity(plan->schedule.program, config.array);
  for (const auto field :
       {&exec::MemoryTraffic::ddr_read, &exec::MemoryTraffic::ddr_write, &exec::MemoryTraffic::memtile_read,
        &exec::MemoryTraffic::memtile_write, &exec::MemoryTraffic::core_read, &exec::MemoryTraffic::core_write}) {
    Bytes sum = activity.no_layer.traffic.*field;
    for (const Activity& layer : activity.layers) sum += layer.traffic.*field;
    CHECK(sum == seen.*field);
  }
}
}  // namespace

TEST_CASE("layers and what belongs to none sum to the total, causes too, and counts are those of the simulation") {
  for (const Density density : {Density::dense, Density::sparse})
    for (const char* machine : {"aie2", "xdna1_1800mhz"}) {
      const Expected<RunConfig> config = config_of(two_convolutions(), hardware(machine));
      const result::DensityResult found = simulated(config, density);
      check_conservation(found);
      check_counts(*config, density, found.traffic);
      check_control(*config, found);
    }
}

TEST_CASE("loops of descriptors are counted as often as they turn") {
  const json product = {{"name", "product"},
                        {"layers", {{{"name", "gemm"}, {"op", "gemm"}, {"m", 256}, {"n", 256}, {"k", 256}}}}};
  const Expected<RunConfig> config =
      config_of(product, hardware("aie2"),
                {"schedule.policy=object_fifo", "schedule.layers.gemm.tile=[64,1,64,64]", "sparsity.ratio=0"});
  const result::DensityResult density = simulated(config, Density::dense);
  check_conservation(density);
  check_counts(*config, Density::dense, density.traffic);
  CHECK((*density.energy)[result::EnergyCause::mac] == Approx(256.0 * 256 * 256 * 0.1));
}

TEST_CASE("the table is replaced key by key, and decides neither time nor calibration") {
  const Expected<RunConfig> config = config_of(two_convolutions(), hardware("xdna1_1800mhz"));
  const result::DensityResult before = simulated(config);
  const Expected<RunConfig> doubled =
      config_of(two_convolutions(), hardware("xdna1_1800mhz"), {"hardware.energy.mac_i8_pj=0.2"});
  const result::DensityResult after = simulated(doubled);
  const double mac = (*before.energy)[result::EnergyCause::mac];
  CHECK(mac > 0);
  CHECK((*after.energy)[result::EnergyCause::mac] == Approx(2 * mac));
  CHECK(after.energy->total() == Approx(before.energy->total() + mac));
  CHECK(after.total == before.total);
  CHECK(make_result(*doubled, after, std::nullopt).hardware.calibration ==
        make_result(*config, before, std::nullopt).hardware.calibration);
  CHECK(content_hash(*config, Density::sparse) != content_hash(*doubled, Density::sparse));
}

TEST_CASE("control costs what its operations cost, whoever does them, and nothing where transfers start for free") {
  const auto control = [&](const std::vector<std::string>& sets) {
    const Expected<RunConfig> config = config_of(two_convolutions(), hardware("xdna1_1800mhz"), sets);
    const result::DensityResult found = simulated(config);
    check_conservation(found);
    check_control(*config, found);
    return (*found.energy)[result::EnergyCause::control];
  };
  const double firmware = control({});
  CHECK(firmware > 0);
  CHECK(control({"hardware.energy.control_operation_pj=0"}) > 0);  // what cores do
  CHECK(control({"hardware.energy.control_operation_pj=0", "hardware.energy.core_operation_pj=0"}) == 0);
  CHECK(control({"hardware.controller.mechanism=none"}) == 0);
  CHECK(control({"hardware.controller.mechanism=core"}) > 0);
  CHECK(control({"hardware.controller.mechanism=control_packets", "hardware.controller.compute_tiles=mechanism"}) > 0);
  CHECK(control({"hardware.controller.compute_tiles=mechanism"}) > firmware);
}

TEST_CASE("a run without multiply-accumulates spends nothing on them") {
  const json pool = {
      {"name", "pool"}, {"input", {16, 16, 16}}, {"layers", {{{"name", "p"}, {"op", "maxpool"}, {"kernel", 2}}}}};
  const result::DensityResult density = simulated(config_of(pool, hardware("aie2")), Density::dense);
  CHECK((*density.energy)[result::EnergyCause::mac] == 0);
  CHECK(density.energy->total() > 0);
}

TEST_CASE("hardware without a table has no energy, and a table in parts is refused") {
  Expected<json> machine = read_json(config_folder() + "/hardware/aie2.json");
  REQUIRE(machine);
  machine->erase("energy");
  const Expected<RunConfig> config = config_of(two_convolutions(), *machine);
  const result::DensityResult density = simulated(config);
  const json result = to_json(make_result(*config, std::nullopt, density));
  CHECK_FALSE(result["sparse"].contains("energy"));
  CHECK_FALSE(result["sparse"]["layers"][0].contains("energy"));
  CHECK_FALSE(result["hardware"].contains("energy_calibration"));
  CHECK(result["sparse"]["stream_hop_bytes"] > 0);
  const Expected<RunConfig> part = config_of(two_convolutions(), *machine, {"hardware.energy.hop_pj=1"});
  REQUIRE_FALSE(part);
  CHECK_THAT(describe(part.failure()), Catch::Contains("mac_i8_pj"));
  CHECK_THAT(describe(part.failure()), Catch::Contains("control_operation_pj"));
}
