// Networks from seeds, each on its random case: scheduled, verified, and computed as the reference computes them.
#pragma once
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "sim/verify/verify.h"
#include "tests/property/random_case.h"

namespace tessera {

// `network_of`: the JSON of a network file, by seed. At most one in twenty may not fit: the small memories are meant to
// be tight, not to make the test empty.
inline void check_random_networks(const std::string& name, int networks,
                                  const std::function<std::string(std::uint64_t)>& network_of) {
  int ran = 0, refused = 0;
  for (int seed = 0; seed < networks; ++seed) {
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = network_of(static_cast<std::uint64_t>(seed));
    INFO(c.text << "\n" << json);
    const auto subject = make_subject(name, json, c.array, c.ratio, c.spec);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) {
      ++refused;
      continue;
    }
    if (!subject) {
      FAIL_CHECK(describe(subject.failure()));
      continue;
    }
    ++ran;
    const std::optional<Failure> wrong = verify::verify(subject->program, subject->array);
    CHECK(describe(wrong.value_or(Failure{})) == "");
    if (!wrong) CHECK(functional_objection(*subject, subject->program) == "");
  }
  INFO(ran << " ran, " << refused << " did not fit");
  CHECK(refused * 20 <= ran);
}

}  // namespace tessera
