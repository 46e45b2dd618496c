// Depth-first tiling: a run of layers is walked together in tiles of output rows, so that what lies between the first
// and the last of them never needs its whole place. The projection of an output tile through the layers gives the rows
// of each that are needed; rows that the next tile needs again (halos) are kept, not computed twice.
#pragma once
#include <vector>

#include "sim/network/network.h"
#include "sim/schedule/layer_choice.h"

namespace tessera::schedule {

// Rows that one unit computes at one point of the walk, and from which row on each unit is still read afterwards.
struct DepthStep {
  int unit = 0, tile = 0;
  mapping::Span rows;
  std::vector<int> keep;  // per unit
};

// `units` in execution order; the last one's output is cut into `tiles`. Every unit is one tile ahead of the next one,
// so that cores have work while a tile's rows are on their way to and from the memory tiles.
std::vector<DepthStep> depth_steps(const std::vector<Unit>& units, int tiles);

}  // namespace tessera::schedule
