// Does a kernel call compute from its core's memory, and from nothing else?
#include <catch2/catch.hpp>
#include <cstring>

#include "tests/models/device.h"

using namespace tessera;
using namespace tessera::exec;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::sparsity;

namespace {

constexpr std::int64_t input_at = 0, weights_at = 4096, residual_at = 8192, acc_at = 12288, result_at = 16384;

// One core, one 1x1 convolution of `cin` to 8 channels over 1x2 pixels: weight o of input i is 1 when i % 8 == o, so
// that every input block adds its pixel to the output.
struct ConvDevice {
  Device d;
  int chunks = 0;

  explicit ConvDevice(int cin, bool relu = false, int shift = 0) {
    d.options.functional = true;
    ProgramLayer l;
    l.layer.name = "conv";
    l.layer.op = Op::conv2d;
    l.layer.in = {1, 2, cin};
    l.layer.out = {1, 2, 8};
    l.layer.relu = relu;
    l.layer.shift = shift;
    d.build.program().layers.push_back(l);
    l.layer.id = 1;
    l.layer.op = Op::add;
    l.layer.name = "sum";
    l.layer.relu = true;
    d.build.program().layers.push_back(l);
  }

  // Bytes from host memory into the core.
  int load(std::int64_t at, const std::vector<std::uint8_t>& bytes) {
    const std::int64_t address = 65536 * static_cast<std::int64_t>(d.image.parts.size());
    d.image.parts.emplace_back(address, bytes);
    d.copy(d.shim_out(0), d.tile_in(0, 0), static_cast<Bytes>(bytes.size()), address, at);
    return d.build.tasks(d.tile_in(0, 0));
  }
  // The chunk of input blocks [col0, col1).
  int load_chunk(int col0, int col1, bool bias) {
    ChunkPlace place;
    place.shape.rows = {0};
    place.shape.col0 = col0;
    place.shape.col1 = col1;
    place.shape.bias = bias;
    const int cin = d.build.program().layers[0].layer.in.c;
    WeightTensor w{
        8, 1, cin, 1, std::vector<std::int8_t>(static_cast<std::size_t>(8 * cin)), {1, 2, 3, 4, 5, 6, 7, -100}, {}, {}};
    for (int o = 0; o < 8; ++o)
      for (int i = o; i < cin; i += 8) w.values[static_cast<std::size_t>(o * cin + i)] = 1;
    const KernelMask mask = kernel_mask(BlockMask::all_ones(8, cin));
    place.size = chunk_size(mask, place.shape);
    d.build.program().chunks.push_back(place);
    return load(weights_at, pack_chunk(w, mask, place.shape));
  }
  KernelCall call(int channels, int ic0, bool first, bool last) const {
    KernelCall c;
    c.layer = 0;
    c.out = {0, 1, 0, 2, 0, 8};
    c.in_h = 1;
    c.in_w = 2;
    c.in_c = channels;
    c.ic0 = ic0;
    c.first = first;
    c.last = last;
    c.in = input_at;
    c.weights = weights_at;
    c.in2 = residual_at;
    c.acc = acc_at;
    c.result = result_at;
    c.chunk = static_cast<std::int32_t>(d.build.tasks(d.core(0, 0)));
    return c;
  }
  int run_call(const KernelCall& c, int after_task) {
    d.durations.push_back(10000);
    return d.build.call(d.core(0, 0), c, {{d.tile_in(0, 0), after_task}});
  }
  // Sends the result home and runs.
  Outcome finish(int calls) {
    const EngineId out = d.tile_out(0, 0), home = d.mem_in(0);
    d.build.transfer(out, d.on(out, out, {home}, linear(result_at, 16)), {{d.core(0, 0), calls}});
    Transfer t = d.on(home, out, {home}, linear(0, 16));
    t.payload = Payload::result;
    t.tensor = 0;
    t.region = {0, 1, 0, 2, 0, 8};
    d.build.transfer(home, t);
    return d.run_until_idle();
  }
};

std::vector<std::uint8_t> bytes(std::initializer_list<int> v) {
  std::vector<std::uint8_t> b;
  for (const int x : v) b.push_back(static_cast<std::uint8_t>(x));
  return b;
}

using Values = std::vector<std::int8_t>;

}  // namespace

TEST_CASE("a convolution call adds bias and requantizes") {
  ConvDevice c(8, true, 1);
  c.load(input_at, bytes({10, 20, 30, 40, 50, 60, 70, 80, -10, -20, -30, -40, 127, 127, 127, 127}));
  const int task = c.load_chunk(0, 1, true);
  const Outcome o = c.finish(c.run_call(c.call(8, 0, true, true), task));
  CHECK(o.result.errors.empty());
  REQUIRE(o.result.captured.size() == 1);
  CHECK(o.result.captured[0].values == Values{6, 11, 17, 22, 28, 33, 39, 0, 0, 0, 0, 0, 66, 67, 67, 14});
}

TEST_CASE("partial sums stay in the core between the calls of an input split") {
  ConvDevice c(16);
  // Pixels of 16 channels, split in two tiles of 8; the second arrives when the first call is done.
  c.load(input_at, bytes({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
  const int one = c.run_call(c.call(8, 0, true, false), c.load_chunk(0, 1, true));
  const EngineId in = c.d.tile_in(0, 0);
  const std::size_t next = c.d.build.program().engines[static_cast<std::size_t>(in)].transfers.size();
  c.load(input_at, bytes({10, 10, 10, 10, 10, 10, 10, 10, 20, 20, 20, 20, 20, 20, 20, 20}));
  auto& late = c.d.build.program().engines[static_cast<std::size_t>(in)].transfers[next];
  c.d.build.program().waits.push_back({c.d.core(0, 0), one});
  late.wait0 = static_cast<std::uint32_t>(c.d.build.program().waits.size() - 1);
  late.wait_count = 1;
  KernelCall second = c.call(8, 8, false, true);
  const int two = c.run_call(second, c.load_chunk(1, 2, false));
  const Outcome o = c.finish(two);
  CHECK(o.result.errors.empty());
  REQUIRE(o.result.captured.size() == 1);
  CHECK(o.result.captured[0].values == Values{12, 14, 16, 18, 20, 22, 24, -82, 30, 32, 34, 36, 38, 40, 42, -64});
}

TEST_CASE("a fused residual is added after requantization, with the ReLU of the add") {
  ConvDevice c(8);
  c.load(input_at, bytes({0, 0, 0, 0, 0, 0, 0, 0, 100, 100, 100, 100, 100, 100, 100, 100}));
  c.load(residual_at, bytes({-3, 0, 0, 0, 0, 0, 0, 120, 100, 0, 0, 0, 0, 0, 0, -1}));
  KernelCall call = c.call(8, 0, true, true);
  call.add_layer = 1;
  const Outcome o = c.finish(c.run_call(call, c.load_chunk(0, 1, true)));
  CHECK(o.result.errors.empty());
  REQUIRE(o.result.captured.size() == 1);
  CHECK(o.result.captured[0].values == Values{0, 2, 3, 4, 5, 6, 7, 20, 127, 102, 103, 104, 105, 106, 107, 0});
}

TEST_CASE("a call on a buffer that was never filled is an error") {
  ConvDevice c(8);
  c.load(input_at, bytes({1, 2, 3, 4, 5, 6, 7, 8}));  // the second pixel is missing
  const Outcome o = c.finish(c.run_call(c.call(8, 0, true, true), c.load_chunk(0, 1, true)));
  CHECK(o.says("core(0,0) task 1 (layer conv) reads address 8 of tile(0,0), which nobody wrote"));
}

TEST_CASE("a call on the wrong weights or tile is an error") {
  const auto spoiled = [](auto spoil) {
    ConvDevice c(8);
    c.load(input_at, bytes({1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}));
    KernelCall call = c.call(8, 0, true, true);
    const int task = c.load_chunk(0, 1, true);
    spoil(call);
    return c.finish(c.run_call(call, task));
  };
  CHECK(spoiled([](KernelCall& c) { c.chunk = 9; }).says("chunk does not exist"));
  CHECK(spoiled([](KernelCall& c) { c.ic0 = 8; }).says("chunk has another shape"));
  CHECK(spoiled([](KernelCall& c) { c.in_w = 3; }).says("input tile is 1x3x8, its window is 1x2"));
  CHECK(spoiled([](KernelCall& c) { c.in = 65528; }).says("input buffer at 65528 with 16 bytes is not in its memory"));
  CHECK(spoiled([](KernelCall& c) { c.result = -1; }).says("result buffer"));
  CHECK(spoiled([](KernelCall& c) { c.weights += 4; }).says("which nobody wrote"));
  CHECK(spoiled([](KernelCall& c) { c.out.c1 = 0; }).says("output region is empty"));
  CHECK(spoiled([](KernelCall&) {}).result.errors.empty());
}
