// Steps of the tensors of a float network, from images: for each tensor the step whose int8 form has the least squared
// error, among steps that clip little or nothing.
#pragma once
#include "sim/evaluation/dataset.h"
#include "sim/import/scales.h"

namespace tessera::evaluation {

constexpr std::int64_t calibration_images = 256;  // more say little more

// Of the first `calibration_images` of the set; 0 for a tensor of zeros.
import::ObservedSteps observed_steps(const import::Imported& imported, const Dataset& images);

// Of values: the best of 29 steps between 0.3 and 1 times the largest magnitude over 127.
double best_step(const std::vector<float>& values);

}  // namespace tessera::evaluation
