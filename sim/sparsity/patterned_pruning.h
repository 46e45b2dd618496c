// The least important blocks of a layer, in the patterns that hardware likes or dislikes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/sparsity/importance.h"

namespace tessera::sparsity {

enum class PrunePattern {
  free,       // anywhere in the layer
  balanced,   // rows of blocks differ by at most one in what they lose
  clustered,  // in aligned patches of 4x4 blocks, the last one in part
};
std::vector<std::string> pattern_names();
std::optional<PrunePattern> find_pattern(const std::string& name);
const char* pattern_name(PrunePattern pattern);

// The mask of a layer without `zeros` of its blocks; the first of equals goes. `grid`: its shape counts, not its bits.
BlockMask prune_patterned(BlockMask grid, const std::vector<double>& importance, std::size_t zeros,
                          PrunePattern pattern);

}  // namespace tessera::sparsity
