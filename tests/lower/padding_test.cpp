// Do blocks of zeros cover what the padding of one descriptor does not reach, and is nothing of what they read left?
#include "sim/lower/padding.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <tuple>

#include "sim/base/random.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::lower;

namespace {

enum class Cell { zero, map, element };

struct Case {
  Rectangle all, map;
  Span c;
  DmaSpec source, sink;
  Padding padding() const { return padding_of(all, map, c, source, sink); }
};

Case random_case(Random& random) {
  const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  const auto side = [&](Span* all, Span* map) {
    *map = {0, 1 + pick(5)};
    *all = {-pick(36), map->hi + pick(36)};
  };
  Case k;
  side(&k.all.h, &k.map.h);
  side(&k.all.w, &k.map.w);
  k.c = {8, 16 + 8 * pick(2)};
  k.source.max_padding = {63, 1 + pick(31), 1 + pick(15)};
  k.source.max_wrap = 1023;
  k.sink.max_wrap = 2 + pick(12);
  return k;
}

// What is wrong with the tile after everything has been written in order, or nothing.
std::string objection(const Case& k, const Padding& p) {
  std::map<std::tuple<int, int, int>, Cell> tile;
  const auto write = [&](const Rectangle& area, Span c, auto what) {
    for (int h = area.h.lo; h < area.h.hi; ++h)
      for (int w = area.w.lo; w < area.w.hi; ++w)
        for (int x = c.lo; x < c.hi; ++x) tile[{h, w, x}] = what(h, w);
  };
  const auto in_map = [&](int h, int w) {
    return h >= k.map.h.lo && h < k.map.h.hi && w >= k.map.w.lo && w < k.map.w.hi;
  };
  for (const ZeroBlock& b : p.blocks) {
    const int before_w = b.w, after_w = b.area.w.size() - 1 - b.w, before_h = b.h, after_h = b.area.h.size() - 1 - b.h;
    if (std::max(before_w, after_w) > k.source.max_padding[1]) return "more columns than a descriptor pads";
    if (std::max(before_h, after_h) > k.source.max_padding[2]) return "more rows than a descriptor pads";
    if (b.c.size() / 4 > k.sink.max_wrap || b.area.w.size() > k.sink.max_wrap) return "longer than a wrap";
    if (std::min({before_w, after_w, before_h, after_h}) < 0) return "its element is outside";
    write(b.area, b.c,
          [&](int h, int w) { return h == b.area.h.lo + b.h && w == b.area.w.lo + b.w ? Cell::element : Cell::zero; });
  }
  write(p.map, k.c, [&](int h, int w) { return in_map(h, w) ? Cell::map : Cell::zero; });
  Rectangle seen = k.all;
  for (const auto& [place, cell] : tile) {
    const auto [h, w, c] = place;
    if (cell != (in_map(h, w) ? Cell::map : Cell::zero)) return "something else stands there";
    seen = {{std::min(seen.h.lo, h), std::max(seen.h.hi, h + 1)}, {std::min(seen.w.lo, w), std::max(seen.w.hi, w + 1)}};
  }
  if (seen.h.size() != k.all.h.size() || seen.w.size() != k.all.w.size()) return "writes beyond the window";
  if (static_cast<int>(tile.size()) != k.all.h.size() * k.all.w.size() * k.c.size()) return "not all is written";
  return "";
}

}  // namespace

TEST_CASE("what one descriptor pads needs no blocks") {
  Case k;
  k.all = {{-15, 20}, {-31, 40}};
  k.map = {{0, 5}, {0, 9}};
  k.c = {0, 8};
  k.source.max_padding = {63, 31, 15};
  CHECK(k.padding().blocks.empty());
  CHECK(objection(k, k.padding()).empty());
  k.all.w.lo = -32;
  CHECK(k.padding().blocks.size() == 2);  // 35 rows, of which a block has 31
}

TEST_CASE("blocks and map make the window") {
  Random random(5);
  int with_blocks = 0, needed = 0, refused = 0;
  for (int i = 0; i < 100; ++i) {
    const Case k = random_case(random);
    const Padding p = k.padding();
    CHECK(objection(k, p) == "");
    if (p.blocks.empty()) continue;
    ++with_blocks;
    // The order matters, and so does every block, but for a row that two of them cover.
    Padding less = p, reversed = p;
    less.blocks.pop_back();
    std::reverse(reversed.blocks.begin(), reversed.blocks.end());
    needed += objection(k, less).empty() ? 0 : 1;
    refused += objection(k, reversed).empty() ? 0 : 1;
  }
  CHECK(with_blocks > 50);
  CHECK(needed > with_blocks * 9 / 10);
  CHECK(refused > 25);
}
