// ONNX file -> Graph: names resolved, nodes sorted, constants taken, dynamic dimensions fixed. Every problem of a file
// in one pass. Neither onnx's checker nor its shape inference takes part, so files newer than the library are read.
#pragma once
#include <map>
#include <string>

#include "sim/base/error.h"
#include "sim/import/graph.h"

namespace tessera::import {

constexpr int min_opset = 7, max_opset = 23;

// Sizes of dynamic dimensions: by their name in the file, or "input[2]" where they have none; "[0]" is the first
// dimension of every input, the batch, unless it is named.
using DimensionSizes = std::map<std::string, std::int64_t>;

Expected<Graph> read_onnx(const std::string& path, const DimensionSizes& sizes);

}  // namespace tessera::import
