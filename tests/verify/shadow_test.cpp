// Does the shadow of a memory know what is left of content that was overwritten in part, and who is in whose way there?
#include "sim/verify/shadow.h"

#include <catch2/catch.hpp>

#include "tests/verify/subject.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::schedule;
using namespace tessera::sparsity;
using namespace tessera::verify;

TEST_CASE("who used what was overwritten is in nobody's way where the rest stands") {
  const EngineMap map(generic_array(1, 1));
  Clocks clocks(map, {0, 1, 2, 3}, false);
  clocks.complete(0, 1);
  clocks.complete(1, 1);
  clocks.learn(2, 0, 1);
  clocks.learn(3, 1, 1);
  Shadow memory;
  std::vector<Conflict> races;
  memory.write(bytes_at(0, 0, 0, 32), {0, 1}, clocks, races);
  memory.write(bytes_at(0, 32, 32, 64), {1, 1}, clocks, races);  // the other half
  CHECK(memory.holds(bytes_at(0, 0, 0, 64)));
  memory.write(bytes_at(1, 0, 0, 32), {2, 1}, clocks, races);
  CHECK_FALSE(memory.holds(bytes_at(0, 0, 0, 32)));
  CHECK(memory.holds(bytes_at(0, 32, 32, 64)));
  memory.write(bytes_at(2, 32, 0, 32), {3, 1}, clocks, races);  // knows engine 1, not engine 0
  CHECK(races.empty());
  memory.write(bytes_at(3, 0, 0, 16), {3, 2}, clocks, races);
  REQUIRE(races.size() == 1);
  CHECK(races[0].other.engine == 2);
  CHECK(memory.holds(bytes_at(1, 16, 16, 32)));
}

TEST_CASE("a row that stands where it stood on another grid is there for both") {
  const EngineMap map(generic_array(1, 1));
  Clocks clocks(map, {0, 1}, false);
  Shadow memory;
  std::vector<Conflict> races;
  const auto tile = [](int h0, int h1, int c0, int c1, std::int64_t base, std::int64_t pitch) {
    return Placed{5, {h0, h1, 0, 1, c0, c1}, base, pitch, 0};
  };
  memory.write(tile(1, 4, 0, 64, 0, 64), {0, 1}, clocks, races);
  // Rows 0 to 3 of channels 16 to 32 one after the other; row 1 falls on itself.
  for (int h = 0; h < 4; ++h) memory.write(tile(h, h + 1, 16, 32, 16 * h, 0), {0, 2 + h}, clocks, races);
  CHECK(races.empty());
  CHECK(memory.holds(tile(0, 4, 16, 32, 0, 16)));
  CHECK(memory.read(tile(0, 4, 16, 32, 0, 16), {0, 6}, clocks, races));
  CHECK_FALSE(memory.holds(tile(1, 2, 0, 64, 0, 64)));
  CHECK(memory.holds(tile(2, 4, 0, 64, 64, 64)));
  memory.write(tile(1, 2, 32, 48, 16, 0), {0, 7}, clocks, races);
  CHECK_FALSE(memory.holds(tile(0, 4, 16, 32, 0, 16)));
}

TEST_CASE("of a grid that stays whole one row or one pixel may be shared") {
  const EngineMap map(generic_array(1, 1));
  Clocks clocks(map, {0, 1}, false);
  std::vector<Conflict> races;
  for (const bool rows : {true, false}) {
    const auto tile = [&](int lo, int hi, std::int64_t base, std::int64_t pitch) {
      const Region box = rows ? Region{lo, hi, 0, 1, 16, 32} : Region{0, 1, lo, hi, 16, 32};
      return Placed{5, box, base, rows ? pitch : 0, rows ? 0 : pitch};
    };
    Shadow memory;
    memory.write(tile(1, 4, 16, 64), {0, 1}, clocks, races);
    // One after the other between those that stand there; the second falls on itself.
    for (int i = 0; i < 4; ++i) memory.write(tile(i, i + 1, 16 * i, 0), {0, 2 + i}, clocks, races);
    CHECK(memory.holds(tile(0, 4, 0, 16)));
    CHECK(memory.read(tile(0, 4, 0, 16), {0, 6}, clocks, races));
    CHECK(memory.holds(tile(1, 4, 16, 64)));
    CHECK_FALSE(memory.holds(tile(0, 4, 0, 32)));
  }
  CHECK(races.empty());
}
