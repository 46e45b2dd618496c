// How a layer's output is divided among the cores: the sharding says which axis of the output the columns and the rows
// of the array split; the partition lists what each core computes and which cores share activations or weights.
#pragma once
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/mapping/mapping.h"
#include "sim/network/network.h"

namespace tessera::mapping {

struct CorePart {
  int row = 0, col = 0;
  Span h, w, b;      // output rows, columns, 8-channel blocks
  int acts = -1;     // group of cores that read the same activations
  int weights = -1;  // group of cores that read the same weights, of a layer that has some
  int second = -1;   // group of cores that read the same of a second input, or of the residual that is added
};

struct CoreGroup {
  std::vector<int> parts;  // indices into Partition::parts
  int lane = 0;            // which of the column's parallel streams it is
  int column = -1;         // the column all its cores stand in, or -1
};

struct Partition {
  Sharding sharding;
  std::vector<CorePart> parts;  // only cores that have work
  std::vector<CoreGroup> acts, weights, seconds;
  int lanes = 1;          // parallel activation streams per column
  double full_lanes = 1;  // the same, those with smaller parts counted as a fraction
  int max_h = 0, max_w = 0, max_b = 0;
};

// Channelwise layers (pools, add) need only their own channels of the input, so cores with different channels never
// share activations. The second factor of a product is shared by cores that differ in rows of the first alone; what is
// added element by element, by none. `rows` are the output rows to compute; `borders` the 8-channel blocks at which,
// but for the first, layers begin that are computed as one.
Partition make_partition(const network::Layer& layer, Span rows, const Sharding& sharding, const arch::ArraySpec& array,
                         const std::vector<int>& borders = {});

// In how many parts a sharding divides the channels.
int channel_parts(const Sharding& sharding, const arch::ArraySpec& array);

}  // namespace tessera::mapping
