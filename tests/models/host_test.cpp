// How is host memory shared?
#include <catch2/catch.hpp>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::program;

namespace {

// `channels` shim channels read `bytes` each into memory tiles, two per column.
Device readers(const DdrSpec& ddr, int channels, Bytes bytes, int cols = 2) {
  ArraySpec a = bare_array(1, cols);
  a.ddr = ddr;
  Device d(a);
  for (int i = 0; i < channels; ++i) d.copy(d.shim_out(i / 2, i % 2), d.mem_in(i / 2, i % 2), bytes, i * 100000);
  return d;
}

DdrSpec ddr(double read, double write, double column, Cycles latency) {
  DdrSpec s;
  s.read_bytes_per_cycle = read;
  s.write_bytes_per_cycle = write;
  s.column_bytes_per_cycle = column;
  s.latency_cycles = latency;
  return s;
}

}  // namespace

TEST_CASE("a wide host memory feeds every channel at its own rate") {
  CHECK(readers(ddr(16, 16, 8, 0), 4, 64000).run_until_idle().result.total == 16000000);
}

TEST_CASE("the first word of a descriptor is later by the latency") {
  const Device d = readers(ddr(16, 16, 8, 120), 1, 4000);
  const Outcome o = d.run_until_idle();
  CHECK(o.result.total == 1120000);
  CHECK(o.time(d.shim_out(0), Cause::wait_stream) == 120000);
}

TEST_CASE("host memory is asked when the tokens come, however long the channel is still busy") {
  // The first transfer takes until 1120; the second waits for a kernel that ends at `token`.
  const auto total = [](Cycles token) {
    Device d = readers(ddr(16, 16, 8, 120), 1, 4000);
    d.busy(d.core(0, 0), token);
    d.copy(d.shim_out(0), d.mem_in(0), 4000, 0, 0, {{d.core(0, 0), 1}});
    return d.run_until_idle().result.total;
  };
  CHECK(total(500) == 2120000);
  CHECK(total(1000) == 2120000);
  CHECK(total(1060) == 2180000);
  CHECK(total(1300) == 2420000);
}

TEST_CASE("readers share the total, each column its port") {
  // Four channels want 16 B/cycle and get 8.
  const Millicycles total = readers(ddr(8, 8, 8, 0), 4, 64000).run_until_idle().result.total;
  CHECK(total >= 32000000);
  CHECK(total <= 32300000);  // within one burst per channel
  // Two channels of one column behind a port of 4 B/cycle.
  const Millicycles port = readers(ddr(64, 64, 4, 0), 2, 64000).run_until_idle().result.total;
  CHECK(port >= 32000000);
  CHECK(port <= 32300000);
}

TEST_CASE("a long descriptor does not keep host memory from short ones, at either fidelity") {
  // One channel reads 400000 bytes at 4 B/cycle; three others read 4000 each meanwhile, of a memory of 8 B/cycle.
  for (const Fidelity f : {Fidelity::burst, Fidelity::transaction}) {
    ArraySpec a = bare_array(1, 2);
    a.ddr = ddr(8, 8, 8, 0);
    Device d(a);
    d.options.fidelity = f;
    d.copy(d.shim_out(0, 0), d.mem_in(0, 0), 400000);
    for (int i = 1; i < 4; ++i) d.copy(d.shim_out(i / 2, i % 2), d.mem_in(i / 2, i % 2), 4000, i * 1000000);
    const Outcome o = d.run_until_idle();
    for (int i = 1; i < 4; ++i) CHECK(o.end(d.mem_in(i / 2, i % 2), 0) <= 4 * 512 + 1000);
    CHECK(o.result.total >= 100000000);
    CHECK(o.result.total <= 103000000);
  }
}

TEST_CASE("who still waits for his first byte does not hold the memory") {
  // The other channel begins while the first one's latency passes.
  ArraySpec a = bare_array(1, 1);
  a.ddr = ddr(4, 4, 8, 1000);
  Device d(a);
  d.copy(d.shim_out(0, 0), d.mem_in(0, 0), 4000);
  d.busy(d.core(0, 0), 500);
  d.copy(d.shim_out(0, 1), d.mem_in(0, 1), 400);
  d.copy(d.shim_out(0, 1), d.mem_in(0, 1), 400, 0, 4096);
  d.copy(d.shim_out(0, 0), d.mem_in(0, 0), 4000, 0, 0, {{d.core(0, 0), 1}});
  const Outcome o = d.run_until_idle();
  CHECK(o.result.total <= 1000000 + 2200000 + 1000000);
}

TEST_CASE("reads do not wait for writes") {
  ArraySpec a = bare_array(1, 1);
  a.ddr = ddr(4, 4, 16, 0);
  Device d(a);
  d.copy(d.shim_out(0), d.mem_in(0), 40000);
  d.copy(d.mem_out(0), d.shim_in(0), 40000, 0, 1 << 20);
  CHECK(d.run_until_idle().result.total == 10000000);
}

TEST_CASE("traffic is counted where it flows") {
  Device d;
  d.copy(d.shim_out(0), d.mem_in(0), 4000);
  d.copy(d.mem_out(0), d.tile_in(0, 0), 800);
  d.copy(d.tile_out(0, 0), d.shim_in(1), 400);
  const MemoryTraffic t = d.run_until_idle().result.traffic;
  CHECK(t.ddr_read == 4000);
  CHECK(t.memtile_write == 4000);
  CHECK(t.memtile_read == 800);
  CHECK(t.core_write == 800);
  CHECK(t.core_read == 400);
  CHECK(t.ddr_write == 400);
}

TEST_CASE("more bandwidth never makes a program slower") {
  Millicycles slower = 0;
  for (const double rate : {64.0, 32.0, 16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0}) {
    const Millicycles total = readers(ddr(rate, rate, 8, 10), 4, 20000).run_until_idle().result.total;
    CHECK(total >= slower);
    slower = total;
  }
}
