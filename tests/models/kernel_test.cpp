// Do the kernels compute what the network means? Hand-computed values, and plain loops for the rest.
#include <catch2/catch.hpp>

#include "models/kernels/add.h"
#include "models/kernels/conv.h"
#include "models/kernels/pool.h"
#include "sim/base/random.h"

using namespace tessera;
using namespace tessera::models;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::sparsity;

namespace {

std::vector<std::int8_t> random_values(std::size_t n, std::uint64_t seed) {
  Random r(seed);
  std::vector<std::int8_t> v(n);
  for (auto& x : v) x = static_cast<std::int8_t>(static_cast<int>(r.below(256)) - 128);
  return v;
}

struct Packed {
  WeightTensor weights;
  KernelMask mask;
  ChunkPlace place;
  std::vector<std::uint8_t> bytes;
};

// A layer of `cout` x taps x `cin` with the given 8x8 blocks present, packed as one chunk.
Packed pack(int cout, int cin, int taps, const BlockMask& blocks, bool bias) {
  Packed p;
  p.weights = {cout, taps, cin, 1, random_values(static_cast<std::size_t>(cout) * taps * cin, 7), {}, {}, {}};
  for (int i = 0; i < cout; ++i) p.weights.bias.push_back(1000 * i - 3);
  p.mask = kernel_mask(blocks);
  for (int r = 0; r < p.mask.rows; ++r) p.place.shape.rows.push_back(r);
  p.place.shape.col1 = p.mask.cols;
  p.place.shape.taps = taps;
  p.place.shape.bias = bias;
  p.place.size = chunk_size(p.mask, p.place.shape);
  p.bytes = pack_chunk(p.weights, p.mask, p.place.shape);
  return p;
}

// The same sums with plain loops over the weight tensor.
std::vector<std::int32_t> plain(const ConvTile& t, const std::vector<std::int8_t>& in, const Packed& p) {
  std::vector<std::int32_t> acc(static_cast<std::size_t>(t.out_h) * t.out_w * t.out_c);
  const int kw = t.window.kw;
  for (int h = 0; h < t.out_h; ++h)
    for (int w = 0; w < t.out_w; ++w)
      for (int o = 0; o < p.weights.cout; ++o)
        for (int tap = 0; tap < p.weights.taps; ++tap)
          for (int i = 0; i < p.weights.cin; ++i) {
            if (!p.mask.present(o / 8, i / 8)) continue;
            const int y = h * t.window.sh + tap / kw, x = w * t.window.sw + tap % kw;
            const int k = p.weights.values[(static_cast<std::size_t>(o) * p.weights.taps + tap) * p.weights.cin + i];
            acc[(static_cast<std::size_t>(h) * t.out_w + w) * t.out_c + o] +=
                k * in[(static_cast<std::size_t>(y) * t.in_w + x) * t.in_c + i];
          }
  return acc;
}

}  // namespace

TEST_CASE("one pixel, one block, by hand") {
  // Output channel o has weight o + 1 for input channel 0 and -1 for input channel 7.
  std::vector<std::int8_t> block(64, 0);
  for (int o = 0; o < 8; ++o) {
    block[static_cast<std::size_t>(o)] = static_cast<std::int8_t>(o + 1);
    block[static_cast<std::size_t>(7 * 8 + o)] = -1;
  }
  const std::vector<std::int8_t> in{10, 0, 0, 0, 0, 0, 0, -100};
  std::vector<std::int32_t> acc(8, 5);
  conv_accumulate({1, 1, 8, 1, 8, {}}, in.data(), {{0, 0, block.data()}}, acc.data());
  CHECK(acc == std::vector<std::int32_t>{115, 125, 135, 145, 155, 165, 175, 185});
}

TEST_CASE("the convolution kernel equals plain loops: strides, taps, absent blocks, excess channels") {
  struct Case {
    int cout, cin, kh, kw, sh, sw, out_h, out_w;
  };
  for (const Case& c : {Case{16, 24, 1, 1, 1, 1, 3, 5}, Case{16, 16, 3, 3, 1, 1, 4, 4}, Case{24, 8, 3, 3, 2, 2, 3, 2},
                        Case{8, 16, 1, 7, 1, 1, 2, 9}, Case{12, 3, 7, 7, 2, 2, 2, 3}, Case{40, 32, 5, 1, 3, 1, 2, 2}}) {
    for (const int every : {1, 2, 3}) {
      BlockMask m = BlockMask::all_ones(c.cout, c.cin);
      for (std::size_t i = 0; i < m.bits.size(); ++i) m.bits[i] = i % static_cast<std::size_t>(every) == 0 ? 1 : 0;
      const Packed p = pack(c.cout, c.cin, c.kh * c.kw, m, true);
      ConvTile t;
      t.window = {c.kh, c.kw, c.sh, c.sw, 0, 0, 0, 0};
      t.out_h = c.out_h;
      t.out_w = c.out_w;
      t.out_c = stored_channels(c.cout);
      t.in_c = stored_channels(c.cin);
      t.in_w = (c.out_w - 1) * c.sw + c.kw;
      const int in_h = (c.out_h - 1) * c.sh + c.kh;
      const auto in = random_values(static_cast<std::size_t>(in_h) * t.in_w * t.in_c, 11);
      const auto chunk = read_chunk(p.bytes.data(), p.place, index_units(p.mask, p.place.shape));
      REQUIRE(chunk);
      CHECK(static_cast<std::int64_t>(chunk->blocks.size()) == p.mask.count());
      REQUIRE(chunk->bias.size() == static_cast<std::size_t>(t.out_c));
      CHECK(chunk->bias[1] == 997);
      std::vector<std::int32_t> acc(static_cast<std::size_t>(t.out_h) * t.out_w * t.out_c);
      conv_accumulate(t, in.data(), chunk->blocks, acc.data());
      CHECK(acc == plain(t, in, p));
    }
  }
}

TEST_CASE("chunks of larger mask blocks share index entries and read back the same") {
  BlockMask m = BlockMask::all_ones(64, 64, 16, 32);
  m.bits = {1, 0, 0, 1, 0, 0, 1, 1};
  const Packed p = pack(64, 64, 1, m, false);
  CHECK(p.place.size.index == round_up((4 + 4) * 2, 4));
  const auto chunk = read_chunk(p.bytes.data(), p.place, index_units(p.mask, p.place.shape));
  REQUIRE(chunk);
  CHECK(chunk->bias.empty());
  std::size_t n = 0;
  for (int r = 0; r < p.mask.rows; ++r)
    for (int c = 0; c < p.mask.cols; ++c)
      if (p.mask.present(r, c)) {
        REQUIRE(n < chunk->blocks.size());
        CHECK(chunk->blocks[n].row == r);
        CHECK(chunk->blocks[n].col == c);
        ++n;
      }
  CHECK(n == chunk->blocks.size());
}

TEST_CASE("an index that cannot be right is refused") {
  BlockMask m = BlockMask::all_ones(16, 32);
  m.bits = {1, 0, 1, 0, 0, 1, 1, 1};
  Packed p = pack(16, 32, 1, m, false);
  REQUIRE(read_chunk(p.bytes.data(), p.place, {}));
  const auto with = [&](std::size_t at, std::uint8_t value) {
    std::vector<std::uint8_t> wrong = p.bytes;
    wrong[at] = value;
    return read_chunk(wrong.data(), p.place, {}).has_value();
  };
  CHECK_FALSE(with(0, 200));  // more blocks than the index holds
  CHECK_FALSE(with(0, 1));    // fewer than the data holds
  CHECK_FALSE(with(4, 4));    // a column beyond the chunk
  CHECK_FALSE(with(6, 0));    // columns not ascending
}

TEST_CASE("requantization rounds half up, saturates, then ReLU") {
  const std::vector<std::int32_t> acc{24, 23, -24, -25, 100000, -100000, 8, 7};
  std::vector<std::int8_t> out(acc.size());
  requantize_all(acc.data(), out.data(), 8, 4, false);
  CHECK(out == std::vector<std::int8_t>{2, 1, -1, -2, 127, -128, 1, 0});
  requantize_all(acc.data(), out.data(), 8, 4, true);
  CHECK(out == std::vector<std::int8_t>{2, 1, 0, 0, 127, 0, 1, 0});
}

TEST_CASE("add saturates") {
  const std::vector<std::int8_t> a{100, -100, 5, -5}, b{100, -100, -7, 7};
  std::vector<std::int8_t> out(4);
  add_saturating(a.data(), b.data(), out.data(), 4, false);
  CHECK(out == std::vector<std::int8_t>{127, -128, -2, 2});
  add_saturating(a.data(), b.data(), out.data(), 4, true);
  CHECK(out == std::vector<std::int8_t>{127, 0, 0, 2});
}

TEST_CASE("max pooling ignores padding, average pooling counts it") {
  // A 2x2 input, 3x3 window, one row and column of padding above and left, output pixel (0,0) of an 8-channel tensor.
  Layer l;
  l.window = {3, 3, 2, 2, 1, 1, 1, 1};
  l.in = {2, 2, 8};
  l.out = {1, 1, 8};
  KernelCall c;
  c.out = {0, 1, 0, 1, 0, 8};
  c.in_h = c.in_w = 3;
  c.in_c = 8;
  std::vector<std::int8_t> in(72, 0), out(8);
  const int inside[] = {4, 5, 7, 8};
  const std::int8_t value[] = {-9, -4, -30, -2};
  for (int i = 0; i < 4; ++i) std::fill_n(in.begin() + inside[i] * 8, 8, value[i]);
  max_pool(c, l, in.data(), out.data());
  CHECK(out == std::vector<std::int8_t>(8, -2));
  average_pool(c, l, in.data(), out.data());
  CHECK(out == std::vector<std::int8_t>(8, -5));  // -45 / 9
}

TEST_CASE("a pooling tile away from the border has no padding") {
  Layer l;
  l.window = {2, 2, 2, 2, 0, 0, 0, 0};
  l.in = {8, 8, 8};
  KernelCall c;
  c.out = {1, 2, 2, 4, 0, 8};
  c.in_h = 2;
  c.in_w = 4;
  c.in_c = 8;
  std::vector<std::int8_t> in(64), out(16);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::int8_t>(i / 8);  // pixel number
  max_pool(c, l, in.data(), out.data());
  CHECK(out[0] == 5);
  CHECK(out[8] == 7);
  average_pool(c, l, in.data(), out.data());
  CHECK(out[0] == 3);  // (0 + 1 + 4 + 5) / 4 = 2.5, half rounds up
  CHECK(out[8] == 5);
}
