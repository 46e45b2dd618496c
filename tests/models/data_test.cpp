// Do the right bytes arrive, and is it noticed when they cannot be right?
#include <catch2/catch.hpp>
#include <numeric>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;

namespace {

// Adds a tensor of the given shape to the program, so that results can be captured.
int tensor(Device& d, Shape shape, Op op = Op::input) {
  ProgramLayer l;
  l.layer.id = static_cast<int>(d.build.program().layers.size());
  l.layer.name = "layer" + std::to_string(l.layer.id);
  l.layer.op = op;
  l.layer.in = l.layer.out = shape;
  d.build.program().layers.push_back(l);
  return l.layer.id;
}

Transfer carry(Transfer t, Payload payload, int which, Region region) {
  t.payload = payload;
  t.tensor = static_cast<std::int16_t>(which);
  t.region = region;
  t.layer = static_cast<std::int16_t>(which);
  return t;
}

void put_image(Device& d, std::int64_t address, Bytes bytes) {
  std::vector<std::uint8_t> v(static_cast<std::size_t>(bytes));
  std::iota(v.begin(), v.end(), std::uint8_t{0});
  d.image.parts.emplace_back(address, v);
}

Device functional() {
  Device d;
  d.options.functional = true;
  return d;
}

// Host -> mem(0,0) through `in`, back to host through `out`, captured as a tensor of `shape`.
Outcome through_memtile(const Access& in, const Access& out, Shape shape, Bytes image_bytes) {
  Device d = functional();
  put_image(d, 1LL << 40, image_bytes);
  const int t = tensor(d, shape);
  const EngineId a = d.shim_out(0), b = d.mem_in(0), c = d.mem_out(0), e = d.shim_in(0);
  d.build.transfer(a, d.on(a, a, {b}, linear(1LL << 40, image_bytes)));
  const int filled = d.build.transfer(b, d.on(b, a, {b}, in));
  d.build.transfer(c, d.on(c, c, {e}, out), {{b, filled}});
  d.build.transfer(e, carry(d.on(e, c, {e}, linear(0, out.stream_bytes())), Payload::result, t,
                            {0, shape.h, 0, shape.w, 0, shape.c}));
  return d.run_until_idle();
}

Access strided(std::int64_t base, std::initializer_list<AccessDim> dims) {
  Access a;
  a.base = base;
  a.rank = static_cast<std::int8_t>(dims.size());
  std::copy(dims.begin(), dims.end(), a.dims.begin());
  return a;
}

}  // namespace

TEST_CASE("bytes go where the descriptors say, at 64-bit addresses") {
  const Outcome o = through_memtile(linear(64, 32), linear(64, 32), {1, 4, 8}, 32);
  REQUIRE(o.code == ExitCode::ok);
  REQUIRE(o.result.captured.size() == 1);
  CHECK(o.result.errors.empty());
  for (int i = 0; i < 32; ++i) CHECK(o.result.captured[0].values[static_cast<std::size_t>(i)] == i);
  CHECK(o.result.captured[0].writes == std::vector<std::uint8_t>(32, 1));
  const Device d;
  CHECK(o.result.captured[0].writer == std::vector<std::int32_t>(32, d.shim_in(0)));
}

TEST_CASE("strides transpose") {
  // Memory: 4 rows of 2 columns of 4 bytes. Read column after column.
  const Outcome o = through_memtile(linear(0, 32), strided(0, {{4, 1}, {4, 8}, {2, 4}}), {1, 4, 8}, 32);
  CHECK(o.result.errors.empty());
  const std::vector<std::int8_t> expected{0, 1, 2, 3, 8,  9,  10, 11, 16, 17, 18, 19, 24, 25, 26, 27,
                                          4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31};
  REQUIRE(o.result.captured.size() == 1);
  CHECK(o.result.captured[0].values == expected);
}

TEST_CASE("padding puts zeros around, in every dimension") {
  // Two rows of two 4-byte elements; one element left and right, one row above.
  const Outcome o = through_memtile(linear(0, 16), strided(0, {{8, 1, 4, 4}, {2, 8, 1, 0}}), {3, 2, 8}, 16);
  CHECK(o.result.errors.empty());
  std::vector<std::int8_t> expected(48, 0);
  for (std::size_t i = 0; i < 8; ++i) {
    expected[16 + 4 + i] = static_cast<std::int8_t>(i);
    expected[32 + 4 + i] = static_cast<std::int8_t>(8 + i);
  }
  REQUIRE(o.result.captured.size() == 1);
  CHECK(o.result.captured[0].values == expected);
  CHECK(o.result.total == 4000 + 12000);       // padding takes time on the stream
  CHECK(o.result.traffic.memtile_read == 16);  // but is not read
}

TEST_CASE("scattering writes follow their pattern too") {
  const Outcome o = through_memtile(strided(0, {{8, 1}, {2, 8}, {2, 16}}), strided(0, {{4, 1}, {8, 4}}), {1, 4, 8}, 32);
  CHECK(o.result.errors.empty());
  CHECK(o.result.captured[0].values[9] == 9);
  const Outcome gap = through_memtile(strided(0, {{8, 1}, {4, 16}}), linear(48, 8), {1, 1, 8}, 32);
  CHECK(gap.result.errors.empty());
  CHECK(gap.result.captured[0].values[0] == 24);
}

TEST_CASE("reading what nobody wrote is an error that names address and reader") {
  const Outcome o = through_memtile(linear(0, 32), linear(16, 32), {1, 4, 8}, 32);
  REQUIRE(o.result.errors.size() == 1);
  CHECK(o.says("mem(0,0).mm2s0 task 1 (no layer) reads address 32 of mem(0,0), which nobody wrote"));
}

TEST_CASE("a tensor that was overwritten is noticed by who reads it") {
  Device d = functional();
  put_image(d, 0, 64);
  const int first = tensor(d, {1, 1, 32}), second = tensor(d, {1, 1, 32});
  const EngineId a = d.shim_out(0), b = d.mem_in(0), c = d.mem_out(0), e = d.shim_in(0);
  const Region all{0, 1, 0, 1, 0, 32};
  for (const int t : {first, second}) {
    d.build.transfer(a, d.on(a, a, {b}, linear(t * 32, 32)));
    d.build.transfer(b, carry(d.on(b, a, {b}, linear(t == first ? 0 : 16, 32)), Payload::activations, t, all));
  }
  d.build.transfer(c, carry(d.on(c, c, {e}, linear(0, 32)), Payload::activations, first, all), {{b, 2}});
  d.build.transfer(e, d.on(e, c, {e}, linear(1024, 32)));
  const Outcome o = d.run_until_idle();
  REQUIRE(o.result.errors.size() == 1);
  CHECK(
      o.says("reads address 16 of mem(0,0) as tensor layer0, but mem(0,0).s2mm0 task 2 (layer layer1) wrote tensor "
             "layer1 there"));
}

TEST_CASE("a core buffer overwritten before anybody read it is an error that names both parties") {
  Device d = functional();
  put_image(d, 0, 64);
  const EngineId a = d.shim_out(0), b = d.tile_in(0, 0);
  for (int i = 0; i < 2; ++i) {
    d.build.transfer(a, d.on(a, a, {b}, linear(0, 64)));
    d.build.transfer(b, d.on(b, a, {b}, linear(i * 60, 64)));
  }
  const Outcome o = d.run_until_idle();
  REQUIRE(o.result.errors.size() == 1);
  CHECK(
      o.says("tile(0,0).s2mm0 task 2 (no layer) overwrites address 60 of tile(0,0), which tile(0,0).s2mm0 task 1 (no "
             "layer) wrote and nobody has read"));
}

TEST_CASE("a core may let data pass unread by giving back its lock; without the lock it is lost") {
  for (const bool locked : {true, false}) {
    Device d = functional();
    put_image(d, 0, 64);
    const EngineId a = d.shim_out(0), b = d.tile_in(0, 0), core = d.core(0, 0);
    d.build.lock(0, 0, 1, LockRole::input_empty);
    d.build.lock(0, 1, 0, LockRole::input_full);
    for (int i = 0; i < 2; ++i) {
      // A fill of two descriptors: the first takes the empty buffer, the second gives the full one.
      d.build.transfer(a, d.on(a, a, {b}, linear(0, 64)));
      Transfer t = d.on(b, a, {b}, linear(0, 32));
      if (i == 0 || locked) t.acquire = {0, 1};
      d.build.transfer(b, t);
      t = d.on(b, a, {b}, linear(32, 32));
      t.release = {1, 1};
      d.build.transfer(b, t);
      d.build.acquire(core, 1, 1, -1);
      if (i == 1 || locked) d.build.release(core, 0, 1, -1);
    }
    const Outcome o = d.run_until_idle();
    CHECK(o.code == ExitCode::ok);
    CHECK(o.result.errors.empty() == locked);
  }
}

TEST_CASE("a result that does not fit its tensor is an error") {
  Device d = functional();
  put_image(d, 0, 64);
  const int t = tensor(d, {1, 1, 32});
  const EngineId a = d.shim_out(0), b = d.mem_in(0);
  d.build.transfer(a, d.on(a, a, {b}, linear(0, 32)));
  d.build.transfer(b, carry(d.on(b, a, {b}, linear(0, 32)), Payload::result, t, {0, 1, 0, 1, 8, 40}));
  CHECK(d.run_until_idle().says("delivers a region that does not fit"));
}

TEST_CASE("a multicast delivers to all, in segments of any size") {
  for (const Bytes burst : {4, 12, 1024}) {
    Device d = functional();
    d.array.burst_bytes = burst;
    put_image(d, 0, 64);
    const int t = tensor(d, {1, 2, 64});
    const EngineId a = d.shim_out(0), b = d.mem_in(0), c = d.mem_in(1);
    d.build.transfer(a, d.on(a, a, {b, c}, linear(0, 64)));
    d.build.transfer(b, carry(d.on(b, a, {b, c}, linear(0, 64)), Payload::result, t, {0, 1, 0, 1, 0, 64}));
    d.build.transfer(c,
                     carry(d.on(c, a, {b, c}, strided(0, {{4, 1}, {16, 8}})), Payload::result, t, {0, 1, 1, 2, 0, 64}));
    const Outcome o = d.run_until_idle();
    CHECK(o.result.errors.empty());
    REQUIRE(o.result.captured.size() == 1);
    for (std::size_t i = 0; i < 128; ++i) CHECK(o.result.captured[0].values[i] == static_cast<std::int8_t>(i % 64));
  }
}

TEST_CASE("data never changes the cycles") {
  Device d = functional();
  put_image(d, 0, 6400);
  for (int i = 0; i < 3; ++i) {
    d.copy(d.shim_out(0), d.mem_in(0), 6400);
    d.copy(d.shim_out(0, 1), d.mem_in(0, 1), 2000, 0, 10000);
  }
  const Outcome with = d.run_until_idle();
  d.options.functional = false;
  const Outcome without = d.run_until_idle();
  CHECK(with.result.total == without.result.total);
  CHECK(with.result.engines == without.result.engines);
  CHECK(with.result.events == without.result.events);
}
