// Does the verifier know what has to stand in the program memory of a core, and does loading it take its time?
#include <catch2/catch.hpp>

#include "sim/exec/backend.h"
#include "sim/lower/program_memory.h"
#include "sim/program/text.h"
#include "sim/run/isolate.h"
#include "sim/verify/verify.h"
#include "tests/verify/hand_program.h"

using namespace tessera;
using namespace tessera::program;

namespace {

// The program written by hand on cores whose program memory holds `size` bytes: 3,000 for each of its two kernels.
struct Coded {
  explicit Coded(Bytes size) : subject(hand_made()), array(subject.array), map(array) {
    array.tile.program = {size, true, 1000};
    const auto code = [](const KernelCall& call, const network::Layer&) -> std::optional<KernelCode> {
      return KernelCode{ops::kernel_name(call.kind), 3000};
    };
    Expected<Program> placed = lower::place_code(subject.program, array, code);
    REQUIRE(placed);
    program = std::move(*placed);
  }
  std::string problem() const {
    const std::optional<Failure> wrong = verify::verify(program, array);
    return wrong ? describe({wrong->code, {wrong->problems[0]}}) : "";
  }
  EngineProgram& core() { return program.engines[map.core(0, 0)]; }
  CoreInstr& load(int n) {
    for (CoreInstr& c : core().core)
      if (c.op == CoreOp::load && n-- == 0) return c;
    throw std::runtime_error("no such load");
  }
  int loads() {
    int count = 0;
    for (const CoreInstr& c : core().core) count += c.op == CoreOp::load ? 1 : 0;
    return count;
  }
  Millicycles total() const {
    const auto simulated = [&]() -> Expected<std::string> {
      const auto sim = exec::simulate(program, array, std::vector<Millicycles>(program.calls.size(), 50000), {});
      if (!sim) return sim.failure();
      return std::to_string(sim->total);
    };
    const auto text = run::IsolatedTask(simulated).wait();
    REQUIRE(text);
    return std::stoll(*text);
  }

  Subject subject;
  arch::ArraySpec array;
  EngineMap map;
  Program program;
};

}  // namespace

TEST_CASE("code that fits and code that is swapped are both right, also when written and read back") {
  for (const Bytes size : {6000, 5999}) {
    Coded c(size);
    CHECK(c.problem() == "");
    CHECK(c.loads() == (size == 6000 ? 1 : 2));
    const auto read = parse_program(write_program(c.program, c.array), c.array);
    REQUIRE(read);
    CHECK(write_program(*read, c.array) == write_program(c.program, c.array));
    c.program = *read;
    CHECK(c.problem() == "");
    CHECK(functional_objection(c.subject, c.program) == "");
  }
}

TEST_CASE("a swap takes its time, the first code none") {
  const Millicycles without = [] {
    Coded c(6000);
    c.program = c.subject.program;
    return c.total();
  }();
  CHECK(Coded(6000).total() == without);
  const Millicycles swapped = Coded(5999).total() - without;
  CHECK(swapped > 900 * 1000);  // waits for data hide a part of the 1,000 cycles
  CHECK(swapped <= 1000 * 1000);
}

TEST_CASE("every rule of program memory is refused when it is broken") {
  const auto after = [](Bytes size, auto&& change) {
    Coded c(size);
    change(c);
    return c.problem();
  };
  CHECK(after(6000, [](Coded& c) { c.program.code[0].bytes = 3001; }).find("6001 bytes of code") != std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.program.code[0].bytes = 0; }).find("0 bytes") != std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.program.images[0] = {0}; }).find("is not in its program memory") !=
        std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.program.images[0] = {0, 2}; }).find("code 2") != std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.program.images[0] = {1, 0}; }).find("ascending") != std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.load(0).call = 7; }).find("loads image 7") != std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.program.calls[0].code = 2; }).find("code 2") != std::string::npos);
  CHECK(after(6000, [](Coded& c) { c.program.calls[0].code = 1; }).find("runs the code of") != std::string::npos);
  CHECK(after(6000, [](Coded& c) {
          c.core().steps.erase(c.core().steps.begin());  // the load with the design
        }).find("is not in its program memory") != std::string::npos);
  CHECK(after(5999, [](Coded& c) { c.load(1).call = c.load(0).call; }).find("is not in its program memory") !=
        std::string::npos);
  CHECK(after(5999, [](Coded& c) { c.array.tile.program.swaps = false; }).find("loads code while the program runs") !=
        std::string::npos);
}

TEST_CASE("a loop comes round with the code that it leaves") {
  Coded c(5999);
  std::vector<Step>& steps = c.core().steps;
  REQUIRE(c.core().core[static_cast<std::size_t>(steps[0].index)].op == CoreOp::load);
  // A loop over everything behind the first load: its second turn begins with the code of the additions.
  steps.insert(steps.begin() + 1, {-1, 2, static_cast<std::int32_t>(steps.size()) - 1});
  CHECK(c.problem().find("is not in its program memory") != std::string::npos);
}
