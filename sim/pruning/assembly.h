// The masks of a whole network from a candidate per layer, without blocks that carry nothing: channels that no kept
// block writes, nor any other input of the layer, are the same for every image, and what reads them alone is constant.
#pragma once
#include "sim/pruning/candidates.h"

namespace tessera::pruning {

// Per layer with candidates the index of the one that is taken.
using Choice = std::vector<int>;

struct Assembly {
  std::vector<std::optional<sparsity::BlockMask>> masks;  // by LayerId; of other layers those of the config
  std::vector<double> lost;                               // by layer with candidates: share of its importance
  double kept = 1;                                        // share of the network's importance
};

// From the input on, each layer leaves out as many blocks as its candidate does, those first that read nothing but
// constant channels. Every layer keeps a block that reads others, as long as one of those has any
// importance.
Assembly assemble(const run::RunConfig& config, const std::vector<LayerCandidates>& layers, const Choice& choice);

}  // namespace tessera::pruning
