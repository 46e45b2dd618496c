// Bytes to message: `.onnx`, or the same compressed with gzip whatever it is called.
#pragma once
#include <string>

#include "sim/base/error.h"
#include "sim/import/proto.h"

namespace tessera::import {

// What a compressed file may grow to; protobuf itself stops at 2 GiB.
constexpr std::int64_t max_unpacked_bytes = std::int64_t{1} << 30;

// The message, which has a graph.
Expected<onnx::ModelProto> read_model(const std::string& path);

}  // namespace tessera::import
