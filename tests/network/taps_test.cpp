// Is what every tap of a dilated convolution reads where the kernel looks for it in the tile of a core?
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/ops/operator.h"

using namespace tessera;

namespace {

int drawn(Random& random, int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); }

ops::Layer random_convolution(Random& random) {
  ops::Layer l;
  l.op = ops::Op::conv2d;
  ops::Window& w = l.window;
  w.kh = 1 + drawn(random, 4);
  w.kw = 1 + drawn(random, 4);
  w.dh = 1 + drawn(random, 9);
  w.dw = 1 + drawn(random, 9);
  w.sh = 1 + drawn(random, 3);
  w.sw = 1 + drawn(random, 3);
  w.pad_top = w.pad_bottom = drawn(random, w.extent_h());
  w.pad_left = w.pad_right = drawn(random, w.extent_w());
  l.in = {w.extent_h() + drawn(random, 20), w.extent_w() + drawn(random, 20), 8};
  l.out = {(l.in.h + 2 * w.pad_top - w.extent_h()) / w.sh + 1, (l.in.w + 2 * w.pad_left - w.extent_w()) / w.sw + 1, 8};
  return l;
}

// Of the row or column of the map that stands in the tile, or -1000.
struct Found {
  int h = -1000, w = -1000;
};
Found found_at(const std::vector<ops::TapBox>& boxes, int row, int column) {
  for (const ops::TapBox& b : boxes) {
    const int h = row - b.row, w = column - b.column;
    if (h >= 0 && h < b.region.h1 - b.region.h0 && w >= 0 && w < b.region.w1 - b.region.w0)
      return {b.region.h0 + h, b.region.w0 + w};
  }
  return {};
}

}  // namespace

TEST_CASE("Every tap finds its pixel, and tiles whose taps lie apart hold nothing between them") {
  Random random(7);
  int packed_tiles = 0, thin = 0;
  for (int n = 0; n < 1000; ++n) {
    const ops::Layer l = random_convolution(random);
    const int h0 = drawn(random, l.out.h), w0 = drawn(random, l.out.w), h1 = h0 + 1 + drawn(random, l.out.h - h0),
              w1 = w0 + 1 + drawn(random, l.out.w - w0);
    const ops::Region out{h0, h1, w0, w1, 0, 8};
    const ops::Window packed = packed_window(l, h1 - h0, w1 - w0);
    const ops::Lattice lattice = lattice_of(l);
    thin += lattice.every() ? 0 : 1;
    const std::vector<ops::TapBox> boxes = tap_boxes(l, out);
    CAPTURE(l.window.kh, l.window.kw, l.window.dh, l.window.dw, l.window.sh, h0, h1, w0, w1);
    std::int64_t elements = 0;
    for (const ops::TapBox& b : boxes) elements += b.region.elements();
    const auto [rows, columns] = tile_sides(l, out);
    REQUIRE(elements == std::int64_t{rows} * columns * 8);
    packed_tiles += elements < reads(l, 0, out).elements() ? 1 : 0;
    for (int tap = 0; tap < l.window.taps(); ++tap) {
      const int i = tap / l.window.kw, j = tap % l.window.kw;
      for (int h = h0; h < h1; ++h)
        for (int w = w0; w < w1; ++w) {
          const Found at = found_at(boxes, (h - h0) * packed.sh + i * packed.dh, (w - w0) * packed.sw + j * packed.dw);
          REQUIRE(at.h * lattice.h == h * l.window.sh - l.window.pad_top + i * l.window.dh);
          REQUIRE(at.w * lattice.w == w * l.window.sw - l.window.pad_left + j * l.window.dw);
        }
    }
  }
  CHECK(packed_tiles > 300);
  CHECK(thin > 300);
}

TEST_CASE("Of a map that a window of one pixel steps over only the pixels that it meets are held") {
  ops::Layer l;
  l.op = ops::Op::conv2d;
  l.in = {14, 14, 8};
  l.out = {7, 7, 8};
  l.window.sh = l.window.sw = 2;
  CHECK(lattice_of(l) == ops::Lattice{2, 2});
  CHECK(tile_sides(l, {2, 5, 0, 7, 0, 8}) == std::pair(3, 7));
  CHECK(kernel_window(l) == ops::Window{});
  l.window.pad_top = 1;  // the first row that is read lies outside
  CHECK(lattice_of(l) == ops::Lattice{1, 2});
  l.window.pad_top = 0;
  l.window.kh = 3;
  CHECK(lattice_of(l) == ops::Lattice{1, 2});
  l.op = ops::Op::avgpool;
  CHECK(lattice_of(l).every());
}

TEST_CASE("Nothing is left out of a tile as high as taps lie apart, and of pools") {
  ops::Layer l;
  l.op = ops::Op::conv2d;
  l.window = {3, 3, 1, 1, 12, 12, 12, 12, 12, 12};
  l.in = l.out = {28, 28, 8};
  CHECK(tile_sides(l, {0, 2, 0, 28, 0, 8}) == std::pair(6, 52));
  CHECK(tap_boxes(l, {0, 2, 0, 28, 0, 8}).size() == 3);
  CHECK(tile_sides(l, {0, 12, 0, 28, 0, 8}) == std::pair(36, 52));
  CHECK(tap_boxes(l, {0, 12, 0, 28, 0, 8}).size() == 1);
  l.op = ops::Op::avgpool;
  CHECK(tile_sides(l, {0, 2, 0, 28, 0, 8}) == std::pair(26, 52));
}
