// Does the text form keep everything, and does it refuse what is not a program without crashing?
#include "sim/program/text.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "sim/base/random.h"
#include "sim/program/hash.h"
#include "tests/program/random_program.h"

using namespace tessera;
using namespace tessera::program;

namespace {

std::string first_problem(const std::string& text) {
  const auto parsed = parse_program(text, small_array(), "p.txt");
  REQUIRE_FALSE(parsed);
  return describe({ExitCode::bad_input, {parsed.failure().problems.front()}});
}

// The text with the first `from` replaced.
std::string edited(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const char* const head = "program 1\narray \"small\" rows=2 cols=3 memtile_rows=1 tile=2,2 memtile=6,6 shim=2,2\n";

}  // namespace

TEST_CASE("what is written is read back unchanged") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Program p = random_program(small_array(), seed, 40);
    const std::string text = write_program(p, small_array());
    const auto back = parse_program(text, small_array());
    if (!back) FAIL(describe(back.failure()));
    CHECK(program_hash(p) == program_hash(*back));
    CHECK(write_program(*back, small_array()) == text);
  }
}

TEST_CASE("comments and blank lines change nothing") {
  const Program p = random_program(small_array(), 1, 10);
  std::string text = write_program(p, small_array());
  text = "# a comment\n\n" + edited(text, "\naccounting", "\n  # another\n\naccounting");
  const auto back = parse_program(text, small_array());
  REQUIRE(back);
  CHECK(program_hash(p) == program_hash(*back));
}

TEST_CASE("a problem names file, line and field and offers the nearest name") {
  const std::string move = "move route=0 bd=0 mem=tile(0,0) at=0 dims=64 layer=0 payload=none\n";
  const auto in_engine = [&](const std::string& steps) { return head + ("engine tile(0,0).s2mm0\n" + steps); };
  CHECK(first_problem("hello") == "p.txt: line 1: the text does not begin with 'program 1'");
  CHECK(first_problem("") == "p.txt: line 0: the text has no 'program end': it was cut");
  CHECK(first_problem(in_engine(edited(move, "tile(0,0)", "tile(0,7)"))) ==
        "p.txt: line 4: mem: unknown tile 'tile(0,7)'; did you mean 'tile(0,0)'?");
  CHECK(first_problem(in_engine(edited(move, "payload=none", "payload=wheights"))) ==
        "p.txt: line 4: payload: unknown payload 'wheights'; did you mean 'weights'?");
  CHECK(first_problem(in_engine(edited(move, "bd=0", "bd=70000"))) ==
        "p.txt: line 4: bd: cannot read '70000'; legal: a number from -32768 to 32767");
  CHECK(first_problem(in_engine(edited(move, "layer=0", "layers=0"))) == "p.txt: line 4: layer: is missing");
  CHECK(first_problem(in_engine(edited(move, "layer=0", "layer=0 lyer=0"))) ==
        "p.txt: line 4: lyer: unknown field; did you mean 'layer'?");
  CHECK(first_problem(in_engine(edited(move, "layer=0", "layer=0 layer=1"))) == "p.txt: line 4: layer: given twice");
  CHECK(first_problem(in_engine(edited(move, "dims=64", "dims=64,7@"))) ==
        "p.txt: line 4: dims: cannot read '64,7@'; legal: up to 4 times count@step+before+after, separated by ','");
  CHECK(first_problem(in_engine("acquire 1:1 layer=0\n")) ==
        "p.txt: line 4: 'acquire' is not a step of tile(0,0).s2mm0; legal: move");
  CHECK(first_problem(in_engine("repeat 3\n" + move) + "program end\n") ==
        "p.txt: line 6: 1 'repeat' of tile(0,0).s2mm0 without 'end'");
  CHECK(first_problem(in_engine("moov route=0\n")) == "p.txt: line 4: unknown keyword 'moov'; did you mean 'move'?");
  CHECK(first_problem(edited(head, "rows=2", "rows=3")) == "p.txt: line 2: rows: the text says 3, the hardware has 2");
  CHECK(first_problem(std::string(head) + "mask 0 rows=2 cols=9 unit=1,1\n  ff8\n  fff0\n") ==
        "p.txt: line 5: row 1 of the mask is not 3 hexadecimal digits");
  CHECK(first_problem(std::string(head) + "chunk 1 layer=0 rows=0 cols=0:1 taps=1 blocks=1 size=0,0,64 ddr=0\n") ==
        "p.txt: line 3: number: found 1; legal: 0, the next in order");
}

TEST_CASE("all problems are found in one pass") {
  const auto parsed =
      parse_program(std::string(head) + "engine nowhere\nddr byts=3\nlock mem(0,0) x value=1 role=no\n", small_array());
  REQUIRE_FALSE(parsed);
  CHECK(parsed.failure().code == ExitCode::bad_input);
  CHECK(parsed.failure().problems.size() == 5);  // engine, bytes missing, byts unknown, x, no
}

TEST_CASE("cut and damaged texts are refused or read, never fatal") {
  const std::string text = write_program(random_program(small_array(), 3, 30), small_array());
  Random random(11);
  for (int i = 0; i < 400; ++i) {
    const std::string cut = text.substr(0, random.below(text.size() - 1));
    CHECK_FALSE(parse_program(cut, small_array()));
  }
  for (int i = 0; i < 400; ++i) {
    std::string damaged = text;
    for (int k = 0; k < 5; ++k) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    (void)static_cast<bool>(parse_program(damaged, small_array()));
  }
  for (int i = 0; i < 50; ++i) {
    std::string garbage;
    for (int k = 0; k < 300; ++k) garbage += static_cast<char>(random.below(256));
    CHECK_FALSE(parse_program("program 1\n" + garbage, small_array()));
  }
}

TEST_CASE("indices that name nothing are written so that reading refuses them") {
  Program p = random_program(small_array(), 4, 10);
  p.engines.back().transfers[0].memory = 999;
  p.routes[0].source = -5;
  const auto parsed = parse_program(write_program(p, small_array()), small_array());
  REQUIRE_FALSE(parsed);
  CHECK(parsed.failure().problems.size() == 2);
}

TEST_CASE("300,000 instructions are written and read back") {
  const Program p = random_program(small_array(), 5, 300000 / 66);
  const std::string text = write_program(p, small_array());
  const auto back = parse_program(text, small_array());
  REQUIRE(back);
  CHECK(write_program(*back, small_array()) == text);
}

TEST_CASE("a range that ends at the largest integer is read, and one that is too long refused") {
  const auto problem_with = [&](const std::string& inputs) {
    const auto parsed = parse_program(head + ("layer 0 name=a op=conv2d inputs=" + inputs) + "\n", small_array());
    return describe(parsed.failure());
  };
  CHECK(problem_with("2147483647").find("inputs: ") == std::string::npos);
  CHECK(problem_with("2147483640-2147483647").find("inputs: ") == std::string::npos);
  CHECK(problem_with("0-2147483647").find("inputs: ") != std::string::npos);
}
