// Masks in NumPy files: an array per layer, [ceil(cout/bc)][ceil(cin/bi)], 1 where the block is present. Blocks of
// another size than 8x8 are told by a second array, "<layer>.block" = [bc, bi]; configs/masks.md is the page on it.
#pragma once
#include <map>
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

// `sides[id]`: the block that the mask of layer `id` is in, unless the file says so itself. Layers the file does not
// name come back as nullopt.
Expected<std::vector<std::optional<BlockMask>>> read_masks(const std::string& path, const network::Network& network,
                                                           const std::vector<BlockSides>& sides);

// The masks of a file without a network: sides of the tensors are those of whole blocks. `sides`: of masks whose block
// the file does not tell.
Expected<std::map<std::string, BlockMask>> read_bare_masks(const std::string& path, const BlockSides& sides);

}  // namespace tessera::sparsity
