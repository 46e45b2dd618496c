// Depth-wise tiling: a run of layers is walked together in tiles of output rows, so that what lies between the first
// and the last of them never needs a whole home. The projection of an output tile through the layers gives the rows of
// each that are needed; rows that the next tile needs again (halos) are kept, not computed twice.
#pragma once
#include <vector>

#include "sim/network/network.h"
#include "sim/schedule/partition.h"

namespace tessera::schedule {

// One layer of a run, or a convolution with what is fused into it.
struct DepthUnit {
  network::Layer geometry;                  // output shape, and the window of one output element in `input`
  network::LayerId kernel = 0;              // the layer that is computed
  int fused = -1;                           // layer computed with it, or -1
  network::LayerId target = 0;              // tensor it leaves
  std::vector<network::LayerId> same_rows;  // tensors read row by row (operands)
};

// Rows that one unit computes at one point of the walk, and from which row on each unit is still read afterwards.
struct DepthStep {
  int unit = 0, tile = 0;
  Span rows;
  std::vector<int> keep;  // per unit
};

// `units` in execution order; the last one's output is cut into `tiles`. Every unit is one tile ahead of the next one,
// so that cores have work while a tile's rows are on their way to and from the memory tiles.
std::vector<DepthStep> depth_steps(const std::vector<DepthUnit>& units, int tiles);

}  // namespace tessera::schedule
