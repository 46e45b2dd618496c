// An ONNX file again, with zeros in the blocks that masks leave out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/import/import.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::import {

// Writes `from`, which `imported` was made of, to `to` (.onnx, or .onnx.gz compressed), all weights inside. Weights
// that several nodes share are copied. Refused: a layer whose weights stand in no initializer, plain or behind a
// DequantizeLinear.
std::optional<Failure> write_pruned(const std::string& from, const std::string& to, const Imported& imported,
                                    const std::vector<std::optional<sparsity::BlockMask>>& masks);

}  // namespace tessera::import
