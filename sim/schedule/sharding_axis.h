// Along which axis each tensor is spread over the memory tiles. As long as kernels and maps are square, the height
// serves as well as the width. Where they are not, the axis is chosen over the whole graph: a layer costs what its
// cheapest mapping costs with its tensors as they stand, which is more where columns must walk across memory tiles.
#pragma once
#include <algorithm>
#include <vector>

#include "sim/schedule/layer_choice.h"

namespace tessera::schedule {

// Whether height and width are the same to a layer: its map, and the windows of it and of the kernels that compute it.
bool is_square(const network::Layer& geometry, const network::Layer& kernel);

// One layer: the tensors with a choice that it touches, numbered in the order in which they are complete, and what it
// costs by their choices: bit k of the index is that of tensors[k].
struct AxisCosts {
  std::vector<int> tensors;
  std::vector<double> cost;
  int first() const { return *std::min_element(tensors.begin(), tensors.end()); }
  int last() const { return *std::max_element(tensors.begin(), tensors.end()); }
};

double cost_of(const std::vector<AxisCosts>& layers, const std::vector<bool>& choice);

// The cheapest choice for tensors 0..count-1: a shortest path over those that everything passes (no layer reaches
// across), with the best for the tensors between each two of them. All false if no choice has a finite cost.
std::vector<bool> cheapest_axes(const std::vector<AxisCosts>& layers, int count);

// The pass.
void choose_axes(const Inputs& in, Search& search, Draft& draft);

}  // namespace tessera::schedule
