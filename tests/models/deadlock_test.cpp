// Is a program that cannot go on reported as what it is?
#include <catch2/catch.hpp>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::program;

TEST_CASE("two cores that wait for each other's tasks are named, both") {
  Device d;
  d.busy(d.core(0, 0), 10, {{d.core(0, 1), 1}});
  d.busy(d.core(0, 1), 10, {{d.core(0, 0), 1}});
  d.busy(d.core(1, 1), 10);
  const Outcome o = d.run_until_idle();
  CHECK(o.code == ExitCode::deadlock);
  CHECK(o.says("core(0,0): waits for task 1 of core(0,1), which has completed 0; held up by core(0,1)"));
  CHECK(o.says("core(0,1): waits for task 1 of core(0,0), which has completed 0; held up by core(0,0)"));
  CHECK(o.says("2 of"));
  CHECK_FALSE(o.says("core(1,1)"));
}

TEST_CASE("a cycle through a lock, a stream and a token is followed") {
  Device d;
  const EngineId out = d.tile_out(0, 0), in = d.mem_in(0), core = d.core(0, 0);
  d.build.lock(0, 2, 0, LockRole::output_full);
  Transfer t = d.on(out, out, {in}, linear(0, 64));
  t.acquire = {2, 1};
  d.build.transfer(out, t);
  d.build.transfer(in, d.on(in, out, {in}, linear(0, 64)));
  d.busy(core, 10, {{in, 1}});
  d.build.release(core, 2, 1, -1);
  const Outcome o = d.run_until_idle();
  CHECK(o.code == ExitCode::deadlock);
  CHECK(o.says("tile(0,0).mm2s0: waits for lock 2 (output_full) of tile(0,0): value 0, needs 1; held up by core(0,0)"));
  CHECK(o.says("mem(0,0).s2mm0: is ready on route 0 and waits for its partners; held up by tile(0,0).mm2s0"));
  CHECK(o.says("core(0,0): waits for task 1 of mem(0,0).s2mm0"));
}

TEST_CASE("a wait that nobody will end is no cycle, and says so") {
  Device d;
  d.build.transfer(d.mem_in(0), d.on(d.mem_in(0), d.tile_out(0, 0), {d.mem_in(0)}, linear(0, 64)));
  d.build.acquire(d.core(1, 1), 5, 1, -1);
  const Outcome o = d.run_until_idle();
  CHECK(o.code == ExitCode::deadlock);
  CHECK(o.says("held up by tile(0,0).mm2s0, which has finished its list"));
  CHECK(o.says("core(1,1): waits for lock 5 (unused) of tile(1,1): value 0, needs 1; nobody could end this wait"));
}

TEST_CASE("unequal bytes on the two ends of a route do not hang") {
  Device d;
  const EngineId src = d.mem_out(0), dst = d.tile_in(0, 0);
  d.build.transfer(src, d.on(src, src, {dst}, linear(0, 64)));
  d.build.transfer(dst, d.on(dst, src, {dst}, linear(0, 128)));
  CHECK(d.run_until_idle().code == ExitCode::deadlock);
}

TEST_CASE("locks must end where they started") {
  Device d;
  d.build.lock(0, 1, 0, LockRole::input_full);
  d.build.release(d.core(0, 0), 1, 1, -1);
  const Outcome o = d.run_until_idle();
  CHECK(o.code == ExitCode::internal);
  CHECK(o.says("tile(0,0): not drained: lock 1 (input_full) ends at 1, started at 0"));
}

TEST_CASE("a lock above its maximum is refused") {
  Device d;
  d.build.release(d.core(0, 0), 1, 64, -1);
  d.build.acquire(d.core(0, 0), 1, 64, -1);
  CHECK(d.run_until_idle().says("lock 1 rises to 64, above its maximum"));
}

TEST_CASE("programs with impossible numbers are refused before they run") {
  const auto refused = [](const std::string& why, auto spoil) {
    Device d;
    d.copy(d.mem_out(0), d.tile_in(0, 0), 64);
    d.busy(d.core(0, 0), 10, {{d.tile_in(0, 0), 1}});
    spoil(d, d.build.program());
    const Outcome o = d.run_until_idle();
    INFO(why);
    CHECK(o.code == ExitCode::bad_input);
    CHECK(o.says(why));
  };
  const Device d;
  const auto src = static_cast<std::size_t>(d.mem_out(0)), dst = static_cast<std::size_t>(d.tile_in(0, 0));
  const auto core = static_cast<std::size_t>(d.core(0, 0));
  refused("no route 7", [&](Device&, Program& p) { p.engines[src].transfers[0].route = 7; });
  refused("does not touch this channel", [&](Device& x, Program& p) {
    p.engines[src].transfers[0].route = x.build.route(x.mem_out(1), {x.tile_in(1, 1)});
  });
  refused("is no MM2S channel", [&](Device&, Program& p) { p.routes[0].source = 0; });
  refused("no lock 99", [&](Device&, Program& p) { p.engines[dst].transfers[0].acquire = {99, 1}; });
  refused("is not positive", [&](Device&, Program& p) { p.engines[dst].transfers[0].acquire = {1, 0}; });
  refused("leave the memory", [&](Device&, Program& p) { p.engines[dst].transfers[0].access.base = 65500; });
  refused("leave the memory", [&](Device&, Program& p) { p.engines[dst].transfers[0].access.base = -4; });
  refused("empty or negative", [&](Device&, Program& p) { p.engines[dst].transfers[0].access.dims[0].count = 0; });
  refused("rank 9", [&](Device&, Program& p) { p.engines[dst].transfers[0].access.rank = 9; });
  refused("can pad", [&](Device&, Program& p) { p.engines[dst].transfers[0].access.dims[0].pad_before = 8; });
  refused("names no memory tile", [&](Device&, Program& p) { p.engines[src].transfers[0].memory = 0; });
  refused("engine 9999", [&](Device&, Program& p) { p.waits[0].engine = 9999; });
  refused("no such kernel call", [&](Device&, Program& p) { p.engines[core].core[0].call = 5; });
  refused("waits are out of range", [&](Device&, Program& p) { p.engines[core].core[0].wait_count = 5; });
  refused("no instruction 3", [&](Device&, Program& p) { p.engines[core].steps[0].index = 3; });
  refused("leaves the list", [&](Device&, Program& p) { p.engines[core].steps[0] = {-1, 4, 4}; });
  refused("no layer 12", [&](Device&, Program& p) { p.engines[core].core[0].layer = 12; });
  refused("kernel durations", [&](Device& x, Program&) { x.durations.clear(); });
  refused("lists 3 engines", [&](Device&, Program& p) { p.engines.resize(3); });
  refused("is for 9x2", [&](Device&, Program& p) { p.rows = 9; });
  refused("has no lock 64", [&](Device&, Program& p) { p.locks.push_back({0, 64, 0, LockRole::unused}); });
}

TEST_CASE("a memory tile's channel reaches its neighbours and no further") {
  ArraySpec a = bare_array(1, 3);
  Device d(a);
  Transfer t = d.on(d.mem_out(0), d.mem_out(0), {d.tile_in(0, 0)}, linear(0, 64));
  t.memory = d.build.map().memory_tile(1);
  d.build.transfer(d.mem_out(0), t);
  d.build.transfer(d.tile_in(0, 0), d.on(d.tile_in(0, 0), d.mem_out(0), {d.tile_in(0, 0)}, linear(0, 64)));
  CHECK(d.run_until_idle().code == ExitCode::ok);
  d.build.program().engines[static_cast<std::size_t>(d.mem_out(0))].transfers[0].memory = d.build.map().memory_tile(2);
  CHECK(d.run_until_idle().says("cannot reach mem(2,0)"));
}
