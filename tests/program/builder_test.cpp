// Does the builder count the tasks that an engine completes, through loops in loops?
#include "sim/program/builder.h"

#include <catch2/catch.hpp>

#include "tests/program/random_program.h"

using namespace tessera;
using namespace tessera::program;

TEST_CASE("a repeated transfer is a task each time, and so is a repeated loop of them") {
  ProgramBuilder builder(small_array());
  const EngineId channel = builder.map().mem_channel(0, EngineKind::mm2s, 0);
  CHECK(builder.transfer(channel, {}) == 1);
  CHECK(builder.transfer(channel, {}) == 2);
  builder.repeat_last(channel, 1, 5);
  CHECK(builder.tasks(channel) == 6);
  builder.transfer(channel, {});
  builder.repeat_last(channel, 3, 2);  // the loop of 5 and the transfer after it
  CHECK(builder.tasks(channel) == 1 + 2 * (5 + 1));
  CHECK(builder.transfer(channel, {}) == 14);
}

TEST_CASE("of a core only kernel calls are tasks, at any depth") {
  ProgramBuilder builder(small_array());
  const EngineId core = builder.map().core(0, 0);
  builder.acquire(core, 0, 1, 0);
  builder.call(core, {});
  builder.release(core, 1, 1, 0);
  builder.repeat_last(core, 2, 3);   // call and release
  builder.repeat_last(core, 4, 10);  // the acquire and that loop
  CHECK(builder.tasks(core) == 30);
}
