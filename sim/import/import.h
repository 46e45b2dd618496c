// ONNX file -> network: reading, simplifying, lowering, and the scales of int8.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/import/layer_weights.h"
#include "sim/import/macs.h"
#include "sim/import/onnx_reader.h"
#include "sim/import/passes.h"
#include "sim/network/network.h"

namespace tessera::import {

// Reads, infers and simplifies; `dead` (may be null) says what no output depended on.
Expected<Graph> read_graph(const std::string& path, const DimensionSizes& sizes, DeadCode* dead = nullptr);

// Numbers as int8 and int32 are q / 2^exponent. A layer has one shift, so its weights have one exponent.
struct LayerScale {
  int weights = 0, input = 0, output = 0;
};

struct Imported {
  nlohmann::json file;  // the network as a network file, which `network` is
  network::Network network;
  std::vector<std::optional<LayerWeights>> weights;  // by LayerId
  std::vector<LayerScale> scales;                    // by LayerId
  MacCount macs;
  DeadCode dead;
};

Expected<Imported> import_onnx(const std::string& path, const DimensionSizes& sizes);

// Whether a file is read as ONNX: by its name, .onnx or .onnx.gz.
bool is_onnx(const std::string& path);

}  // namespace tessera::import
