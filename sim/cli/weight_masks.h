// Masks of an imported network from its weights: the zero blocks of the file, or what matters least.
#pragma once
#include <string>
#include <vector>

#include "sim/import/import.h"
#include "sim/run/run_config.h"
#include "sim/sparsity/importance.h"

namespace tessera::cli {

struct WeightMasks {
  bool ratio = false;    // sparsity.ratio (or a ratio of a layer) is given: blocks are removed by importance
  bool foreign = false;  // sparsity.pattern or sparsity.mask_file is given: masks are made as for any network
  sparsity::Importance importance = sparsity::Importance::l2;
  bool global = false;  // sparsity.scope: all layers together instead of each by itself
};

// Takes sparsity.importance and sparsity.scope out of `sets`; the rest stays for the run config.
Expected<WeightMasks> read_mask_source(const std::vector<std::string>& sets, std::vector<std::string>& rest);

// Gives `config`, which was made of `imported.file`, its masks; says in one line where they come from.
std::string use_weight_masks(run::RunConfig& config, const import::Imported& imported, const WeightMasks& source);

// Zero blocks of the file, by LayerId; nullopt: no block is zero.
std::vector<std::optional<sparsity::BlockMask>> zero_block_masks(const import::Imported& imported,
                                                                 const sparsity::MaskSpec& spec);

}  // namespace tessera::cli
