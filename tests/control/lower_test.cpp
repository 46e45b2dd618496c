// Does a program that controllers start do the same, with few operations, and in the time that these take?
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "sim/base/random.h"
#include "sim/control/tasks.h"
#include "sim/program/hash.h"
#include "sim/program/text.h"
#include "sim/run/routing.h"
#include "tests/control/fixture.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;

namespace {

Program lowered(const ArraySpec& array, int objects) {
  const Program free = relay(array, objects);
  return *control::lower(free, array, durations_of(free));
}

Outcome outcome_of(const ArraySpec& array, Program program) {
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
    const Outcome o = outcome_of(array, program);
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
}

TEST_CASE("what comes end to end is one descriptor, whoever sends it") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  const Program free = halves(array, 20);
  const Program program = *control::lower(free, array, durations_of(free));
  CHECK(objection(program, array) == "");
  const EngineMap map(array);
  const EngineId tile = map.tile_channel(0, 0, EngineKind::s2mm, 0);
  int writes = 0;
  for (const ControlOp& op : program.engines[map.first_controller()].control) {
    if (op.channel != tile || op.kind != ControlKind::write_descriptor) continue;
    CHECK(op.joined == 2);
    CHECK(op.iterations == 8);
    ++writes;
  }
  CHECK(writes == 1);
  CHECK(program.engines[tile].transfers.size() == 40);
  CHECK(outcome_of(array, program).problems.empty());
}

TEST_CASE("what stands end to end in DDR is one descriptor, and its receiver knows how long each part is") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  const EngineMap map(array);
  const Program free = packed(array, 20);
  const auto writes = [&](const Program& program, EngineId channel) {
    std::vector<ControlOp> list;
    for (const ControlOp& op : program.engines[map.first_controller()].control)
      if (op.channel == channel && op.kind == ControlKind::write_descriptor) list.push_back(op);
    return list;
  };
  const EngineId shim = map.shim_channel(1, EngineKind::mm2s, 0), in = map.mem_channel(1, EngineKind::s2mm, 0);
  const Program joined = *control::lower(free, array, durations_of(free));
  CHECK(objection(joined, array) == "");
  REQUIRE(writes(joined, shim).size() == 1);
  CHECK(writes(joined, shim).front().joined == 20);
  for (const ControlOp& op : writes(joined, in)) CHECK(!op.ends_at_last);
  CHECK(operations(joined, array, ControlKind::patch_address) == 2);
  CHECK(outcome_of(array, joined).problems.empty());
  // A packet keeps others waiting: it ends with each transfer, and so may its receiver's descriptor.
  const Program apart = *control::lower(free, array, durations_of(free), {}, std::vector<bool>(free.routes.size()));
  CHECK(objection(apart, array) == "");
  CHECK(writes(apart, shim).size() > 1);
  CHECK(writes(apart, in).front().ends_at_last);
}

TEST_CASE("a descriptor joins no more transfers than its operation counts") {
  DmaSpec dma;
  dma.max_length = Bytes{1} << 32;
  EngineProgram engine;
  constexpr std::int32_t transfers = 40000;
  std::vector<std::int32_t> order;
  for (std::int32_t i = 0; i < transfers; ++i) {
    Transfer t;
    t.route = 0;
    t.access = linear(64 * std::int64_t{i}, 64);
    engine.transfers.push_back(t);
    order.push_back(i);
  }
  const std::vector<bool> joining{true};
  control::ExecutionMaker maker(engine, order, dma, true, joining);
  const std::vector<control::Execution> list = maker.executions({});
  REQUIRE(list.size() == 2);
  CHECK(list[0].count == 32767);
  CHECK(list[1].count == transfers - 32767);
}

TEST_CASE("what goes as packets is not joined") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  const EngineMap map(array);
  const Program free = packed(array, 20, 2);
  CHECK(objection(*control::lower(free, array, durations_of(free)), array).find("goes as packets") !=
        std::string::npos);
  const Program program = *run::with_controllers(free, array, durations_of(free));
  CHECK(objection(program, array) == "");
  for (const ControlOp& op : program.engines[map.first_controller()].control)
    if (map.info(op.channel).tile_kind == TileKind::shim) CHECK(op.joined == 1);
}

TEST_CASE("the end of a stream ends no descriptor that joins several") {
  // Of one buffer: 100 bytes, 200 bytes, and 200 bytes in two transfers.
  control::Execution shorter, longer, joined;
  shorter.bytes = 100;
  shorter.run = longer.run = joined.run = 0;
  longer.bytes = joined.bytes = 200;
  longer.shape = joined.shape = 1;
  joined.count = 2;
  const auto repeats = [](std::vector<control::Execution> list) {
    std::size_t at = 0;
    for (control::Execution& x : list) x.first = std::exchange(at, at + x.count);
    const std::vector<std::int32_t> cuts;
    control::KnownTasks known;
    control::TaskFormer former(list, cuts, known, DmaSpec{});
    return former.next(1).repeat;
  };
  CHECK(repeats({shorter, longer, shorter}) == 3);
  CHECK(repeats({longer, joined, longer}) == 3);
  CHECK(repeats({shorter, longer, joined}) == 2);
  CHECK(repeats({longer, joined, shorter}) == 2);
}

TEST_CASE("a task is the same, whatever was asked about it before") {
  Random random(5);
  const auto below = [&](int n) { return static_cast<int>(random.below(n)); };
  int turned = 0;
  for (int round = 0; round < 200; ++round) {
    // Runs of patterns, some of them moving, some broken off.
    std::vector<control::Execution> list;
    while (list.size() < 120) {
      const int period = 1 + below(5), turns = 1 + below(6), step = 64 * below(3);
      std::vector<int> shapes;
      for (int i = 0; i < period; ++i) shapes.push_back(below(6));
      for (int i = 0; i < period * turns - below(2); ++i) {
        control::Execution x;
        x.first = list.size();
        x.shape = shapes[i % period];
        x.base = 1000 * x.shape + i / period * step;
        x.bytes = 100 + x.shape % 2;
        x.run = x.shape / 2 - 1;
        x.wait_count = below(40) == 0 ? 1 : 0;
        list.push_back(x);
      }
    }
    const std::vector<std::int32_t> cuts{below(20) + 1, below(20) + 30};
    control::KnownTasks known;
    control::TaskFormer asked(list, cuts, known, DmaSpec{});
    for (std::size_t at = 0; !asked.ended();) {
      const int most = 1 + below(24), room = 1 + below(most);
      // One that was not asked before, at the same place.
      control::KnownTasks nothing;
      control::TaskFormer fresh(list, cuts, nothing, DmaSpec{});
      while (!fresh.ended() && fresh.begin() < asked.begin()) fresh.next(1);
      if (fresh.ended() || fresh.begin() > asked.begin()) break;
      const int wanted = asked.wanted(most);
      const control::Task task = asked.next(room), other = fresh.next(room);
      REQUIRE(task.end == other.end);
      REQUIRE(task.repeat == other.repeat);
      REQUIRE(task.executions == other.executions);
      REQUIRE(task.chain.size() == other.chain.size());
      for (std::size_t i = 0; i < task.chain.size(); ++i) {
        REQUIRE(task.chain[i].execution == other.chain[i].execution);
        REQUIRE(task.chain[i].iterations == other.chain[i].iterations);
        REQUIRE(task.chain[i].step == other.chain[i].step);
        REQUIRE(task.chain[i].ends_at_last == other.chain[i].ends_at_last);
      }
      REQUIRE(wanted <= most);
      turned += task.repeat > 1 ? 1 : 0;
      REQUIRE(task.end > at);
      at = task.end;
    }
  }
  CHECK(turned > 1000);
}

TEST_CASE("executions are the same, whatever cuts were asked for before") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  const Program program = halves(array, 20);
  const EngineMap map(array);
  const EngineId tile = map.tile_channel(0, 0, EngineKind::s2mm, 0);
  const EngineProgram& engine = program.engines[tile];
  const std::vector<std::int32_t> order = execution_order(engine.steps);
  const std::vector<bool> joining(program.routes.size());
  control::ExecutionMaker asked(engine, order, array.tile.dma, false, joining);
  const auto same = [](const control::Execution& a, const control::Execution& b) {
    return a.first == b.first && a.count == b.count && a.base == b.base && a.bytes == b.bytes && a.waits() == b.waits();
  };
  for (const std::vector<std::int32_t>& cuts : {std::vector<std::int32_t>{}, {3}, {1, 7, 8}, {}}) {
    control::ExecutionMaker fresh(engine, order, array.tile.dma, false, joining);
    const auto list = asked.executions(cuts), other = fresh.executions(cuts);
    REQUIRE(list.size() == other.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      CHECK(same(list[i], other[i]));
      for (std::size_t k = 0; k < i; ++k) {  // numbers may differ, what is equal may not
        CHECK((list[i].shape == list[k].shape) == (other[i].shape == other[k].shape));
        CHECK((list[i].run == list[k].run) == (other[i].run == other[k].run));
      }
      for (const std::int32_t cut : cuts)
        CHECK((static_cast<int>(list[i].first) >= cut || static_cast<int>(list[i].first + list[i].count) <= cut));
    }
  }
}

TEST_CASE("no token is asked for that another one implies") {
  const ArraySpec array = controlled_array(ControlMechanism::serial);
  const Program free = halves(array, 20);
  const Program program = *control::lower(free, array, durations_of(free));
  const EngineMap map(array);
  // What leaves waits for both arrivals, of which the later one waited for the earlier.
  const EngineId first = map.mem_channel(0, EngineKind::s2mm, 0), out = map.mem_channel(0, EngineKind::mm2s, 0);
  bool asked = false;
  int pushed = 0;
  for (const ControlOp& op : program.engines[map.first_controller()].control) {
    if (op.kind == ControlKind::await_token) {
      asked = asked || op.channel == first;
      continue;
    }
    if (op.channel == out && op.kind == ControlKind::push_task) {
      CHECK_FALSE(asked);
      ++pushed;
    }
    asked = false;
  }
  CHECK(pushed > 0);
}

TEST_CASE("a controller takes its time, and the account names it") {
  ArraySpec array = controlled_array(ControlMechanism::serial);
  const Program program = lowered(array, 12);
  const EngineMap map(array);
  const auto count = static_cast<Millicycles>(program.engines[map.first_controller()].control.size());
  const Outcome o = outcome_of(array, program);
  CHECK(o.time(map.first_controller(), exec::Cause::busy) == count * 100 * millicycles_per_cycle);  // 100 ns at 1 GHz
  CHECK(o.time(map.mem_channel(0, EngineKind::mm2s, 0), exec::Cause::wait_control) > 0);
  array.controller.kind_ns[static_cast<std::size_t>(ControlKind::push_task)] = 300;
  const Outcome slower = outcome_of(array, program);
  CHECK(slower.time(map.first_controller(), exec::Cause::busy) ==
        (count * 100 + operations(program, array, ControlKind::push_task) * 200) * millicycles_per_cycle);
  CHECK(slower.result.total > o.result.total);
}

// A task of 64 cycles that sends a token, and then `between` registers before the token is awaited.
TEST_CASE("a token that comes while a serial controller works interrupts it, one that it waits for does not") {
  ArraySpec array = controlled_array(ControlMechanism::serial);
  array.controller.kind_ns[static_cast<std::size_t>(ControlKind::await_token)] = 400;
  const auto busy_ns = [&](int between) {
    Device d(array);
    d.build.program().tensors = false;
    d.build.program().ddr_bytes = 1 << 12;
    const EngineMap& map = d.build.map();
    ControlOp op;
    op.channel = map.shim_channel(0, EngineKind::mm2s, 0);
    op.kind = ControlKind::write_descriptor;
    op.transfer = 0;
    d.build.control(op);
    op = ControlOp{};
    op.channel = map.shim_channel(0, EngineKind::mm2s, 0);
    op.transfers = 1;
    op.token = true;
    const int pushed = d.build.control(op);
    const EngineId in = d.mem_in(0);
    d.build.transfer(op.channel, d.on(op.channel, op.channel, {in}, linear(0, 256)),
                     {{map.first_controller(), pushed}});
    d.build.transfer(in, d.on(in, op.channel, {in}, linear(0, 256)));
    op = ControlOp{};
    op.channel = map.shim_channel(0, EngineKind::mm2s, 0);
    op.kind = ControlKind::write_register;
    for (int i = 0; i < between; ++i) d.build.control(op);
    op.kind = ControlKind::await_token;
    d.build.control(op, {{op.channel, 1}});
    const EngineId controller = map.first_controller();
    const Outcome o = d.run_until_idle();
    CHECK(o.problems.empty());
    return o.time(controller, exec::Cause::busy) / millicycles_per_cycle;
  };
  CHECK(busy_ns(0) == 100 + 100 + 400);        // write, push, await
  CHECK(busy_ns(3) == 100 + 100 + 300 + 400);  // nothing is stated of interrupts: every token is taken alike
  array.controller.interrupt_ns = 250;
  CHECK(busy_ns(0) == 100 + 100 + 400);
  CHECK(busy_ns(3) == 100 + 100 + 300 + 250 + 100);  // in the first register; awaited like any other operation
  array.controller.mechanism = ControlMechanism::control_packets;
  CHECK(busy_ns(3) == 12 + 3 * 3 + 3);  // words: a descriptor, four registers
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

TEST_CASE("cores start the channels of their own tiles, the firmware all others") {
  ArraySpec array = controlled_array(ControlMechanism::serial);
  const auto started = [&] {
    const Program free = halves(array, 20);
    return *control::lower(free, array, durations_of(free));
  };
  const Program firmware = started();
  array.controller.cores_start_own = true;
  const EngineMap map(array);
  CHECK(map.controllers() == 1 + array.cores());
  const EngineId core = map.controller_of(map.compute_tile(0, 0));
  CHECK(map.name(core) == "controller(0,0)");
  Program program = started();
  CHECK(objection(program, array) == "");
  for (EngineId e = map.first_controller(); e < map.count(); ++e)
    for (const ControlOp& op : program.engines[e].control)
      CHECK((map.info(op.channel).tile_kind == TileKind::compute) == (e != map.first_controller()));
  CHECK_FALSE(program.engines[core].control.empty());
  CHECK(program.engines[map.first_controller()].control.size() <
        firmware.engines[map.first_controller()].control.size());
  const Outcome o = outcome_of(array, program);
  CHECK(o.problems.empty());
  Millicycles words = 0;
  for (const ControlOp& op : program.engines[core].control) words += register_words[static_cast<std::size_t>(op.kind)];
  CHECK(o.time(core, exec::Cause::busy) == words * millicycles_per_cycle);  // a cycle each
  // Tokens of other tiles do not come to a core.
  ControlOp token;
  token.kind = ControlKind::await_token;
  token.channel = map.mem_channel(0, EngineKind::mm2s, 0);
  token.wait0 = static_cast<std::uint32_t>(program.waits.size());
  token.wait_count = 1;
  program.waits.push_back({token.channel, 1});
  EngineProgram& list = program.engines[core];
  list.steps.push_back({static_cast<std::int32_t>(list.control.size()), 0, 0});
  list.control.push_back(token);
  CHECK(objection(program, array).find("a core waits for tasks of mem(0,0).mm2s0") != std::string::npos);
}

TEST_CASE("descriptors that are at rest are written before a controller waits for tokens, if it has time for them") {
  const auto written_ahead = [](double operation_ns) {
    ArraySpec array = controlled_array(ControlMechanism::serial);
    array.controller.operation_ns = operation_ns;
    const Program free = halves(array, 20);
    const Program program = *control::lower(free, array, durations_of(free));
    CHECK(objection(program, array) == "");
    const std::vector<ControlOp>& list = program.engines[EngineMap(array).first_controller()].control;
    std::set<EngineId> written;
    for (const ControlOp& op : list) {
      if (op.kind == ControlKind::await_token) break;
      if (op.kind == ControlKind::write_descriptor) written.insert(op.channel);
    }
    // What leaves the memory tile waits for what has arrived there; its descriptors do not.
    return written.count(EngineMap(array).mem_channel(0, EngineKind::mm2s, 0)) == 1;
  };
  CHECK(written_ahead(1));
  CHECK(!written_ahead(1000));  // what has arrived is to be sent on first
}
