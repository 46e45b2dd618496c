// Does a program that controllers start do the same, with few operations, and in the time that these take?
#include <catch2/catch.hpp>

#include "sim/program/hash.h"
#include "sim/program/text.h"
#include "tests/control/fixture.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;

namespace {

Program lowered(const ArraySpec& array, int objects) {
  const Program free = relay(array, objects);
  return *control::lower(free, array, durations_of(free));
}

Outcome run(const ArraySpec& array, Program program) {
  Device d(array);
  d.durations = durations_of(program);
  d.build.program() = std::move(program);
  return d.run_until_idle();
}

int operations(const Program& program, const ArraySpec& array, ControlKind kind) {
  const EngineMap map(array);
  int count = 0;
  for (EngineId e = map.first_controller(); e < map.count(); ++e)
    for (const ControlOp& op : program.engines[e].control) count += op.kind == kind ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("every mechanism starts every transfer") {
  for (const auto m : {ControlMechanism::serial, ControlMechanism::control_packets, ControlMechanism::core}) {
    const ArraySpec array = controlled_array(m);
    const Program program = lowered(array, 40);
    CHECK(objection(program, array) == "");
    const Outcome o = run(array, program);
    CHECK(o.problems.empty());
    CHECK(o.of(EngineMap(array).core(0, 0)).size() == 40);
  }
}

TEST_CASE("transfers at even distances are one descriptor that iterates") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  const Program program = lowered(array, 60);
  const EngineMap map(array);
  int writes = 0, pushes = 0;
  for (const ControlOp& op : program.engines[map.first_controller()].control) {
    if (op.channel != map.shim_channel(0, EngineKind::mm2s, 0)) continue;
    writes += op.kind == ControlKind::write_descriptor ? 1 : 0;
    pushes += op.kind == ControlKind::push_task ? 1 : 0;
  }
  CHECK(writes == 1);
  CHECK(pushes == 1);
  // A core's two buffers are a chain of two descriptors that runs again and again.
  CHECK(operations(program, array, ControlKind::write_descriptor) < 40 + 60 + 60);
}

TEST_CASE("a controller takes its time, and the account names it") {
  ArraySpec array = controlled_array(ControlMechanism::serial);
  const Program program = lowered(array, 12);
  const EngineMap map(array);
  const auto count = static_cast<Millicycles>(program.engines[map.first_controller()].control.size());
  const Outcome o = run(array, program);
  CHECK(o.time(map.first_controller(), exec::Cause::busy) == count * 100 * millicycles_per_cycle);  // 100 ns at 1 GHz
  CHECK(o.time(map.mem_channel(0, EngineKind::mm2s, 0), exec::Cause::wait_control) > 0);
  array.controller.kind_ns[static_cast<std::size_t>(ControlKind::push_task)] = 300;
  const Outcome slower = run(array, program);
  CHECK(slower.time(map.first_controller(), exec::Cause::busy) ==
        (count * 100 + operations(program, array, ControlKind::push_task) * 200) * millicycles_per_cycle);
  CHECK(slower.result.total > o.result.total);
}

TEST_CASE("a controller's list is written and read back") {
  const ArraySpec array = controlled_array(ControlMechanism::core);
  const Program program = lowered(array, 12);
  const std::string text = write_program(program, array);
  CHECK(text.find("  push mem(0,0).mm2s0 bd=") != std::string::npos);
  const Expected<Program> back = parse_program(text, array);
  REQUIRE(back);
  CHECK(write_program(*back, array) == text);
  CHECK(program_hash(*back) == program_hash(program));
}

TEST_CASE("without controllers a program comes back as it is") {
  const ArraySpec array = bare_array();
  const Program free = relay(array, 12);
  CHECK(program_hash(*control::lower(free, array, durations_of(free))) == program_hash(free));
}
