// The operators of network files and their keys.
#pragma once
#include <string>
#include <vector>

#include "sim/ops/operator.h"

namespace tessera::network {

struct OpKeys {
  const char* name;
  ops::Op op;
  std::vector<std::string> keys;  // beside name, op and inputs
};

const std::vector<OpKeys>& legal_ops();

}  // namespace tessera::network
