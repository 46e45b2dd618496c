// The same of a bottleneck: right, verified, as fast as its slowest stage, and refused when it is wrong.
#include "tests/schedule/object_fifo_fixture.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::cost;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::run;
using namespace tessera::schedule;
using namespace tessera::verify;
using namespace tessera::object_fifo_fixture;

TEST_CASE("the bottleneck is verified, bit-exact, reads its input once and runs at the pace of its slowest stage") {
  const ArraySpec a = plain(4, 1);
  for (const int height : {1, 2, 3, 5, 6, 9, 32}) {
    const Network network = bottleneck(height, 32);
    const auto schedule = scheduled(network, a, {});
    if (!schedule) FAIL(describe(schedule.failure()));
    CAPTURE(height);
    CHECK(problem_of(schedule->program, a) == "");
    const FunctionalReport report = with_data(schedule->program, network, a);
    CHECK(report.elements_checked == height * 32 * 256);
    CHECK(report.first == std::vector<std::string>{});
    CHECK(report.errors == std::vector<std::string>{});
    std::vector<Millicycles> durations;
    for (const KernelCall& call : schedule->program.calls) durations.push_back(call.layer == 3 ? 20000000 : 5000000);
    const Outcome o = run_once(schedule->program, a, durations);
    CHECK(o.read == height * 32 * 256 + 64 * 64 * 9 + 2 * 64 * 256 + 4 * (64 + 64 + 256));
    CHECK(o.written == height * 32 * 256);
    CHECK(o.cycles > height * 20000);
    CHECK(o.cycles < (height + 3) * 20000);
  }
  for (const auto& [narrow, wide] : {std::pair{16, 32}, std::pair{32, 256}, std::pair{48, 8}}) {
    const Network network = bottleneck(7, 12, narrow, wide);
    const auto schedule = scheduled(network, a, {});
    if (!schedule) FAIL(describe(schedule.failure()));
    CHECK(problem_of(schedule->program, a) == "");
    CHECK(with_data(schedule->program, network, a).good());
  }
  const auto refusal = [&](const Network& network, const ArraySpec& array) {
    const auto refused = scheduled(network, array, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().code == ExitCode::does_not_fit);
    return describe(refused.failure());
  };
  CHECK(refusal(bottleneck(32, 30), a).find("rows of 30 pixels") != std::string::npos);
  CHECK(refusal(bottleneck(32, 512), a).find("a core needs") != std::string::npos);
  CHECK(refusal(bottleneck(32, 32), plain(2, 1)).find("2 rows of cores") != std::string::npos);
}

TEST_CASE("a wrong bottleneck does not pass") {
  const ArraySpec a = plain(4, 1);
  const Network network = bottleneck(16, 32);
  auto schedule = scheduled(network, a, {});
  REQUIRE(schedule);
  const auto locks = [&](auto change) {
    Program wrong = schedule->program;
    for (LockInit& l : wrong.locks) change(l);
    return problem_of(wrong, a);
  };
  // Rows that wait for the addition; rows of the window; rows inside of the last core.
  CHECK(locks([](LockInit& l) { l.value += l.role == LockRole::staging_empty && l.value == 8; }) != "");
  CHECK(locks([](LockInit& l) { l.value += l.role == LockRole::input_empty && l.value == 4; }) != "");
  CHECK(locks([](LockInit& l) { l.value += l.role == LockRole::input_empty && l.value == 2; }) != "");
  const auto calls = [&](auto change) {
    Program wrong = schedule->program;
    for (KernelCall& k : wrong.calls) change(k);
    return with_data(wrong, network, a).mismatches;
  };
  CHECK(calls([](KernelCall& k) {
          k.ring_row = static_cast<std::int16_t>(k.ring > 0 ? (k.ring_row + 1) % k.ring : 0);
        }) > 0);
  CHECK(calls([](KernelCall& k) { k.weights = k.layer == 3 ? k.in : k.weights; }) > 0);
  CHECK(calls([](KernelCall& k) { k.in2 = k.in2 >= 0 ? k.in : k.in2; }) > 0);
  Program halves = schedule->program;  // one over the other
  auto& arriving = halves.engines[EngineMap(a).tile_channel(3, 0, EngineKind::s2mm, 0)].transfers;
  arriving[1].access.base = arriving[0].access.base;
  CHECK(with_data(halves, network, a).mismatches > 0);
  Program ring = schedule->program;
  for (KernelCall& k : ring.calls)
    if (k.ring > 0) k.ring = 2;
  CHECK(problem_of(ring, a).find("a window in a ring of 2 rows") != std::string::npos);
  const auto read = parse_program(write_program(schedule->program, a), a);
  if (!read) FAIL(describe(read.failure()));
  CHECK(program_hash(*read) == program_hash(schedule->program));
}
