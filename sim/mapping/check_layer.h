// Within sim/mapping only: whether cores, memory tiles and channels of an array can follow what a mapping says of one
// layer.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/mapping/layer_weights.h"
#include "sim/mapping/tiling.h"

namespace tessera::mapping {

// A layer with what is known of it when its turn comes.
struct LayerCheck {
  const network::Layer& layer;  // geometry
  Span rows;
  const LayerMapping& mapping;
  const Computed& computed;
  const InDdr& in_ddr;
  LayerWeights* weights;  // null unless it is a convolution
};

// Problems of the mapping, with paths below `path`; what asks for too much memory goes to `too_large`.
void check_layer_mapping(const LayerCheck& layer, const arch::ArraySpec& array, const std::string& path,
                         std::vector<Problem>& wrong, std::vector<Problem>& too_large);

}  // namespace tessera::mapping
