// A policy decides what the driver (schedule.cpp) leaves open. One file per policy; policies.cpp knows them by name.
#pragma once
#include <vector>

#include "sim/schedule/partition.h"

namespace tessera::schedule {

class Policy {
 public:
  virtual ~Policy() = default;
  // Mappings to weigh for a layer whose kernel and maps are square or not, and whose tensors stand in such bands; the
  // cheapest estimate wins, the first of equals.
  virtual std::vector<Mapping> mappings(bool square, Axis input_bands, Axis output_bands) const = 0;
  // Axis along which tensors are spread over the memory tiles, height or width, where nothing speaks for the other one.
  virtual Axis bands() const = 0;
  // Choose that axis for each tensor where kernels or maps are not square.
  virtual bool weighs_bands() const = 0;
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
};

const Policy& best_policy();
const Policy& published_policy();

}  // namespace tessera::schedule
