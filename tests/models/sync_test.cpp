// Who waits for whom, and for how long?
#include <catch2/catch.hpp>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::program;

namespace {

LockOp op(int lock, int value = 1) { return {static_cast<std::int16_t>(lock), static_cast<std::int16_t>(value)}; }

// Memory tile feeds tile(0,0) through `buffers` buffers, the core consumes each in `compute` cycles.
Device ping_pong(int buffers, int tiles, Bytes bytes, Cycles compute) {
  Device d;
  const EngineId src = d.mem_out(0), dst = d.tile_in(0, 0), core = d.core(0, 0);
  d.build.lock(0, 0, buffers, LockRole::input_empty);
  d.build.lock(0, 1, 0, LockRole::input_full);
  for (int i = 0; i < tiles; ++i) {
    d.build.transfer(src, d.on(src, src, {dst}, linear(0, bytes)));
    Transfer t = d.on(dst, src, {dst}, linear(i % buffers * bytes, bytes));
    t.acquire = op(0);
    t.release = op(1);
    d.build.transfer(dst, t);
    d.build.acquire(core, 1, 1, -1);
    d.busy(core, compute);
    d.build.release(core, 0, 1, -1);
  }
  return d;
}

}  // namespace

TEST_CASE("two buffers overlap transfer and compute, one buffer does not") {
  const Outcome two = ping_pong(2, 10, 400, 100).run_until_idle();
  CHECK(two.result.total == 1100000);
  const Outcome one = ping_pong(1, 10, 400, 100).run_until_idle();
  CHECK(one.result.total == 2000000);
  const Device d;
  CHECK(one.time(d.core(0, 0), Cause::wait_input) == 1000000);
  CHECK(one.time(d.tile_in(0, 0), Cause::wait_input) == 900000);  // waits for the empty buffer
}

TEST_CASE("the slower of stream and core sets the pace of a ping/pong") {
  CHECK(ping_pong(2, 10, 800, 100).run_until_idle().result.total == 2100000);
  CHECK(ping_pong(2, 10, 400, 300).run_until_idle().result.total == 3100000);
}

TEST_CASE("an acquire is granted in the cycle of the release, at the cost of the access") {
  ArraySpec a = bare_array();
  a.tile.locks.access_cycles = 2;
  Device d(a);
  d.build.lock(0, 3, 1, LockRole::unused);
  d.build.acquire(d.core(0, 0), 3, 1, -1);
  d.busy(d.core(0, 0), 10);
  d.build.release(d.core(0, 0), 3, 1, -1);
  const Outcome o = d.run_until_idle();
  CHECK(o.begin(d.core(0, 0), 0) == 2);
  CHECK(o.result.total == 14000);
  CHECK(o.time(d.core(0, 0), Cause::overhead) == 4000);
}

TEST_CASE("waiters of one lock are served in order of arrival") {
  Device d;
  const EngineId a = d.tile_out(0, 0, 0), b = d.tile_out(0, 0, 1), core = d.core(0, 0);
  d.build.lock(0, 0, 0, LockRole::output_full);
  const auto send = [&](EngineId from, EngineId to, int value, const std::vector<Wait>& waits) {
    Transfer t = d.on(from, from, {to}, linear(0, 40));
    t.acquire = op(0, value);
    d.build.transfer(from, t, waits);
    d.build.transfer(to, d.on(to, from, {to}, linear(0, 40)));
  };
  d.busy(d.core(1, 1), 5);
  send(a, d.mem_in(0), 2, {});                      // asks first, for two
  send(b, d.mem_in(0, 1), 1, {{d.core(1, 1), 1}});  // asks later, for one
  d.busy(core, 100);
  d.build.release(core, 0, 1, -1);
  d.busy(core, 100);
  d.build.release(core, 0, 2, -1);
  Outcome o = d.run_until_idle();
  CHECK(o.begin(a, 0) == 200);
  CHECK(o.begin(b, 0) == 200);  // one unit was there at 100, but not for the second in line
  CHECK(o.time(a, Cause::wait_output) == 200000);
}

TEST_CASE("a token takes its latency, whoever waits and since when") {
  ArraySpec a = bare_array();
  a.controller.token_cycles = 50;
  Device d(a);
  const EngineId other = d.core(0, 0), waiter = d.core(0, 1), late = d.core(1, 0), later = d.core(1, 1);
  d.busy(other, 100);
  d.busy(waiter, 10, {{other, 1}});
  d.busy(late, 120);
  d.busy(late, 10, {{other, 1}});
  d.busy(later, 160);
  d.busy(later, 10, {{other, 1}});
  const Outcome o = d.run_until_idle();
  CHECK(o.begin(waiter, 0) == 150);
  CHECK(o.time(waiter, Cause::wait_token) == 150000);
  CHECK(o.begin(late, 1) == 150);
  CHECK(o.time(late, Cause::wait_token) == 30000);
  CHECK(o.begin(later, 1) == 160);
  CHECK(o.time(later, Cause::wait_token) == 0);
}

TEST_CASE("the last of several awaited tasks counts") {
  Device d;
  d.busy(d.core(0, 0), 100);
  d.busy(d.core(0, 1), 250);
  d.busy(d.core(1, 0), 40);
  d.busy(d.core(1, 1), 1, {{d.core(0, 0), 1}, {d.core(0, 1), 1}, {d.core(1, 0), 1}});
  CHECK(d.run_until_idle().begin(d.core(1, 1), 0) == 250);
}

TEST_CASE("the causes of every engine add up to the total time") {
  ArraySpec a = bare_array();
  a.tile.dma.start_cycles = 3;
  a.memtile.dma.chain_cycles = 2;
  a.stream.hop_cycles = 3;
  a.tile.call_cycles = 7;
  a.tile.conflict_share = 0.3;
  a.ddr = {5, 5, 3, 40};
  for (const Fidelity f : {Fidelity::burst, Fidelity::transaction}) {
    Device d = ping_pong(2, 20, 1200, 250);
    d.array = a;
    d.options.fidelity = f;
    d.copy(d.shim_out(0), d.mem_in(0), 5000);
    d.copy(d.tile_out(1, 1), d.shim_in(1), 5000);
    const Outcome o = d.run_until_idle();
    REQUIRE(o.code == ExitCode::ok);
    for (const CauseTimes& e : o.result.engines) {
      Millicycles sum = 0;
      for (const Millicycles t : e) {
        CHECK(t >= 0);
        sum += t;
      }
      CHECK(sum == o.result.total);
    }
  }
}

TEST_CASE("two runs are the same run") {
  const Outcome a = ping_pong(2, 20, 1200, 250).run_until_idle();
  const Outcome b = ping_pong(2, 20, 1200, 250).run_until_idle();
  CHECK(a.result.engines == b.result.engines);
  CHECK(a.result.events == b.result.events);
}
