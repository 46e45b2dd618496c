// A policy decides what the passes leave open. One file per policy, in policies/.
#pragma once
#include <vector>

#include "sim/mapping/mapping.h"

namespace tessera::schedule {

class Policy {
 public:
  virtual ~Policy() = default;
  // Ways to divide a layer whose kernel and maps are square or not, and whose tensors are spread along such axes; the
  // cheapest estimate wins, the first of equals.
  virtual std::vector<mapping::Sharding> shardings(bool square, mapping::Axis input_axis,
                                                   mapping::Axis output_axis) const = 0;
  // Axis along which tensors are spread over the memory tiles, height or width, where nothing speaks for the other one.
  virtual mapping::Axis axis() const = 0;
  // Choose that axis for each tensor where kernels or maps are not square.
  virtual bool weighs_axes() const = 0;
  // Compute a residual add or a pool whose windows tile the map together with the convolution before it.
  virtual bool fuses() const = 0;
  // Reorder output channels so that non-zero blocks fall evenly on cores.
  virtual bool balances() const = 0;
  // Let layers of parallel branches alternate.
  virtual bool alternates() const = 0;
  // Compute convolutions of one input as one, where that is cheaper.
  virtual bool joins() const = 0;
  // Walk layers together in tiles of rows where a tensor between them would spill to DDR.
  virtual bool tiles_in_depth() const = 0;
  // Let inputs and operands take the inbound channel of a core that is less full.
  virtual bool evens_channels() const = 0;
  // Let simulations decide what estimates cannot tell apart.
  virtual bool searches() const = 0;
};

}  // namespace tessera::schedule
