// The int8 form of a network: symmetric, a step per tensor and a step per output channel of the weights. What the file
// says is kept: tensors between QuantizeLinear and DequantizeLinear, and weights that are integers. Other weights get
// the least step that holds the largest of their channel. Other tensors get the step that was observed with data
// (evaluation/calibration.h), or else one from the root mean square that weights and biases give inputs of root mean
// square 1: good for data that is exact and plausible, not for judging accuracy.
// Maxima and concatenations have the step of what they are made of; that of a softmax is its kernel's.
#pragma once
#include "sim/import/import.h"
#include "sim/sparsity/compaction.h"

namespace tessera::import {

// Weights and biases that are no numbers, by layer.
std::vector<Problem> unfit_weights(const Imported& imported, const std::string& file);

// Steps by LayerId that were seen with data, 0 where none is known; all empty without data.
struct ObservedSteps {
  std::vector<double> tensors;
  std::vector<double> sums;  // of layers with a table behind their arithmetic, before it; may be empty
};

// Sets imported.scales, and multipliers and shifts of the network and of its file. Problems: layers that would have to
// multiply by a negative number, and a softmax in a tensor whose steps are not its own.
[[nodiscard]] std::vector<Problem> choose_scales(Imported& imported, const ObservedSteps& observed = {});

// Parameters of a layer that has weights: int8 weights, int32 biases, int32 multipliers where it has one per channel.
sparsity::WeightTensor quantized(const Imported& imported, const network::Layer& layer);

// A tensor of constants in int8; what stands for minus infinity becomes the least number.
std::vector<std::int8_t> quantized_constant(const std::vector<float>& values, double step);

// multiplier / 2^shift is the nearest to each factor with a common shift; the largest multiplier has 31 bits if the
// shift allows.
struct FixedPoint {
  std::vector<std::int32_t> multipliers;
  int shift = 0;
};
FixedPoint fixed_point(const std::vector<double>& factors);

}  // namespace tessera::import
