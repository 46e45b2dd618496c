// Does the verifier accept a program that is right, and say of a wrong one what is wrong and where?
#include "sim/verify/verify.h"

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/program/text.h"
#include "tests/program/random_program.h"
#include "tests/verify/hand_program.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;
using namespace tessera::verify;

namespace {

std::string first_problem(const Program& program, const ArraySpec& array) {
  const std::optional<Failure> wrong = verify::verify(program, array);
  return wrong ? describe({wrong->code, {wrong->problems[0]}}) : "";
}

class Hand {
 public:
  Hand() : subject(hand_made()), map(subject.array), program(subject.program) {}
  Transfer& transfer(EngineId e, int n) { return program.engines[e].transfers[n]; }
  std::string problem() const { return first_problem(program, subject.array); }

  Subject subject;
  EngineMap map;
  Program program;
};

}  // namespace

TEST_CASE("the program written by hand is right") {
  const Hand h;
  CHECK(h.problem() == "");
  CHECK(functional_objection(h.subject, h.program) == "");
}

TEST_CASE("a program that was written and read is judged alike") {
  Hand h;
  const auto read_back = [&] { return *parse_program(write_program(h.program, h.subject.array), h.subject.array); };
  CHECK(first_problem(read_back(), h.subject.array) == "");
  h.program.calls[1].in += 32;
  CHECK(h.problem() != "");
  CHECK(first_problem(read_back(), h.subject.array) == h.problem());
}

TEST_CASE("a layer that keeps its zeros has all blocks of its weights") {
  Hand h;
  ProgramLayer& layer = h.program.layers[1];
  h.program.masks = {{1, 1, 1, 1, {1}}};
  layer.mask = 0;
  layer.zeros_kept = true;
  CHECK(h.problem() == "");
  h.program.masks[0].bits[0] = 0;
  CHECK(h.problem().find("keeps its zeros, and its mask has") != std::string::npos);
  layer.mask = -1;
  CHECK(h.problem().find("keeps its zeros, and has no mask") != std::string::npos);
}

TEST_CASE("a loop is executed as often as it says") {
  Hand h;
  h.transfer(h.map.tile_channel(0, 0, EngineKind::s2mm, 1), 0).release.value = 2;  // the core acquires 1 of it
  CHECK(h.problem() != "");
  std::vector<Step>& steps = h.program.engines[h.map.core(0, 0)].steps;
  steps.insert(steps.begin(), {-1, 2, 1});
  CHECK(h.problem() == "");
  steps[0].repeat = 3;
  CHECK(h.problem().find("waits for 1 of lock 3") != std::string::npos);
}

TEST_CASE("a halo row that is missing is named by engine, step, layer, element and address") {
  Hand h;
  Transfer& t = h.transfer(h.map.mem_channel(0, EngineKind::mm2s, 0), 1);  // rows 0 to 3 for output row 1
  REQUIRE(t.region.h1 == 3);
  t.access.base += 32;
  CHECK(h.problem() ==
        "mem(0,0).mm2s0 step 1 layer conv: reads: input [h 0:1, w 0:1, c 0:8] at address 32 of mem(0,0) is missing: "
        "there stands input [h 0:6, w 0:4, c 0:8]");
}

TEST_CASE("a buffer that is overwritten while it is read") {
  Hand h;
  h.program.locks[0].value = 3;  // one credit too many for the two input windows of core 0
  CHECK(h.problem() ==
        "tile(0,0).s2mm0 step 2 layer conv: writes input [h 1:4, w -1:5, c 0:8] in tile(0,0) at address 1024, which "
        "instruction 4 of core(0,0) reads: nothing orders the two");
}

TEST_CASE("tensors are read only when they are there") {
  Hand h;
  h.transfer(h.map.mem_channel(0, EngineKind::mm2s, 1), 0).wait_count = 0;
  CHECK(h.problem().find("conv [h 0:1, w 0:1, c 0:8] at address 1024 of mem(0,0)") != std::string::npos);
}

TEST_CASE("a wait cycle is told in words") {
  Hand h;
  Transfer& first = h.transfer(h.map.mem_channel(0, EngineKind::mm2s, 0), 0);
  h.program.waits[first.wait0] = {h.map.mem_channel(0, EngineKind::s2mm, 2), 1};  // its own result
  CHECK(h.problem() ==
        "core(0,0): deadlock: core(0,0) step 1 layer conv waits for 1 of lock 1 (input_full) of tile(0,0), which "
        "stands at 0 and is held by tile(0,0).s2mm0; tile(0,0).s2mm0 step 0 layer conv waits for bytes from "
        "mem(0,0).mm2s0; mem(0,0).mm2s0 step 0 layer conv waits for task 1 of mem(0,0).s2mm2, which has completed 0; "
        "mem(0,0).s2mm2 step 0 layer conv waits for bytes from tile(0,0).mm2s0; tile(0,0).mm2s0 step 0 layer conv "
        "waits for 1 of lock 7 (output_full) of tile(0,0), which stands at 0 and is held by core(0,0)");
  CHECK(verify::verify(h.program, h.subject.array)->code == ExitCode::deadlock);
}

TEST_CASE("an engine that waits for what has ended") {
  Hand h;
  Transfer& first = h.transfer(h.map.mem_channel(0, EngineKind::mm2s, 0), 0);
  h.program.waits[first.wait0].tasks = 7;
  CHECK(h.problem().find("waits for task 7 of mem(0,0).s2mm0, which has ended after 1") != std::string::npos);
  CHECK(verify::verify(h.program, h.subject.array)->code == ExitCode::deadlock);
}

TEST_CASE("two engines that compete for a lock are refused") {
  Hand h;
  // The operand channel of core 0 takes its credits from the input's lock.
  for (Transfer& t : h.program.engines[h.map.tile_channel(0, 0, EngineKind::s2mm, 1)].transfers)
    if (t.acquire.lock == 4) t.acquire.lock = 0;
  CHECK(h.problem().find("in no fixed order with") != std::string::npos);
}

TEST_CASE("an element that nobody computes, and one that is computed twice") {
  Hand h;
  Program twice = h.program;
  auto& steps = twice.engines[h.map.core(0, 0)].steps;
  steps.insert(steps.begin() + 3, steps[3]);
  CHECK(first_problem(twice, h.subject.array) ==
        "layer conv: element h 0, w 0, c 0 to 8 is computed 2 times; legal: once");
  CHECK(verify::verify(twice, h.subject.array)->code == ExitCode::bad_input);
  h.program.pieces.pop_back();
  CHECK(h.problem().find("which is not its placement") != std::string::npos);
}

TEST_CASE("a step of a layer that does not exist") {
  Hand h;
  h.program.engines[h.map.core(0, 0)].core[0].layer = 7;
  CHECK(h.problem() == "core(0,0) step 0 layer #7: layer 7");
}

TEST_CASE("programs for another array are refused") {
  const Hand h;
  CHECK(first_problem(h.program, generic_array(2, 2)) ==
        "array: the program is for 2 x 1 cores with 1 memory tiles per column; the hardware has 2 x 2 with 1");
}

TEST_CASE("a program without content is judged by its structure, locks and order alone") {
  Hand h;
  for (EngineProgram& e : h.program.engines)
    for (Transfer& t : e.transfers) t.payload = Payload::none;
  CHECK(h.problem() != "");
  h.program.tensors = false;
  CHECK(h.problem() == "");
  for (KernelCall& k : h.program.calls) k.kind = KernelKind::ops;
  CHECK(h.problem() == "");
  h.program.tensors = true;
  CHECK(h.problem().find("ops calls say nothing of tensors") != std::string::npos);
  h.program.tensors = false;
  h.program.engines[h.map.tile_channel(1, 0, EngineKind::mm2s, 0)].transfers[2].acquire = {};
  CHECK(h.problem() != "");
}

TEST_CASE("programs of random numbers are refused, never fatal") {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    CHECK(verify::verify(random_program(small_array(), seed, 20), small_array()));
}

TEST_CASE("a text with damaged numbers is refused or judged, never fatal") {
  const Hand h;
  const std::string text = write_program(h.program, h.subject.array);
  Random random(3);
  int parsed = 0, refused = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string damaged = text;
    for (std::uint64_t k = 1 + random.below(2); k > 0;) {
      char& c = damaged[random.below(damaged.size())];
      if (c < '0' || c > '9') continue;
      c = static_cast<char>('0' + random.below(10));
      --k;
    }
    const Expected<Program> program = parse_program(damaged, h.subject.array);
    if (!program) continue;
    ++parsed;
    refused += verify::verify(*program, h.subject.array) ? 1 : 0;
  }
  CHECK(parsed > 1000);
  CHECK(refused > parsed / 2);  // the rest changed a digit into itself, a shift, a descriptor, a label
}
