// Does the open engine issue the tasks, tokens and bytes that its author logged for YOLOv8n, and does the verifier
// accept its programs? Numbers: github.com/jdominick05/ignite-xdna, logs of 2026-09-13 to 19.
#include <catch2/catch.hpp>
#include <fstream>

#include "sim/config/hardware.h"
#include "sim/designs/open_engine/emitter.h"
#include "sim/designs/open_engine/issue.h"
#include "sim/designs/open_engine/network_reader.h"
#include "sim/designs/open_engine/variant_file.h"
#include "sim/verify/verify.h"

using namespace tessera;
using namespace tessera::designs::open_engine;

namespace {

const std::string folder = "configs/designs/open_engine/";

struct Count {
  int tasks = 0, tokens = 0;
};

Count count(const EngineNetwork& network, const Variant& variant) {
  const Addresses addresses = place(network);
  Count all;
  for (const EngineLayer& layer : network.layers) {
    const auto tasks = shim_tasks(network, layer, split_layer(network, layer, variant), addresses, variant);
    for (const auto& column : tasks) all.tasks += static_cast<int>(column.size());
    all.tokens += issue_order(tasks, variant).tokens;
  }
  return all;
}

arch::ArraySpec serial_array() {
  arch::ArraySpec array = *config::load_hardware("configs/hardware/xdna1_1800mhz.json");
  array.controller.mechanism = arch::ControlMechanism::serial;
  return array;
}

Expected<EngineNetwork> network_of(const std::string& layers, const std::string& input) {
  const std::string file = "open_engine_test.json";
  std::ofstream(file) << "{\"name\": \"x\", \"input\": " << input << ", \"layers\": [" << layers << "]}";
  Expected<EngineNetwork> network = read_engine_network(file);
  std::remove(file.c_str());
  return network;
}

std::string problems_of(const std::string& layers, const std::string& input = "[40, 40, 32]") {
  const Expected<EngineNetwork> network = network_of(layers, input);
  return network ? "" : describe(network.failure());
}

}  // namespace

TEST_CASE("tasks and tokens of every variant are those of the logs") {
  const Expected<EngineNetwork> network = read_engine_network(folder + "yolov8n_640.json");
  REQUIRE(network);
  CHECK(network->layers.size() == 66);
  const auto check = [&](const char* name, int tasks, int tokens) {
    INFO(name);
    const Count c = count(*network, *load_variant(folder + "variants.json", name));
    CHECK(c.tasks == tasks);
    CHECK(c.tokens == tokens);
  };
  check("packet", 17172, 17172);
  check("round", 7821, 7821);
  check("round, token 2", 7821, 3937);
  check("committed first", 5455, 2759);
  check("committed first, token 4", 5455, 1478);
  check("coarse", 3303, 1725);
  check("coarse, token 4", 3303, 1021);
  check("balanced", 3303, 1779);
  check("fixed kernel", 3303, 1779);
  check("folded", 3160, 1711);
  check("final", 2972, 1671);
  check("final, token 3", 2972, 1359);
  check("final, token 4", 2972, 1110);
}

TEST_CASE("the program of the final variant is right and moves what was logged") {
  const EngineNetwork network = *read_engine_network(folder + "yolov8n_640.json");
  const arch::ArraySpec array = serial_array();
  const EngineProgram design = emit(network, array, *load_kernel_times(folder + "times.json"), {});
  CHECK(design.tasks == 2972);
  CHECK(design.tokens == 1671);
  CHECK(design.instruction_bytes == 430180);
  CHECK(design.moved == 127487744);
  const auto wrong = verify::verify(design.program, array);
  CHECK((wrong ? describe(*wrong) : "") == "");

  SECTION("a token that is not sent is missed") {
    program::Program broken = design.program;
    const program::EngineMap map(array);
    for (program::ControlOp& op : broken.engines[map.first_controller()].control) op.token = false;
    CHECK(describe(*verify::verify(broken, array)).find("that nobody sends") != std::string::npos);
  }
}

TEST_CASE("programs of the older variants are right, whatever room a core has for weights") {
  const EngineNetwork network = *read_engine_network(folder + "yolov8n_640.json");
  const arch::ArraySpec array = serial_array();
  const KernelTimes times = *load_kernel_times(folder + "times.json");
  const auto design = [&](const char* variant) {
    EmitOptions options;
    options.variant = *load_variant(folder + "variants.json", variant);
    return emit(network, array, times, options);
  };
  const EngineProgram first = design("committed first"), rare = design("committed first, token 4"),
                      round = design("round, token 2");
  CHECK(first.instruction_bytes == 776012);
  CHECK(rare.instruction_bytes == 719648);
  CHECK(first.moved == 127487744);
  CHECK(round.moved == 127487744);
  for (const EngineProgram* p : {&first, &round})
    CHECK(describe(verify::verify(p->program, array).value_or(Failure{})) == "");
  const program::EngineMap map(array);
  const auto room = [&](const EngineProgram& p) {
    for (const program::LockInit& lock : p.program.locks)
      if (lock.tile == map.compute_tile(0, 0) && lock.role == program::LockRole::weights_empty) return int{lock.value};
    return 0;
  };
  CHECK(room(first) == 2);
  CHECK(room(round) == 1);
}

TEST_CASE("variants are read by name, and every key of theirs that is wrong is named") {
  const std::string file = "open_engine_variants.json";
  std::ofstream(file) << R"({"a": {"weight_buffers": 1, "source": "x"},
                             "b": {"weight_buffers": 3, "drain_rounds": 0, "older_kernel": 1, "repeats": true}})";
  const Expected<Variant> good = load_variant(file, "a"), bad = load_variant(file, "b"), none = load_variant(file, "c");
  std::remove(file.c_str());
  REQUIRE(good);
  CHECK(good->weight_buffers == 1);
  REQUIRE_FALSE(bad);
  for (const char* key : {"b.weight_buffers", "b.drain_rounds", "b.older_kernel", "b.repeats"})
    CHECK_THAT(describe(bad.failure()), Catch::Contains(key));
  REQUIRE_FALSE(none);
  CHECK_THAT(describe(none.failure()), Catch::Contains("a, b"));
}

// One pass more or less of the innermost loops, by hand: 3x3, 4 blocks that accumulate, 15 passes.
TEST_CASE("the older core program computes the last pixels of a row twice and calls its passes") {
  const auto network =
      network_of(R"({"name": "a", "op": "conv2d", "channels": 32, "kernel": 3, "padding": 1})", "[20, 20, 64]");
  REQUIRE(network);
  const KernelTimes times = *load_kernel_times(folder + "times.json");
  Variant variant;
  const LayerSplit split = split_layer(*network, network->layers[0], variant);
  const auto cycles = [&] { return packet_cycles(times, network->layers[0], split, 0, variant, true); };
  const double later = cycles();
  CHECK(later == 5 * 9 * 4 * (2 * 23 + 17) + 15 * 9 * times.tap + 15 * times.partial_sums);
  variant.older_kernel = true;
  CHECK(cycles() - later == 5 * 9 * 4 * (23 - 17) + 15 * times.called_pass);
}

TEST_CASE("what the engine does not have is refused by name") {
  const auto says = [](const std::string& layers, const std::string& what) {
    const std::string problems = problems_of(layers);
    INFO(problems);
    CHECK(problems.find(what) != std::string::npos);
  };
  CHECK(problems_of(R"({"name": "a", "op": "conv2d", "channels": 32, "kernel": 3, "padding": 1})") == "");
  says(R"({"name": "a", "op": "avgpool", "kernel": 2})", "layers[0].op");
  says(R"({"name": "a", "op": "conv2d", "channels": 8, "kernel": 7, "padding": 3})", "is 7x7");
  says(R"({"name": "a", "op": "conv2d", "channels": 8, "kernel": 1, "groups": 8})", "layers[0].groups");
  says(R"({"name": "a", "op": "slice", "channels": [0, 12]})", "multiples of 8");
  says(R"({"name": "a", "op": "resize", "factor": 2},
          {"name": "b", "op": "conv2d", "channels": 8, "kernel": 3, "padding": 1})",
       "resized maps are read by 1x1");
  says(R"({"name": "a", "op": "add", "inputs": ["input", "input"]})", "neither of which is a convolution");
  says(R"({"name": "a", "op": "conv2d", "channels": 8, "kernel": 3, "stride": 2, "padding": 1},
          {"name": "b", "op": "conv2d", "channels": 8, "kernel": 3, "stride": 2, "padding": 1})",
       "at least 20x20");
  says(R"({"name": "a", "op": "conv2d", "inputs": "nobody", "channels": 8, "kernel": 1})", "nobody");
}

// 64 = 3 x 20 + 4: the fourth column of tiles computes pixels of the third again, in another column of the array.
TEST_CASE("tiles that overlap in two columns write the same values, and nothing else may") {
  const auto network = network_of(
      "{\"name\": \"a\", \"op\": \"conv2d\", \"channels\": 32, \"kernel\": 3, \"padding\": 1}", "[64, 64, 16]");
  REQUIRE(network);
  const arch::ArraySpec array = serial_array();
  program::Program program = emit(*network, array, *load_kernel_times(folder + "times.json"), {}).program;
  REQUIRE(program.written_alike.size() == 2);
  CHECK(describe(verify::verify(program, array).value_or(Failure{})) == "");
  program.written_alike.pop_back();
  CHECK_THAT(describe(verify::verify(program, array).value_or(Failure{})), Catch::Contains("nothing orders the two"));
  program.written_alike = {{0, program.ddr_bytes + 64}};
  CHECK_THAT(describe(verify::verify(program, array).value_or(Failure{})), Catch::Contains("DDR addresses 0 to"));
}
