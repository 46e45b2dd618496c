// What is guessed of the results of a table when no data was seen.
#pragma once
#include <vector>

#include "sim/network/network.h"

namespace tessera::import {

constexpr double target_rms = 40;           // of int8 data: 3 sigma within the range
constexpr double reach = 127 / target_rms;  // root mean squares that int8 holds

// Whether a table is of numbers that are not above zero: differences of a tensor and its maximum, as the exponentials
// of a softmax have them.
bool is_below_its_maximum(const std::vector<network::Layer>& layers, const network::Layer& table);

// Root mean square of a function's results for normal arguments of this root mean square, all or those up to zero, and
// the largest within the reach of int8.
struct Results {
  double rms = 0, most = 0;
};
Results results_of(const ops::Lookup& lookup, double rms, bool up_to_zero);

}  // namespace tessera::import
