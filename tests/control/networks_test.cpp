// Do random networks still verify and compute what the reference computes when controllers start their transfers?
#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/control/lower.h"
#include "sim/control/regroup.h"
#include "sim/cost/latency_model.h"
#include "sim/run/routing.h"
#include "sim/verify/verify.h"
#include "tests/property/random_case.h"
#include "tests/property/random_network.h"

using namespace tessera;

namespace {

constexpr std::uint64_t networks = 240;

// Streams of different layers find no links together, so that the switches are written between them.
void few_links(arch::ArraySpec& array) {
  array.stream.memtile.north = array.stream.memtile.south = 2;
  array.stream.tile = {2, 1, 1, 1};
  array.stream.arbiters = 3;
}

// A run that tells nothing but its length takes as long as one that tells what engines know of each other.
void check_lengths(const control::Script& script) {
  const Expected<control::FreeRun> free = control::free_run(script);
  REQUIRE(free);
  CHECK(*control::free_length(script, control::Groups(script.acts.size())) == free->length);
  for (const double slack : {100.0, 8000.0}) {
    control::Groups groups = control::groups_of(script, *free, slack);
    const Expected<double> length = control::free_length(script, groups);
    CHECK(*length == control::free_run(script, &groups)->length);
  }
}

}  // namespace

TEST_CASE("random networks that controllers start verify and match the reference") {
  const cost::LatencyModel& latency_model = **cost::find_latency_model("peak");
  int ran = 0, started = 0, switched = 0;
  for (std::uint64_t seed = 0; seed < networks; ++seed) {
    Case c = random_case(seed);
    if (seed % 3 != 0) few_links(c.array);
    c.array.controller.mechanism = static_cast<arch::ControlMechanism>(1 + seed % 3);
    c.array.controller.operation_ns = 145;
    c.array.controller.cores_start_own = seed % 2 == 0;
    const std::string json = random_network(seed);
    INFO(c.text << "\n" << json);
    Expected<Subject> subject = make_subject("random", json, c.array, c.ratio, c.spec);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) continue;
    REQUIRE(subject);
    const std::vector<Millicycles> durations = kernel_durations(subject->program, latency_model);
    check_lengths({subject->program, c.array, durations});
    Expected<program::Program> lowered = run::with_controllers(subject->program, c.array, durations);
    if (!lowered && lowered.failure().code == ExitCode::does_not_fit) continue;
    if (!lowered) {
      FAIL_CHECK(describe(lowered.failure()));
      continue;
    }
    ++ran;
    const auto any_engine = [&](const auto& has) {
      return std::any_of(lowered->engines.begin(), lowered->engines.end(), has) ? 1 : 0;
    };
    switched += any_engine([](const program::EngineProgram& e) {
      return std::any_of(e.control.begin(), e.control.end(),
                         [](const program::ControlOp& op) { return op.kind == program::ControlKind::write_switch; });
    });
    started += any_engine([](const program::EngineProgram& e) { return !e.control.empty(); });
    const std::optional<Failure> wrong = verify::verify(*lowered, c.array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, *lowered) == "");
  }
  CHECK(ran >= static_cast<int>(networks) * 3 / 4);
  CHECK(switched > ran / 4);
  CHECK(started > ran * 9 / 10);  // where all channels go round by locks alone, nobody has to start any
}

// Loads of activations into memory tiles, and how many of them wait for other engines.
struct Loads {
  int all = 0, waiting = 0, locked = 0;
};
Loads loads_of(const program::Program& p, const program::EngineMap& map) {
  Loads n;
  for (program::EngineId e = 0; e < map.first_controller(); ++e) {
    if (map.info(e).tile_kind != program::TileKind::memory || map.info(e).kind != program::EngineKind::s2mm) continue;
    for (const program::Transfer& t : p.engines[e].transfers) {
      const program::EngineId source = p.routes[t.route].source;
      if (map.info(source).tile_kind != program::TileKind::shim || t.payload != program::Payload::activations) continue;
      ++n.all;
      n.waiting += t.wait_count > 0 ? 1 : 0;
      n.locked += t.acquire.lock >= 0 && t.release.lock >= 0 ? 1 : 0;
    }
  }
  return n;
}

TEST_CASE("activations from DDR pass memory tiles between locks where somebody starts transfers") {
  arch::ArraySpec array = random_case(0).array;
  array.rows = array.cols = 2;
  array.memtile.memory.size = 64 << 10;
  array.controller.operation_ns = 145;
  array.controller.cores_start_own = true;
  const std::string json = R"({"name": "large", "input": [192, 192, 16], "layers": [
    {"name": "conv", "op": "conv2d", "inputs": "input", "channels": 16, "kernel": [3, 3], "padding": [1, 1, 1, 1],
     "relu": true}]})";
  for (const auto mechanism : {arch::ControlMechanism::none, arch::ControlMechanism::serial}) {
    array.controller.mechanism = mechanism;
    Expected<Subject> subject = make_subject("large", json, array, 0);
    REQUIRE(subject);
    const Loads loads = loads_of(subject->program, program::EngineMap(array));
    REQUIRE(loads.all > 16);
    const bool free = mechanism == arch::ControlMechanism::none;
    CHECK(loads.locked == (free ? 0 : loads.all));
    CHECK((loads.waiting > loads.all / 2) == free);
    const std::vector<Millicycles> durations = kernel_durations(subject->program, **cost::find_latency_model("peak"));
    const Expected<program::Program> lowered = control::lower(subject->program, array, durations);
    REQUIRE(lowered);
    CHECK(describe(verify::verify(*lowered, array).value_or(Failure{})) == "");
    CHECK(functional_objection(*subject, *lowered) == "");
  }
}
