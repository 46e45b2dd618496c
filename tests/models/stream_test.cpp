// How long do words take from one memory to another?
#include <catch2/catch.hpp>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::program;

TEST_CASE("one word crosses a stream in one cycle") {
  Device d;
  d.copy(d.mem_out(0), d.tile_in(0, 0), 4);
  const Outcome o = d.run_until_idle();
  REQUIRE(o.code == ExitCode::ok);
  CHECK(o.begin(d.tile_in(0, 0), 0) == 0);
  CHECK(o.end(d.tile_in(0, 0), 0) == 1);
  CHECK(o.result.total == 1000);
}

TEST_CASE("a stream moves one word per cycle, at either fidelity") {
  for (const Fidelity f : {Fidelity::burst, Fidelity::transaction}) {
    Device d;
    d.options.fidelity = f;
    d.copy(d.mem_out(0), d.tile_in(0, 0), 40000);
    const Outcome o = d.run_until_idle();
    CHECK(o.end(d.tile_in(0, 0), 0) == 10000);
    CHECK(o.time(d.mem_out(0), Cause::busy) == 10000000);
  }
}

TEST_CASE("the slower of stream and channel sets the rate") {
  ArraySpec a = bare_array();
  a.stream.bytes_per_cycle = 2;
  Device slow_stream(a);
  slow_stream.copy(slow_stream.mem_out(0), slow_stream.tile_in(0, 0), 4000);
  CHECK(slow_stream.run_until_idle().result.total == 2000000);
  a.stream.bytes_per_cycle = 4;
  a.tile.dma.bytes_per_cycle = 1;
  Device slow_tile(a);
  slow_tile.copy(slow_tile.mem_out(0), slow_tile.tile_in(0, 0), 4000);
  CHECK(slow_tile.run_until_idle().result.total == 4000000);
}

TEST_CASE("start, first start, chain and packet costs are paid where they belong") {
  ArraySpec a = bare_array();
  a.memtile.dma.start_cycles = 7;
  a.memtile.dma.first_start_cycles = 100;
  a.memtile.dma.chain_cycles = 3;
  Device d(a);
  for (int i = 0; i < 3; ++i) d.copy(d.mem_out(0), d.tile_in(0, 0), 40);
  const Outcome o = d.run_until_idle();
  CHECK(o.begin(d.mem_out(0), 0) == 107);
  CHECK(o.end(d.mem_out(0), 0) == 117);
  CHECK(o.begin(d.mem_out(0), 1) == 127);  // 3 to chain, 7 to start
  CHECK(o.end(d.mem_out(0), 2) == 157);
  CHECK(o.time(d.mem_out(0), Cause::overhead) == 127000);
  CHECK(o.time(d.tile_in(0, 0), Cause::wait_stream) == 127000);

  ArraySpec p = bare_array();
  p.stream.packet_cycles = 5;
  Device packets(p);
  packets.copy(packets.mem_out(0), packets.tile_in(0, 0), 40);
  packets.copy(packets.mem_out(0), packets.tile_in(1, 0), 40);  // the source changes its route
  packets.copy(packets.mem_out(0), packets.tile_in(1, 0), 40);  // and keeps it
  CHECK(packets.run_until_idle().result.total == 35000);
}

TEST_CASE("the receiver is later than the source by the hops between them") {
  ArraySpec a = bare_array();
  a.stream.hop_cycles = 4;
  Device d(a);
  d.copy(d.mem_out(0), d.tile_in(1, 1), 40);  // one column east, two rows up
  d.copy(d.mem_out(0), d.tile_in(1, 1), 40);
  const Outcome o = d.run_until_idle();
  CHECK(o.end(d.mem_out(0), 0) == 10);
  CHECK(o.end(d.tile_in(1, 1), 0) == 10 + 3 * 4);
  CHECK(o.end(d.tile_in(1, 1), 1) == 20 + 3 * 4);  // latency, not throughput
  CHECK(o.result.total == 32000);
}

TEST_CASE("the rows of the published stream measurement: 262144 words in 262168 cycles") {
  ArraySpec a = bare_array();
  a.memtile.memory.size = 2 << 20;
  a.tile.memory.size = 2 << 20;
  a.memtile.dma.start_cycles = 14;
  a.tile.dma.start_cycles = 4;
  a.stream.hop_cycles = 10;
  Device d(a);
  d.copy(d.mem_out(0), d.tile_in(0, 0), 262144 * 4);
  CHECK(d.run_until_idle().end(d.tile_in(0, 0), 0) == 262168);
}

TEST_CASE("a multicast waits for the slowest receiver") {
  Device d;
  const EngineId src = d.mem_out(0), fast = d.tile_in(0, 0), slow = d.tile_in(1, 0);
  const std::vector<EngineId> both{fast, slow};
  for (int i = 0; i < 2; ++i) {
    d.build.transfer(src, d.on(src, src, both, linear(0, 400)));
    d.build.transfer(fast, d.on(fast, src, both, linear(0, 400)));
  }
  d.build.transfer(slow, d.on(slow, src, both, linear(0, 400)));
  d.busy(d.core(1, 0), 500);
  d.build.transfer(slow, d.on(slow, src, both, linear(0, 400)), {{d.core(1, 0), 1}});
  const Outcome o = d.run_until_idle();
  CHECK(o.end(fast, 0) == 100);
  CHECK(o.begin(fast, 1) == 500);
  CHECK(o.end(fast, 1) == 600);
  CHECK(o.time(src, Cause::wait_stream) == 400000);
  CHECK(o.time(slow, Cause::wait_token) == 400000);
}

TEST_CASE("descriptor borders of the two ends need not coincide") {
  Device d;
  const EngineId src = d.mem_out(0), dst = d.tile_in(0, 0);
  for (int i = 0; i < 3; ++i) d.build.transfer(src, d.on(src, src, {dst}, linear(0, 400)));
  for (int i = 0; i < 2; ++i) d.build.transfer(dst, d.on(dst, src, {dst}, linear(0, 600)));
  const Outcome o = d.run_until_idle();
  CHECK(o.end(src, 0) == 100);
  CHECK(o.end(dst, 0) == 150);
  CHECK(o.end(dst, 1) == 300);
}

TEST_CASE("repeats run their body again, also nested") {
  Device d;
  const EngineId src = d.mem_out(0), dst = d.tile_in(0, 0);
  d.copy(src, dst, 40);
  for (const EngineId e : {src, dst}) {
    d.build.repeat_last(e, 1, 3);
    d.build.repeat_last(e, 2, 5);
  }
  const Outcome o = d.run_until_idle();
  CHECK(o.of(dst).size() == 15);
  CHECK(o.end(dst, 14) == 150);
}
