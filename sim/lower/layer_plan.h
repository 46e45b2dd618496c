// One step of a mapping with everything that follows from it: what its layer reads and leaves, which core computes
// what, and how large every buffer is.
#pragma once
#include <vector>

#include "sim/lower/emission.h"
#include "sim/mapping/computation.h"

namespace tessera::lower {

using mapping::CoreGroup;
using mapping::CorePart;
using mapping::Partition;
using mapping::split;
using mapping::Tiling;

struct LayerPlan : mapping::Computation {
  mapping::Span rows;     // of the output
  int input_sharers = 1;  // columns that read from one memory tile at a time (rows of a depth-first tile)
  bool crosses = false;   // columns split another axis of the map than that along which the input is spread
  Partition partition;
  Tiling tiling;
  mapping::CoreBuffers buffers;
  mapping::Channels channels;
  int first_spill = 0;  // outbound channel of a memory tile
  mapping::InDdr in_ddr;
};

LayerPlan make_layer_plan(Emission& emission, const mapping::Compute& compute);

}  // namespace tessera::lower
