// Does every core have the code that it is about to run, with as few loads as can be?
#include "sim/lower/program_memory.h"

#include <catch2/catch.hpp>

#include "sim/lower/code_phases.h"
#include "sim/program/builder.h"

using namespace tessera;
using namespace tessera::lower;
using namespace tessera::program;

namespace {

// 1,000 bytes of each kind; nothing is stated of `clear`.
std::optional<KernelCode> thousand(const KernelCall& call, const network::Layer&) {
  if (call.kind == KernelKind::clear) return std::nullopt;
  return KernelCode{ops::kernel_name(call.kind), 1000};
}

arch::ArraySpec array_of(Bytes size, bool swaps = true) {
  arch::ArraySpec array;
  array.rows = 2, array.cols = 1;
  array.tile.program = {size, swaps, 500};
  return array;
}

// A core that calls these kinds one after the other, each between the locks of its buffers.
Program calls(const arch::ArraySpec& array, const std::vector<KernelKind>& kinds, int core_row = 0) {
  ProgramBuilder builder(array);
  const EngineId core = builder.map().core(core_row, 0);
  for (const KernelKind kind : kinds) {
    builder.acquire(core, 0, 1, 0);
    KernelCall call;
    call.kind = kind;
    builder.call(core, call);
    builder.release(core, 1, 1, 0);
  }
  return builder.finish();
}

// "L0 a c r a c r": loads with their images, acquires, calls, releases.
std::string steps_of(const Program& program, EngineId core) {
  std::string text;
  for (const std::int32_t i : execution_order(program.engines[core].steps)) {
    const CoreInstr& c = program.engines[core].core[i];
    text += c.op == CoreOp::load      ? "L" + std::to_string(c.call)
            : c.op == CoreOp::acquire ? "a"
            : c.op == CoreOp::release ? "r"
                                      : "c";
  }
  return text;
}

const KernelKind conv = KernelKind::conv, add = KernelKind::add, copy = KernelKind::copy, clear = KernelKind::clear;

}  // namespace

TEST_CASE("code that has room together is loaded once, with the design") {
  const arch::ArraySpec array = array_of(3000, false);
  const auto placed = place_code(calls(array, {conv, add, conv, copy, clear, add}), array, thousand);
  REQUIRE(placed);
  const EngineMap map(array);
  CHECK(steps_of(*placed, map.core(0, 0)) == "L0acracracracracracr");
  CHECK(placed->images == std::vector<CodeImage>{{0, 1, 2}});
  CHECK(placed->code.size() == 3);
  CHECK(placed->engines[map.core(1, 0)].steps.empty());  // a core without work loads nothing
  for (const KernelCall& call : placed->calls) CHECK((call.code == -1) == (call.kind == clear));
}

TEST_CASE("code without room is loaded behind the buffers that the last call gave back, with all that follows") {
  const arch::ArraySpec array = array_of(2000);
  const auto placed = place_code(calls(array, {conv, add, copy, conv, add}), array, thousand);
  REQUIRE(placed);
  CHECK(steps_of(*placed, EngineMap(array).core(0, 0)) == "L0acracrL1acracrL2acr");
  CHECK(placed->images == std::vector<CodeImage>{{0, 1}, {0, 2}, {1}});
}

TEST_CASE("images that are alike are one") {
  const arch::ArraySpec array = array_of(1000);
  const auto placed = place_code(calls(array, {conv, add, conv, add, add}), array, thousand);
  REQUIRE(placed);
  CHECK(steps_of(*placed, EngineMap(array).core(0, 0)) == "L0acrL1acrL0acrL1acracr");
  CHECK(placed->images.size() == 2);
}

TEST_CASE("where code is not swapped, or one call wants too much, the run does not fit") {
  const arch::ArraySpec stays = array_of(2000, false);
  auto refused = place_code(calls(stays, {conv, add, copy}), stays, thousand);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
  REQUIRE(refused.failure().problems.size() == 1);
  CHECK(refused.failure().problems[0].what.find("3000 B of code: conv 1000 B, add 1000 B, copy 1000 B") !=
        std::string::npos);
  CHECK(refused.failure().problems[0].legal.find("2000 B") != std::string::npos);
  CHECK(place_code(calls(stays, {conv, add}), stays, thousand));

  const arch::ArraySpec tiny = array_of(999);
  refused = place_code(calls(tiny, {conv}), tiny, thousand);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ExitCode::does_not_fit);
}

TEST_CASE("a loop is never left for other code") {
  const arch::ArraySpec array = array_of(2000);
  const auto looped = [&](std::vector<KernelKind> kinds, int of) {
    ProgramBuilder builder(array);
    const EngineId core = builder.map().core(0, 0);
    for (const KernelKind kind : kinds) {
      KernelCall call;
      call.kind = kind;
      builder.call(core, call);
    }
    builder.repeat_last(core, of, 3);
    return place_code(builder.finish(), array, thousand);
  };
  const auto fits = looped({copy, conv, add}, 2);  // copy, then three times conv and add
  REQUIRE(fits);
  CHECK(steps_of(*fits, EngineMap(array).core(0, 0)) == "L0cL1cccccc");
  const auto too_much = looped({copy, conv, add}, 3);
  REQUIRE_FALSE(too_much);
  CHECK(too_much.failure().code == ExitCode::does_not_fit);
}

TEST_CASE("kernels whose code nobody states leave the program as it is") {
  const arch::ArraySpec array = array_of(100, false);
  const auto placed = place_code(calls(array, {clear, clear}), array, thousand);
  REQUIRE(placed);
  CHECK(steps_of(*placed, EngineMap(array).core(0, 0)) == "acracr");
  CHECK(placed->code.empty());
}

TEST_CASE("cores load other code at the same layer, also one that had room for longer") {
  const arch::ArraySpec array = array_of(3000);
  ProgramBuilder builder(array);
  const auto calls_of = [&](int core_row, const std::vector<std::pair<int, KernelKind>>& calls) {
    const EngineId core = builder.map().core(core_row, 0);
    for (const auto& [layer, kind] : calls) {
      builder.acquire(core, 0, 1, layer);
      KernelCall call;
      call.kind = kind;
      call.layer = static_cast<std::int16_t>(layer);
      builder.call(core, call);
      builder.release(core, 1, 1, layer);
    }
  };
  const KernelKind maxpool = KernelKind::maxpool, avgpool = KernelKind::avgpool;
  calls_of(0, {{1, conv}, {2, copy}, {3, add}, {4, maxpool}, {5, conv}, {6, avgpool}});
  calls_of(1, {{1, conv}, {3, add}, {4, maxpool}, {6, avgpool}});
  const auto placed = place_code(builder.finish(), array, thousand);
  REQUIRE(placed);
  const EngineMap map(array);
  CHECK(steps_of(*placed, map.core(0, 0)) == "L0acracracrL1acracracr");
  CHECK(steps_of(*placed, map.core(1, 0)) == "L2acracrL3acracr");
}
