// What a step of a mapping computes: the layers of it as one, what it reads and what it leaves.
#pragma once
#include <vector>

#include "sim/mapping/tiling.h"

namespace tessera::mapping {

struct Computation {
  network::Layer layer;        // geometry: for a copied part of a concatenation, a 1x1 copy of that part; see Computed
  network::Layer kernel;       // what the kernels compute; differs from `layer` with a fused pool
  network::LayerId pool = -1;  // fused pool
  network::LayerId add = -1;   // fused addition
  network::LayerId input = 0;
  network::LayerId operand = -1;  // second operand of an addition, or the residual of a fused one
  // What computes the output channels: the layer itself, or convolutions of one input that are computed as one, one
  // after the other in the channels of `layer`.
  struct Member {
    network::LayerId layer = 0;
    network::LayerId target = 0;  // tensor that receives the result
    int target_c0 = 0;            // first channel of the result within the target (copied part of a concatenation)
    Span blocks;                  // 8-channel blocks of `layer`
  };
  std::vector<Member> members;
  std::vector<int> borders() const;  // 8-channel blocks at which members begin, but for the first
};

Computation computation_of(const network::Network& network, const Compute& compute);

// The same as the cores see it; points to `computation` and `network`.
Computed computed_by(const Computation& computation, const network::Network& network);

}  // namespace tessera::mapping
