// Reads the attributes of one layer of a network file, reporting what is misspelt, mistyped or out of range.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/network/network.h"

namespace tessera::network {

// A layer as the file spells it: inputs by name, shapes unknown.
struct LayerSpec {
  Layer layer;
  std::string path;                                // "layers[3] 'conv1'"
  std::optional<std::vector<std::string>> inputs;  // nullopt: the layer before
  bool whole_map = false;                          // the window is the whole input map
  std::optional<Shape> gemm_input;                 // m x 1 x k of a plain gemm
  bool valid = false;                              // the op is known and its attributes are usable
};

LayerSpec read_layer(const nlohmann::json& json, int index, const std::string& file, std::vector<Problem>& problems);

// Per operator that a network file can name: the keys of its layers beside name, op and inputs.
std::vector<std::pair<std::string, std::vector<std::string>>> layer_keys();

}  // namespace tessera::network
