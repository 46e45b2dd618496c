// Do 300 random networks on random arrays schedule, verify and compute what the reference computes?
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/schedule/verify.h"
#include "tests/property/random_case.h"
#include "tests/property/random_network.h"

using namespace tessera;

namespace {

constexpr int networks = 300;

}  // namespace

TEST_CASE("random networks schedule, verify and match the reference") {
  int ran = 0, refused = 0;
  for (int seed = 0; seed < networks; ++seed) {
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = random_network(static_cast<std::uint64_t>(seed));
    INFO(c.text << "\n" << json);
    const Expected<Subject> subject = make_subject("random", json, c.array, c.ratio, c.spec);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) {
      ++refused;
      continue;
    }
    if (!subject) {
      FAIL_CHECK(describe(subject.failure()));
      continue;
    }
    ++ran;
    const std::optional<Failure> wrong = verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, subject->program) == "");
  }
  INFO(ran << " ran, " << refused << " did not fit");
  CHECK(refused * 20 <= ran);  // the small memories are meant to be tight, not to make the test empty
}
