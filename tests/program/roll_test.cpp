// Does rolling keep what every engine does, and does it shorten what repeats?
#include "sim/program/roll.h"

#include <catch2/catch.hpp>

#include "sim/program/builder.h"
#include "sim/program/hash.h"
#include "tests/program/random_program.h"

using namespace tessera;

namespace {

void unroll(const EngineProgram& e, std::size_t at, std::size_t end, EngineProgram& out) {
  while (at < end) {
    const Step& s = e.steps[at++];
    if (s.index >= 0) {
      const bool core = !e.core.empty();
      out.steps.push_back({static_cast<std::int32_t>(core ? out.core.size() : out.transfers.size()), 0, 0});
      if (core) out.core.push_back(e.core[s.index]);
      if (!core) out.transfers.push_back(e.transfers[s.index]);
      continue;
    }
    for (int i = 0; i < s.repeat; ++i) unroll(e, at, at + s.body, out);
    at += s.body;
  }
}

Program unrolled(const Program& p) {
  Program q = p;
  for (EngineProgram& e : q.engines) {
    EngineProgram flat;
    unroll(e, 0, e.steps.size(), flat);
    e = flat;
  }
  return q;
}

Transfer piece(int base) {
  Transfer t;
  t.access = linear(base, 64);
  return t;
}

}  // namespace

TEST_CASE("rolling changes nothing that an engine does") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Program p = random_program(small_array(), seed, 60);
    // Make it repeat itself: instructions of few kinds in random order.
    for (EngineProgram& e : p.engines) {
      for (std::size_t i = 0; i < e.transfers.size(); ++i) e.transfers[i] = e.transfers[(i * i + seed) % 3];
      for (std::size_t i = 0; i < e.core.size(); ++i) e.core[i] = e.core[(i * i + seed) % 3];
    }
    const Program before = unrolled(p);
    roll_repeats(p);
    CHECK(program_hash(before) == program_hash(unrolled(p)));
    const std::uint64_t once = program_hash(p);
    roll_repeats(p);
    CHECK(program_hash(p) == once);
  }
}

TEST_CASE("a run of equal transfers becomes one repeat") {
  ProgramBuilder b(small_array());
  const EngineId channel = b.map().tile_channel(0, 0, EngineKind::s2mm, 0);
  const int descriptors = 4;  // of the channel; builder uses them in turn
  for (int i = 0; i < 25 * descriptors; ++i) b.transfer(channel, piece(0));
  Program p = b.finish();
  roll_repeats(p);
  const auto& steps = p.engines[channel].steps;
  REQUIRE(steps.size() == 1 + descriptors);
  CHECK(steps[0].repeat == 25);
  CHECK(steps[0].body == descriptors);
  CHECK(p.engines[channel].transfers.size() == descriptors);
}

TEST_CASE("loops nest, and different waits keep steps apart") {
  ProgramBuilder b(small_array());
  const EngineId core = b.map().core(0, 0), other = b.map().core(0, 1);
  for (int i = 0; i < 10; ++i) {
    for (int k = 0; k < 8; ++k) b.call(core, KernelCall{});
    b.acquire(core, 1, 1, 0);
  }
  for (int i = 0; i < 10; ++i) b.call(other, KernelCall{}, {{core, i}});
  Program p = b.finish();
  roll_repeats(p);
  const auto& steps = p.engines[core].steps;
  REQUIRE(steps.size() == 4);  // repeat 10 { repeat 8 { call } acquire }
  CHECK((steps[0].repeat == 10 && steps[0].body == 3 && steps[1].repeat == 8 && steps[1].body == 1));
  CHECK(p.engines[other].steps.size() == 10);
  CHECK(p.calls.size() == 11);
  CHECK(p.waits.size() == 10);
}
