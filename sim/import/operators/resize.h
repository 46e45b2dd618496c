// Where a Resize takes its elements from.
#pragma once
#include <utility>

#include "sim/import/call.h"

namespace tessera::import {

// What an element of the output is made of: places in the input, ascending, and their shares, which sum up to 1.
using PixelMix = std::vector<std::pair<std::int64_t, double>>;

// By dimension, for every place of the output.
std::vector<std::vector<PixelMix>> resize_mixes(Call& call);

// Whether it mixes more than two places of a dimension: cubic, or antialiased where it shrinks.
bool mixes_many(Call& call);

// Of one that does not: by dimension, for every place of the output the place in the input, between two elements where
// it is interpolated.
std::vector<std::vector<double>> resize_positions(Call& call);

}  // namespace tessera::import
