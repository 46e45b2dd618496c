// Functions that a file defines itself (ModelProto.functions, as PyTorch's dynamo exporter writes them): each call
// becomes the nodes of the body, its values and nodes named after the call.
#pragma once
#include <vector>

#include "sim/base/error.h"
#include "sim/import/proto.h"

namespace tessera::import {

// Problems: functions that call themselves, are defined twice or are of another operator set than the file.
[[nodiscard]] std::vector<Problem> inline_functions(onnx::ModelProto& model, const std::string& file);

}  // namespace tessera::import
