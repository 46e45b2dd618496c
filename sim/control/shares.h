// How the channels of a tile divide its descriptors: so that all of them together need the fewest operations.
#pragma once
#include <vector>

#include "sim/control/executions.h"

namespace tessera::control {

struct ShareOf {
  std::vector<Execution> executions;  // of a channel
  arch::DmaSpec dma;
};

// A share for each channel, at least one descriptor, `descriptors` in all; no more channels than descriptors.
std::vector<int> shares_of(const std::vector<ShareOf>& channels, int descriptors);

}  // namespace tessera::control
