// Does a pick read every pixel that a box of its output needs, and never more than the bound for boxes of that size?
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/ops/operator.h"

using namespace tessera;

namespace {

int below(Random& random, int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); }

// Digits that stay within a map, in any order and direction, put anywhere into another one.
ops::Layer random_pick(Random& random) {
  ops::Layer l;
  l.op = ops::Op::pick;
  l.in = {1 + below(random, 12), 1 + below(random, 12), 8};
  int low = 0, high = 0;
  for (int d = 1 + below(random, 4); d-- > 0;) {
    const int stride = below(random, 2) == 0 ? l.in.w * (1 + below(random, 3)) : 1 + below(random, 5);
    const int most = (l.in.h * l.in.w - 1 - (high - low)) / stride + 1, size = 1 + below(random, most);
    const bool down = below(random, 4) == 0;
    l.pixels.sizes.push_back(size);
    l.pixels.strides.push_back(down ? -stride : stride);
    (down ? low : high) += (size - 1) * (down ? -stride : stride);
  }
  l.pixels.from = -low + below(random, l.in.h * l.in.w - (high - low));
  l.pixels.first = below(random, 5);
  l.out.w = 1 + below(random, 10);
  l.out.h = (l.pixels.first + l.pixels.count() + below(random, 9)) / l.out.w + 1;
  l.out.c = 8;
  return l;
}

}  // namespace

TEST_CASE("A pick reads what a box needs, and at most its bound") {
  Random random(7);
  std::int64_t read = 0, all = 0;
  for (int n = 0; n < 3000; ++n) {
    const ops::Layer l = random_pick(random);
    CAPTURE(l.in.h, l.in.w, l.out.h, l.out.w, l.pixels.from, l.pixels.first, l.pixels.sizes, l.pixels.strides);
    const int h0 = below(random, l.out.h), w0 = below(random, l.out.w), h1 = h0 + 1 + below(random, l.out.h - h0),
              w1 = w0 + 1 + below(random, l.out.w - w0);
    CAPTURE(h0, h1, w0, w1);
    const ops::Region r = reads(l, 0, {h0, h1, w0, w1, 0, 8});
    REQUIRE((r.h0 >= 0 && r.h0 < r.h1 && r.h1 <= l.in.h && r.w0 >= 0 && r.w0 < r.w1 && r.w1 <= l.in.w));
    for (int h = h0; h < h1; ++h)
      for (int w = w0; w < w1; ++w) {
        const int pixel = l.pixels.source(h * l.out.w + w);
        if (pixel < 0) continue;
        const int row = pixel / l.in.w, column = pixel % l.in.w;
        REQUIRE((row >= r.h0 && row < r.h1 && column >= r.w0 && column < r.w1));
      }
    const ops::Shape most = reads_at_most(l, 0, {h1 - h0, w1 - w0, 8});
    REQUIRE(r.h1 - r.h0 <= most.h);
    REQUIRE(r.w1 - r.w0 <= most.w);
    read += r.elements();
    all += l.in.elements();
  }
  CHECK(read * 2 < all);  // and not simply everything
}

TEST_CASE("Windows of a map, and a row of it, are read alone") {
  ops::Layer windows;  // 8 x 8 windows of 7 x 7 pixels, one below the other
  windows.op = ops::Op::pick;
  windows.in = {56, 56, 8};
  windows.pixels = {0, 0, {8, 8, 7, 7}, {7 * 56, 7, 56, 1}};
  windows.out = {64 * 49, 1, 8};
  const ops::Region one = reads(windows, 0, {9 * 49, 10 * 49, 0, 1, 0, 8});
  CHECK(std::vector<int>{one.h0, one.h1, one.w0, one.w1} == std::vector<int>{7, 14, 7, 14});
  ops::Layer flat;  // rows one behind the other in a single column
  flat.op = ops::Op::pick;
  flat.in = {4, 100, 8};
  flat.pixels = {100, 0, {300}, {1}};
  flat.out = {300, 1, 8};
  const ops::Region part = reads(flat, 0, {110, 120, 0, 1, 0, 8});
  CHECK(std::vector<int>{part.h0, part.h1, part.w0, part.w1} == std::vector<int>{2, 3, 10, 20});
}
