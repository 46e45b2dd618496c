// How a layer's output is divided among the cores: a mapping says which axis of the output the columns and the rows of
// the array split; the partition lists what each core computes and which cores share activations or weights.
//
//   cols=height rows=channels      cores of a column share activations, cores of a row share weights
//   cols=channels rows=channels    all cores share activations, none shares weights
#pragma once
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/network/network.h"
#include "sim/schedule/schedule.h"

namespace tessera::schedule {

struct Span {
  int lo = 0, hi = 0;
  int size() const { return hi - lo; }
  bool empty() const { return hi <= lo; }
  bool operator==(const Span& o) const { return lo == o.lo && hi == o.hi; }
};

// Part i of [lo, hi) divided into `parts` parts whose sizes differ by at most one.
Span split(Span whole, int parts, int i);

struct Mapping {
  Axis cols = Axis::height;
  Axis rows = Axis::channels;
};
std::string mapping_name(const Mapping& m);
const char* axis_name(Axis a);

struct CorePart {
  int row = 0, col = 0;
  Span h, w, b;      // output rows, columns, 8-channel blocks
  int acts = -1;     // group of cores that read the same activations
  int weights = -1;  // group of cores that read the same weights (conv only)
};

struct CoreGroup {
  std::vector<int> parts;  // indices into Partition::parts
  int lane = 0;            // which of the column's parallel streams it is
  int column = -1;         // the column all its cores stand in, or -1
};

struct Partition {
  Mapping mapping;
  std::vector<CorePart> parts;  // only cores that have work
  std::vector<CoreGroup> acts, weights;
  int lanes = 1;          // parallel activation streams per column
  double full_lanes = 1;  // the same, those with smaller parts counted as a fraction
  int max_h = 0, max_w = 0, max_b = 0;
};

// Channelwise layers (pools, add) need only their own channels of the input, so cores with different channels never
// share activations. `rows` are the output rows to compute.
Partition make_partition(const network::Layer& layer, Span rows, const Mapping& mapping, const arch::ArraySpec& array);

}  // namespace tessera::schedule
