// What a random network is scheduled on and with: array, policy, sparsity, all from the seed.
#pragma once
#include <cstdint>
#include <string>

#include "tests/verify/subject.h"

namespace tessera {

struct Case {
  std::string text;  // what it is, for messages
  arch::ArraySpec array;
  double ratio = 0;
  schedule::ScheduleSpec spec;
};

Case random_case(std::uint64_t seed);

}  // namespace tessera
