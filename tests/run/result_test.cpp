// What result.json says: exact accounts, explained counters, hashes that follow content.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "sim/result/catalogue.h"
#include "sim/result/csv.h"
#include "sim/result/json.h"
#include "sim/result/staged_run.h"
#include "sim/result/sweep.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "sim/run/routing.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using namespace tessera::sparsity;
using namespace tessera::result;
using nlohmann::json;

namespace {
RunConfig tiny(const std::vector<std::string>& sets = {}, const std::string& hardware = "aie2") {
  const json document = {
      {"network",
       {{"name", "tiny"},
        {"input", {14, 14, 16}},
        {"layers",
         {{{"name", "a"}, {"op", "conv2d"}, {"channels", 20}, {"kernel", 3}, {"padding", 1}, {"relu", true}},
          {{"name", "b"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 3}, {"padding", 1}},
          {{"name", "p"}, {"op", "maxpool"}, {"kernel", 2}}}}}},
      {"hardware", {{"extends", config_folder() + "/hardware/" + hardware + ".json"}, {"rows", 2}, {"cols", 2}}},
      {"sparsity", {{"ratio", 0.5}}}};
  const Expected<RunConfig> config = make_run_config(document, "", "tiny", sets);
  if (!config) FAIL(describe(config.failure()));
  return *config;
}

DensityResult simulate_typed(const RunConfig& config, Density density, const RunOptions& options = {}) {
  const Expected<std::string> bytes = IsolatedTask([&]() -> Expected<std::string> {
                                        const Expected<DensityResult> found = run_density(config, density, options);
                                        if (!found) return found.failure();
                                        return pack(*found);
                                      }).wait();
  if (!bytes) FAIL(describe(bytes.failure()));
  return unpack(*bytes);
}

json simulate(const RunConfig& config, Density density) { return to_json(simulate_typed(config, density)); }

// A run in which every metric has a value: both densities, functional, with all that the config can say.
RunResult full() {
  RunConfig config = tiny({"sparsity.exclude=[\"a\"]", "sparsity.layers.b.ratio=0.25", "hardware.stream.hop_cycles=5"},
                          "xdna1_1800mhz");
  RunOptions functional;
  functional.functional = functional.routed = true;
  const DensityResult sparse = simulate_typed(config, Density::sparse, functional);
  RunResult run = make_result(config, simulate_typed(config, Density::dense, functional), sparse);
  run.sparsity->mask_file = run.sparsity->weights = run.sparsity->gradients = "file.npz";
  for (std::optional<DensityResult>* density : {&run.dense, &run.sparse}) {  // what only controllers have
    ControlWork& control = *(*density)->control;
    control.operations = control.serial_operations = control.core_operations = 7;
    control.compute_tile_operations = control.memory_tile_operations = control.shim_operations = 2;
    control.bound_us = control.serial_bound_us = 7;
    (*density)->weight_bytes->padding = 64;
    (*density)->routing->shared_us = 5;
    (*density)->routing->overfull = "tile(0,0): 7 arbiters";
    (*density)->routing->impossible = "mem(0,0).mm2s0 sends over 33 routes, 32 packet ids";
    (*density)->images = {{0, 5}, {3, 9}};
    for (LayerResult& layer : (*density)->layers) {
      layer.control = {3, 2, 1.5, 4};
      layer.zeros_kept = true;
      layer.input_columns = 2;
      if (layer.weight_bytes) layer.weight_bytes->padding = 32;
    }
  }
  run.sparsity->importance = "l1";
  run.sparsity->scope = "n_m";
  run.sparsity->n_m = {2, 4};
  run.dense->weight_bytes->multipliers = run.sparse->weight_bytes->multipliers = 256;
  for (LayerResult& layer : run.sparse->layers)
    if (layer.weight_bytes) layer.weight_bytes->multipliers = 128;
  run.program = ProgramFile{"program.txt", sparse.program_hash};
  run.model = FileMacs{1, 2, 3, 4};
  run.batch = 2;
  return run;
}

template <class Owner>
void check_all_there(const json& object, const std::vector<Metric<Owner>>& table, const std::string& prefix = "") {
  for (const Metric<Owner>& m : table) {
    if (!m.access.get) continue;
    std::string pointer = "/" + m.name;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    INFO(prefix << m.name);
    CHECK(object.contains(json::json_pointer(pointer)));
    CHECK(find_metric(prefix + m.name) != nullptr);
    CHECK_FALSE(m.sentence.empty());
    CHECK_FALSE(m.formula.empty());
  }
}

// Every key of an object that is no list of objects.
void collect_keys(const json& value, const std::string& prefix, std::set<std::string>& keys) {
  for (const auto& [key, child] : value.items()) {
    const bool objects = child.is_array() && !child.empty() && child[0].is_object();
    if (child.is_object() && prefix + key != "sparsity.layers")
      collect_keys(child, prefix + key + ".", keys);
    else if (objects)
      collect_keys(child[0], prefix + key + "[].", keys);
    else
      keys.insert(prefix + key);
  }
}
}  // namespace

TEST_CASE("the parts of the cores' time add up to cores x cycles, exactly") {
  for (const Density density : {Density::dense, Density::sparse}) {
    const json r = simulate(tiny(), density);
    std::int64_t parts = 0;
    for (const auto& [cause, cycles] : r["time"].items()) parts += std::llround(cycles.get<double>() * 1000);
    CHECK(parts == std::llround(r["cycles"].get<double>() * 1000) * 4);
  }
}

TEST_CASE("every metric of the tables stands in result.json, and every key of result.json is a metric") {
  const json result = to_json(full());
  check_all_there(result, run_metrics());
  for (const char* density : {"dense", "sparse"}) check_all_there(result[density], density_metrics());
  check_all_there(result["sparse"]["layers"][1], layer_metrics(), "layers[].");
  check_all_there(result["sparse"]["images"][1], image_metrics(), "images[].");
  check_all_there(result["sparsity"]["by_layer"][0], zeros_metrics(), "sparsity.by_layer[].");
  std::set<std::string> keys;
  collect_keys(result, "", keys);
  for (std::string key : keys) {
    for (const char* density : {"dense.", "sparse."})
      if (key.rfind(density, 0) == 0) key = key.substr(std::string(density).size());
    INFO(key);
    REQUIRE(find_metric(key) != nullptr);
    CHECK(find_metric(key)->name == key);
  }
  CHECK(find_metric("no_such_counter") == nullptr);
  CHECK(find_metric("no_such_cycles") == nullptr);
}

TEST_CASE("a run in stages adds up what its stages have, and nothing where one of them lacks it") {
  StagedRun staged;
  staged.host = {{0, "first", "LSTM", 50, 8, 16}, {1, "second", "TopK", 5, 16, 0}};
  staged.stages = {full(), full()};
  const double stage_us = staged.stages[0].dense->latency_us, dispatch_us = staged.stages[0].dense->dispatch_us;
  const json object = json::parse(json_text(staged));
  check_all_there(object, staged_metrics(), "staged.");
  check_all_there(object["host"][1], staged_call_metrics(), "staged.host[].");
  check_all_there(object["sparse"], staged_density_metrics(), "staged.");
  CHECK(object["stages"].size() == 2);
  CHECK(object["dense"]["staged_us"].get<double>() == Approx(55 + 2 * (stage_us + dispatch_us)));
  CHECK(object["dense"]["staged_operations"] == 14);
  CHECK(object["dense"]["staged_bound_us"].get<double>() > 55);
  staged.stages[1].sparse.reset();
  staged.stages[1].dense->control->operations.reset();
  const json less = json::parse(json_text(staged));
  CHECK_FALSE(less.contains("sparse"));
  CHECK(less["staged_speedup"].is_null());
  CHECK_FALSE(less["dense"].contains("staged_operations"));
}

TEST_CASE("every metric of a run is a column that a sweep may ask for, with the value of result.json") {
  const RunResult run = full();
  RunResult sparse = run, dense = run;
  sparse.dense.reset();
  dense.sparse.reset();
  const Row point = parse_row(stored_row(sparse).row), baseline = parse_row(stored_row(dense).row);
  const auto check = [&](const auto& metric, const auto& owner, const std::string& prefix) {
    if (!metric.access.get) return;
    const std::string name = prefix + (metric.column.name.empty() ? metric.name : metric.column.name);
    INFO(name);
    CHECK(is_sweep_column(name));
    const Value value = sweep_cell(&point, &baseline, name);
    CHECK(json_of(value) == json_of(metric.access.get(owner)));
  };
  for (const auto& m : run_metrics()) check(m, run, "");
  for (const auto& m : density_metrics()) {
    check(m, *run.sparse, "");
    check(m, *run.dense, "dense_");
  }
  CHECK_FALSE(is_sweep_column("no_such_column"));
  CHECK_FALSE(has_value(sweep_cell(&point, nullptr, "speedup")));
}

TEST_CASE("layers.csv has the values of result.json under names that are explained") {
  const RunResult run = full();
  const json layer = to_json(run)["dense"]["layers"][0];
  std::istringstream lines(layers_csv(run));
  std::string header, first;
  std::getline(lines, header);
  std::getline(lines, first);
  std::istringstream names(header), cells(first);
  std::map<std::string, std::string> cell;
  for (std::string name, value; std::getline(names, name, ',');) {
    std::getline(cells, value, ',');
    cell[name] = value;
    INFO(name);
    CHECK(find_metric(name) != nullptr);
  }
  CHECK(cell["layer"] == "a");
  CHECK(cell["macs"] == layer["macs"].dump());
  CHECK(cell["end_us"] == layer["end_us"].dump());
  CHECK(cell["busy_cycles"] == layer["time"]["busy"].dump());
}

TEST_CASE("a result survives the way from a child to its parent") {
  const DensityResult density = *full().sparse;
  CHECK(to_json(unpack(pack(density))) == to_json(density));
}

TEST_CASE("images of a batch: when each was on the array, and how many a second leave it") {
  const RunConfig config = tiny({"batch=3"});
  const DensityResult sparse = simulate_typed(config, Density::sparse);
  REQUIRE(sparse.images.size() == 3);
  double last = 0;
  for (const ImageResult& image : sparse.images) {
    CHECK(image.start_us >= 0);
    CHECK(image.end_us > image.start_us);
    CHECK(image.end_us <= sparse.latency_us);
    last = std::max(last, image.end_us);
  }
  CHECK(last == Approx(sparse.latency_us));
  CHECK(sparse.layers.size() == 9);
  CHECK(sparse.macs == 3 * simulate_typed(tiny(), Density::sparse).macs);
  CHECK(sparse.weight_bytes->data == simulate_typed(tiny(), Density::sparse).weight_bytes->data);
  CHECK(*make_result(config, std::nullopt, sparse).batch == 3);
}

TEST_CASE("multiply-accumulates: all of them dense, those of present blocks sparse") {
  const RunConfig config = tiny();
  const json dense = simulate(config, Density::dense);
  CHECK(dense["macs"] == 14 * 14 * 9 * (20 * 16 + 64 * 20));
  // Layer a is the first convolution and stays dense; b has 8 x 3 blocks, 12 of them present, the last column 4 wide.
  std::int64_t weights = 20 * 16;
  const BlockMask& mask = *config.masks[2];
  for (int row = 0; row < 8; ++row) {
    for (int col = 0; col < 3; ++col) weights += mask.present(row, col) ? 8 * (col == 2 ? 4 : 8) : 0;
  }
  CHECK(simulate(config, Density::sparse)["macs"] == 14 * 14 * 9 * weights);
}

TEST_CASE("the bound holds, and the layer table has a line per density and layer") {
  const RunConfig config = tiny();
  const RunResult run =
      make_result(config, simulate_typed(config, Density::dense), simulate_typed(config, Density::sparse));
  CHECK(run.accounting == "physical");
  CHECK(run.dense->latency_us >= run.dense->bounds->bound_us());
  const std::string csv = layers_csv(run);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 2 * 3);
}

TEST_CASE("the content hash follows what decides the result and nothing else") {
  const std::string hash = content_hash(tiny(), Density::sparse);
  CHECK(content_hash(tiny({"name=other", "description=words"}), Density::sparse) == hash);
  for (const char* change :
       {"sparsity.seed=2", "sparsity.ratio=0.25", "hardware.clock_hz=2e9", "hardware.stream.hop_cycles=5",
        "fidelity=transaction", "schedule.policy=published", "seed=9", "batch=2", "network.layers.1.relu=true"}) {
    INFO(change);
    CHECK(content_hash(tiny({change}), Density::sparse) != hash);
  }
  CHECK(content_hash(tiny({"batch=1"}), Density::sparse) == hash);
  const std::string dense = content_hash(tiny(), Density::dense);
  CHECK(dense != hash);
  CHECK(content_hash(tiny({"sparsity.ratio=0.75", "sparsity.seed=3"}), Density::dense) == dense);
}

TEST_CASE("an id of packets that changes between sets of routes is counted") {
  const arch::ArraySpec array = tiny().array;
  program::Program program;
  program.routes = {{0, {}}, {1, {}}};
  const auto set = [](int first, int second) {
    route::RouteSet s;
    s.routes = {0, 1};
    s.cycles = {1, 1};
    s.built.routing = {{{0, {0}}, {1, {1}}}, {{}, {}}, {{first}, {second}}};
    return s;
  };
  // Route 0: 3, then nowhere looked at, then 5, then 5; route 1 has no id until the last set.
  const route::Plan plan{{set(3, -1), set(-1, -1), set(5, -1), set(5, 7)}};
  CHECK(routing_result(program, array, plan).changed_ids == 1);
  CHECK(routing_result(program, array, {{set(3, 4), set(4, 3), set(3, 4)}}).changed_ids == 4);
  CHECK(routing_result(program, array, {{set(3, 4), set(3, 4)}}).changed_ids == 0);
}
