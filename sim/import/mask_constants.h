// Constants, and inputs of the file, that stand for minus infinity. What they are added to ends at the least int8, so
// far below the others that a softmax makes nothing of it.
#pragma once
#include <vector>

#include "sim/import/import.h"

namespace tessera::import {

// How far below zero, in the numbers of the file, the least int8 of such a sum is at least: exp(-12) of 1000 masked
// scores is less than a step of a softmax.
constexpr double mask_distance = 12;

struct ConstantRange {
  double most = 0;  // the largest magnitude, without those that stand for minus infinity
  double masked;    // numbers up to this one do; minus infinity where there is none
};

// Numbers below -1000; or the other one of a tensor of zeros and one number that is far below them.
ConstantRange range_of(const std::vector<float>& values);

// The layer that made what stands in a tensor: behind it elements were moved alone.
const network::Layer& origin(const std::vector<network::Layer>& layers, network::LayerId id);

// Whether a layer is an input of the file beside the first that is added to scores alone, which softmax reads: taken
// for a mask.
bool is_mask_input(const Imported& imported, const network::Layer& layer);

// Whether a layer is a sum with such a constant or input.
bool adds_mask(const Imported& imported, const network::Layer& layer);

}  // namespace tessera::import
