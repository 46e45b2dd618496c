// Does the verifier refuse a program whose streams no switch can join?
#include <catch2/catch.hpp>

#include "sim/verify/verify.h"
#include "tests/verify/hand_program.h"

using namespace tessera;

TEST_CASE("a receiver that no link leads to does not fit, one link is enough") {
  Subject subject = hand_made();
  route::Plan routes;
  CHECK_FALSE(verify::verify(subject.program, subject.array, &routes));
  CHECK_FALSE(routes.sets.empty());
  subject.array.stream.memtile.north = 1;
  CHECK_FALSE(verify::verify(subject.program, subject.array));
  subject.array.stream.memtile.north = 0;
  const std::optional<Failure> wrong = verify::verify(subject.program, subject.array);
  REQUIRE(wrong);
  CHECK(wrong->code == ExitCode::does_not_fit);
  CHECK(describe(*wrong).find("no links lead from mem(0,0)") != std::string::npos);
}
