// Masks in NumPy files: an array per layer, [ceil(cout/bc)][ceil(cin/bi)], 1 where the block is present.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::sparsity {

struct BlockSides {
  int bc = 8, bi = 8;
};

// `sides[id]`: the block that the mask of layer `id` is in. Layers the file does not name come back as nullopt.
Expected<std::vector<std::optional<BlockMask>>> read_masks(const std::string& path, const network::Network& network,
                                                           const std::vector<BlockSides>& sides);

}  // namespace tessera::sparsity
