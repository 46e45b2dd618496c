// Does the shadow of a memory know what is left of content that was overwritten in part, and who is in whose way there?
#include "sim/schedule/verify/shadow.h"

#include <catch2/catch.hpp>

#include "tests/verify/subject.h"

using namespace tessera;
using namespace tessera::verifying;

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
