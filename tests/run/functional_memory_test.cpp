// Is what a functional run would hold counted before any of it is taken?
#include "sim/run/functional_memory.h"

#include <catch2/catch.hpp>

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;
using namespace tessera::run;

TEST_CASE("a functional run counts tiles, DDR and tensors, and refuses more than the limit") {
  ArraySpec array;
  array.rows = 2;
  array.cols = 3;
  array.memtile_rows = 1;
  array.tile.memory.size = 1000;
  array.memtile.memory.size = 10000;
  Program program;
  program.ddr_bytes = 500;
  ProgramLayer layer;
  layer.layer.out = {2, 2, 8};
  program.layers.push_back(layer);
  const Bytes bytes = 2 * (6 * 1000 + 3 * 10000 + 500) + 7 * 32;
  CHECK(functional_memory(program, array) == bytes);
  CHECK_FALSE(too_much_functional_memory(program, array, bytes));
  const auto refused = too_much_functional_memory(program, array, bytes - 1);
  REQUIRE(refused);
  CHECK(refused->code == ExitCode::does_not_fit);
  CHECK(describe(*refused).find("would hold 73224 bytes of data; legal: up to 73223") != std::string::npos);
}
