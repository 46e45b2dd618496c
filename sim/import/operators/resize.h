// Where a Resize takes its elements from.
#pragma once
#include "sim/import/call.h"

namespace tessera::import {

// By dimension, for every place of the output: the place in the input, between two elements where it is interpolated.
std::vector<std::vector<double>> resize_positions(Call& call);

}  // namespace tessera::import
