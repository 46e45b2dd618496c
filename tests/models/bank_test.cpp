// What do bank conflicts cost?
#include <catch2/catch.hpp>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::exec;
using namespace tessera::program;

namespace {

// A kernel of 1000 cycles works on bytes [0, 8192) while DMA writes 3200 bytes (200 accesses) at `address`.
Outcome compute_and_fill(double share, std::int64_t address) {
  ArraySpec a = bare_array();
  a.tile.conflict_share = share;
  Device d(a);
  KernelCall call;
  call.kind = KernelKind::copy;
  call.out = {0, 1, 0, 1, 0, 8192};
  call.in = call.result = 0;
  call.in_h = call.in_w = 1;
  call.in_c = 8192;
  d.durations.push_back(1000000);
  d.build.call(d.core(0, 0), call);
  d.copy(d.mem_out(0), d.tile_in(0, 0), 3200, 0, address);
  return d.run_until_idle();
}

}  // namespace

TEST_CASE("DMA accesses to the banks of a kernel stall it by the share the hardware file gives") {
  const Device d;
  CHECK(compute_and_fill(0, 4096).result.total == 1000000);
  const Outcome hit = compute_and_fill(0.5, 4096);
  CHECK(hit.result.total == 1100000);
  CHECK(hit.time(d.core(0, 0), Cause::bank_conflict) == 100000);
  CHECK(compute_and_fill(0.5, 16384).result.total == 1000000);  // another bank
}

TEST_CASE("two channels in one bank of a memory tile slow each other down by their share") {
  for (const std::int64_t second : {std::int64_t{4096}, std::int64_t{65536}}) {
    ArraySpec a = bare_array();
    a.memtile.conflict_share = 0.25;
    Device d(a);
    d.copy(d.mem_out(0, 0), d.tile_in(0, 0), 1024, 0);
    d.copy(d.mem_out(0, 1), d.tile_in(1, 0), 1024, second);
    const Outcome o = d.run_until_idle();
    // 64 accesses, a quarter of them delayed; the first to start saw no neighbour.
    CHECK(o.result.total == (second == 4096 ? 272000 : 256000));
  }
}
