// Which operator of ONNX becomes which layer of sim/network/.
#pragma once
#include <string>
#include <vector>

#include "sim/import/lowering.h"

namespace tessera::import {

// Adds the layers of a node, or says where its output stands, or refuses it.
struct LayerRule {
  const char* op;
  void (*lower)(Lowering& to, const Node& node);
};

const LayerRule* find_layer_rule(const std::string& op);
std::vector<std::string> layer_operators();  // that have a rule

}  // namespace tessera::import
