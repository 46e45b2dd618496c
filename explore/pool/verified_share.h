// Which runs of a sweep the verifier judges: every dense baseline, and one sparse run in `verified_one_in`, chosen by
// its key. The verifier takes about half of the time of a point, and points of a sweep differ in numbers, not in kind:
// a fault of a scheduler breaks its rules in many of them. The choice depends on the key alone, so that any two runs of
// a sweep, wherever they were stopped, write the same table.
#pragma once
#include <string>

namespace tessera::explore {

constexpr int verified_one_in = 16;

bool is_verified(const std::string& key, bool dense);

}  // namespace tessera::explore
