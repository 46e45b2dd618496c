// Do random networks still verify and compute what the reference computes when controllers start their transfers?
#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/control/lower.h"
#include "sim/cost/latency_model.h"
#include "sim/verify/verify.h"
#include "tests/property/random_case.h"
#include "tests/property/random_network.h"

using namespace tessera;

namespace {

constexpr std::uint64_t networks = 90;

}  // namespace

TEST_CASE("random networks that controllers start verify and match the reference") {
  const cost::LatencyModel& latency_model = **cost::find_latency_model("peak");
  int ran = 0, started = 0;
  for (std::uint64_t seed = 0; seed < networks; ++seed) {
    Case c = random_case(seed);
    c.array.controller.mechanism = static_cast<arch::ControlMechanism>(1 + seed % 3);
    c.array.controller.operation_ns = 145;
    c.array.controller.cores_start_own = seed % 2 == 0;
    const std::string json = random_network(seed);
    INFO(c.text << "\n" << json);
    Expected<Subject> subject = make_subject("random", json, c.array, c.ratio, c.spec);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) continue;
    REQUIRE(subject);
    const std::vector<Millicycles> durations = kernel_durations(subject->program, latency_model);
    Expected<program::Program> lowered = control::lower(subject->program, c.array, durations);
    if (!lowered && lowered.failure().code == ExitCode::does_not_fit) continue;
    if (!lowered) {
      FAIL_CHECK(describe(lowered.failure()));
      continue;
    }
    ++ran;
    started += std::any_of(lowered->engines.begin(), lowered->engines.end(),
                           [](const program::EngineProgram& e) { return !e.control.empty(); });
    const std::optional<Failure> wrong = verify::verify(*lowered, c.array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, *lowered) == "");
  }
  CHECK(ran >= static_cast<int>(networks) * 3 / 4);
  CHECK(started > ran * 9 / 10);  // where all channels go round by locks alone, nobody has to start any
}
