// Constants of an ONNX file: raw bytes, typed fields, or a file beside the model.
#pragma once
#include <string>

#include "sim/base/error.h"
#include "sim/import/proto.h"
#include "sim/import/tensor.h"

namespace tessera::import {

// Takes the bytes out of `proto`. `folder` is that of the model: external data must lie in it. Problems stand at `path`
// of `file`.
Expected<Tensor> take_tensor(onnx::TensorProto& proto, const std::string& folder, const std::string& file,
                             const std::string& path);

}  // namespace tessera::import
