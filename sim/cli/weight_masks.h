// Masks of an imported network from its weights: the zero blocks of the file, or what matters least.
#pragma once
#include <string>
#include <vector>

#include "sim/import/import.h"
#include "sim/run/run_config.h"
#include "sim/sparsity/weight_file.h"

namespace tessera::cli {

// Who says which blocks are zero.
enum class MaskOrigin {
  file,        // the ONNX file: its zero blocks
  importance,  // sparsity.importance, or a ratio alone
  config,      // sparsity.pattern or sparsity.mask_file, as for any network
};
MaskOrigin mask_origin(const std::vector<std::string>& sets);

// Assignments that an ONNX file with such masks cannot follow.
std::vector<Problem> unsuitable_sets(MaskOrigin origin, const std::vector<std::string>& sets);

// The part `sparsity` of the config of an ONNX file, before `sets`.
nlohmann::json default_sparsity(MaskOrigin origin, const std::vector<std::string>& sets);

// Float weights by layer.
sparsity::WeightsByLayer weights_by_layer(const import::Imported& imported);

// Blocks of the file that are not zero, by LayerId, of every layer that may have masks.
std::vector<std::optional<sparsity::BlockMask>> block_masks(const import::Imported& imported,
                                                            const sparsity::MaskSpec& spec);
// The same; nullopt: no block of the layer is zero.
std::vector<std::optional<sparsity::BlockMask>> zero_block_masks(const import::Imported& imported,
                                                                 const sparsity::MaskSpec& spec);

// Makes a config whose masks go by weights that it does not name run again: it names a mask file, which the result
// folder gets.
void resolve_as_file(run::RunConfig& config);

// "zero blocks of the file, 8x8: 67.6 % of the blocks of 26 layers"
std::string masks_text(const run::RunConfig& config, MaskOrigin origin);

}  // namespace tessera::cli
