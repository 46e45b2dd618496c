// Networks of the open engine: JSON files in the form of configs/networks with the operators that it has,
//   conv2d   channels, kernel 1, 3 or 5, stride 1 or (3x3) 2, padding that keeps the map; activation: hard_swish or
//   relu maxpool  kernel 5, stride 1, padding 2 add      of a convolution and a map that is there before it slice
//   channels [first, end), multiples of 8      concat      resize   factor 2, nearest, read by 1x1 alone
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/designs/open_engine/engine_network.h"

namespace tessera::designs::open_engine {

// A layer of the file, its numbers as they stand there.
struct Node {
  std::string name, op, path;  // path: where in the file, for problems
  std::vector<std::string> inputs;
  int channels = 0;        // conv2d: output channels
  int first = 0, end = 0;  // slice
  int kernel = 1, stride = 1, padding = 0;
  bool activation = false;
  bool known = true;  // false: an operator that the engine does not have
};

struct NodeList {
  std::string name, file;
  int h = 0, w = 0, c = 0;  // of the input
  std::vector<Node> nodes;
};

// All problems of the file in one pass.
Expected<EngineNetwork> read_engine_network(const std::string& file);

// What of a network the engine runs as layers; the rest are ways of reading maps. Problems name the node; nothing is
// said of nodes that read from an unknown one.
Expected<EngineNetwork> build_engine_network(const NodeList& list);

}  // namespace tessera::designs::open_engine
