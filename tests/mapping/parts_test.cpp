// The parts of a mapping by themselves: dividing, free places of a memory tile.
#include <catch2/catch.hpp>

#include "sim/mapping/span.h"
#include "sim/mapping/tile_allocator.h"

using namespace tessera;
using namespace tessera::mapping;

TEST_CASE("a span divides into parts that differ by at most one and leave nothing out") {
  for (int n : {1, 7, 49, 224})
    for (int parts : {1, 3, 8, 38}) {
      int at = 0;
      for (int i = 0; i < parts; ++i) {
        const Span s = split({0, n}, parts, i);
        CHECK(s.lo == at);
        CHECK((s.size() == n / parts || s.size() == n / parts + (n % parts != 0 ? 1 : 0)));
        at = s.hi;
      }
      CHECK(at == n);
    }
}

TEST_CASE("tensors go to the ends of a memory tile and leave one gap") {
  TileAllocator a(1000);
  a.take(*a.find(100, false), 100, 1);
  a.take(*a.find(100, true), 100, 2);
  CHECK(a.largest_gap().size() >= 1000 - 2 * 128);
  CHECK_FALSE(a.find(900, false));
  a.release(1);
  a.release(2);
  CHECK(a.find(1000, false));
}
