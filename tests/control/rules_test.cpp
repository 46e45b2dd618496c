// Is every rule of controllers broken once, and the program refused for it?
#include <catch2/catch.hpp>
#include <functional>

#include "tests/control/fixture.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;

namespace {

class Controlled {
 public:
  // Control packets: every transfer that waits is a task of its own, so that queues fill.
  Controlled() : array(controlled_array(ControlMechanism::control_packets)), map(array) {
    const Program free = relay(array, 30);
    program = *control::lower(free, array, durations_of(free));
  }
  std::vector<ControlOp>& list() { return program.engines[map.first_controller()].control; }
  ControlOp& first(ControlKind kind, EngineId channel = -1) {
    for (ControlOp& op : list())
      if (op.kind == kind && (channel < 0 || op.channel == channel)) return op;
    FAIL("no such operation");
    return list().front();
  }
  std::vector<EngineId> channels() const {
    std::vector<EngineId> list;
    for (EngineId e = 0; e < map.first_controller(); ++e)
      if (map.is_channel(e)) list.push_back(e);
    return list;
  }
  EngineId out() const { return map.mem_channel(0, EngineKind::mm2s, 0); }
  std::string problem() const { return objection(program, array); }

  ArraySpec array;
  EngineMap map;
  Program program;
};

void refused(const std::string& why, const std::function<void(Controlled&)>& break_it) {
  Controlled c;
  break_it(c);
  const std::string problem = c.problem();
  INFO(why);
  INFO(problem);
  CHECK(problem.find(why) != std::string::npos);
}

}  // namespace

TEST_CASE("the program with its controller is right") { CHECK(Controlled().problem() == ""); }

// Whoever waits for the channel waits for a core that has done nothing yet instead.
void forget(Controlled& c, EngineId channel) {
  const auto none = static_cast<std::uint32_t>(c.program.waits.size());
  c.program.waits.push_back({c.map.core(0, 0), 0});
  for (ControlOp& op : c.list())
    if (op.kind == ControlKind::await_token && op.channel == channel) {
      op.channel = c.map.core(0, 0);
      op.wait0 = none;
    }
}

TEST_CASE("a queue takes four tasks") {
  refused("may be queued or running", [](Controlled& c) {
    for (const EngineId e : c.channels()) forget(c, e);
  });
}

TEST_CASE("a descriptor is written before it is used, and not while it is") {
  refused("has not been written",
          [](Controlled& c) { c.first(ControlKind::write_descriptor).kind = ControlKind::write_register; });
  refused("is written while a task", [](Controlled& c) {
    for (const EngineId e : c.channels()) forget(c, e);
  });
}

TEST_CASE("fields are as wide as the hardware has them") {
  const auto write = [](Controlled& c) -> ControlOp& { return c.first(ControlKind::write_descriptor); };
  refused("iteration of 65 times", [&](Controlled& c) { write(c).iterations = 65; });
  refused("iteration by 6 bytes", [&](Controlled& c) { write(c).iteration_step = 6; });
  refused("the field of a descriptor", [&](Controlled& c) { write(c).iteration_step = 1 << 30; });
  refused("descriptor 300", [&](Controlled& c) { write(c).descriptor = 300; });
  refused("next descriptor 300", [&](Controlled& c) { write(c).next = 300; });
  refused("a task of 257 repeats", [&](Controlled& c) { c.first(ControlKind::push_task).repeat = 257; });
}

TEST_CASE("a descriptor joins what stands end to end in memory") {
  const auto broken = [](const std::string& why, const std::function<void(Program&, ControlOp&, EngineId)>& break_it) {
    const ArraySpec array = controlled_array(ControlMechanism::serial);
    const EngineMap map(array);
    const EngineId tile = map.tile_channel(0, 0, EngineKind::s2mm, 0);
    const Program free = halves(array, 20);
    Program program = *control::lower(free, array, durations_of(free));
    REQUIRE(objection(program, array) == "");
    for (ControlOp& op : program.engines[map.first_controller()].control) {
      if (op.channel != tile || op.kind != ControlKind::write_descriptor) continue;
      break_it(program, op, tile);
      break;
    }
    const std::string problem = objection(program, array);
    INFO(problem);
    CHECK(problem.find(why) != std::string::npos);
  };
  broken("does not go on where the one before ends", [](Program&, ControlOp& op, EngineId) { op.joined = 3; });
  broken("is not what descriptor", [](Program&, ControlOp& op, EngineId) { op.joined = 1; });
  broken("500 joined moves", [](Program&, ControlOp& op, EngineId) { op.joined = 500; });
  broken("does not go on where the one before ends",
         [](Program& p, ControlOp&, EngineId tile) { p.engines[tile].transfers[1].access.base += 4; });
  refused("joins moves", [](Controlled& c) { c.first(ControlKind::write_descriptor, c.out()).joined = 2; });
}

TEST_CASE("a descriptor joins what it reads end to end in DDR and sends by one route, whose end ends nothing else") {
  constexpr int objects = 60;
  const auto broken = [](const std::string& why, int channels,
                         const std::function<void(Program&, ControlOp&, ControlOp&)>& break_it) {
    const ArraySpec array = controlled_array(ControlMechanism::serial);
    const EngineMap map(array);
    const Program free = packed(array, objects, channels);
    Program program = *control::lower(free, array, durations_of(free));
    ControlOp *read = nullptr, *taken = nullptr;
    for (ControlOp& op : program.engines[map.first_controller()].control) {
      if (op.kind != ControlKind::write_descriptor) continue;
      if (op.channel == map.shim_channel(0, EngineKind::mm2s, 0) && read == nullptr) read = &op;
      if (op.channel == map.mem_channel(0, EngineKind::s2mm, 0) && taken == nullptr) taken = &op;
    }
    REQUIRE((read != nullptr && taken != nullptr));
    REQUIRE(read->joined == objects / channels);
    break_it(program, *read, *taken);
    const std::optional<Failure> wrong = verify::verify(program, array, nullptr, false);
    const std::string problem = wrong ? describe(*wrong) : "";
    INFO(problem);
    CHECK((why.empty() ? problem.empty() : problem.find(why) != std::string::npos));
  };
  broken("", 1, [](Program&, ControlOp&, ControlOp&) {});
  broken("does not go on where the one before ends", 1,
         [](Program& p, ControlOp& read, ControlOp&) { p.engines[read.channel].transfers[1].access.base += 4; });
  broken("does not go on where the one before ends", 2, [](Program&, ControlOp& read, ControlOp&) { ++read.joined; });
  broken("61 joined moves", 1, [](Program&, ControlOp& read, ControlOp&) { read.joined = objects + 1; });
  // What takes 256 B or less until the stream ends would take the next transfer too.
  broken("is not what descriptor", 1, [](Program& p, ControlOp&, ControlOp& taken) {
    taken.transfer = 0;
    taken.ends_at_last = true;
    taken.iterations = 60;
    taken.iteration_step = p.engines[taken.channel].transfers[1].access.base;
  });
}

TEST_CASE("memory tiles have a half of the table for even channels and one for odd ones") {
  refused("legal: 0 to 23", [](Controlled& c) { c.first(ControlKind::write_descriptor, c.out()).descriptor = 24; });
}

TEST_CASE("descriptors move what their transfers say") {
  refused("is not what descriptor",
          [](Controlled& c) { c.first(ControlKind::write_descriptor, c.out()).transfer = 3; });
  refused("says that it executes", [](Controlled& c) { ++c.first(ControlKind::push_task).transfers; });
  refused("never ends", [](Controlled& c) {
    ControlOp& op = c.first(ControlKind::write_descriptor, c.map.shim_channel(0, EngineKind::mm2s, 0));
    op.next = op.descriptor;
  });
  refused("tasks start", [](Controlled& c) {
    EngineProgram& shim = c.program.engines[c.map.shim_channel(0, EngineKind::mm2s, 0)];
    shim.steps.push_back(shim.steps.back());
  });
}

TEST_CASE("tokens come from tasks that send them") {
  refused("that nobody sends", [](Controlled& c) {
    for (ControlOp& op : c.list()) op.token = false;
  });
}

TEST_CASE("engines of the array wait for locks and for their start") {
  refused("legal: locks, and the operation that starts it", [](Controlled& c) {
    Transfer& t = c.program.engines[c.out()].transfers[0];
    c.program.waits[t.wait0] = {c.map.mem_channel(0, EngineKind::s2mm, 0), 1};
  });
  refused("does not wait for its start", [](Controlled& c) { c.program.engines[c.out()].transfers[0].wait_count = 0; });
  refused("a core waits for tasks of", [](Controlled& c) {
    CoreInstr& instr = c.program.engines[c.map.core(0, 0)].core[1];
    instr.wait0 = static_cast<std::uint32_t>(c.program.waits.size());
    instr.wait_count = 1;
    c.program.waits.push_back({c.out(), 1});
  });
}

TEST_CASE("channels that nobody starts hold all their descriptors") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  CHECK(objection(relay(array, 2), array).find("no controller starts it") != std::string::npos);
  Device d(array);
  const EngineId from = d.mem_out(0), to = d.mem_in(1);
  d.build.program().tensors = false;
  for (int i = 0; i < 25; ++i) {
    d.build.transfer(from, d.on(from, from, {to}, linear(64 * i, 64)));
    d.build.transfer(to, d.on(to, from, {to}, linear(0, 64)));
  }
  CHECK(objection(d.build.finish(), array).find("descriptor 24") != std::string::npos);
}
