// The dependencies between layers as a graph (Boost.Graph): who must run before whom, how long a tensor lives, which
// chain of layers bounds the time from below.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/network/network.h"

namespace tessera::network {

// inputs[i]: indices of the nodes that node i reads; negative indices are ignored.
using InputLists = std::vector<std::vector<int>>;

// Order in which every node follows its inputs; among ready nodes the lowest index goes first, so a list that is in
// order already stays as it is. Nodes on a cycle, or behind one, are missing.
std::vector<int> topological_order(const InputLists& inputs);

// One shortest cycle per strongly connected set of nodes, each in the order in which data would flow.
std::vector<std::vector<int>> find_cycles(const InputLists& inputs);

// last_use[t]: last layer that reads tensor t, itself or through a concat it is part of; layers.size() for a tensor
// that nobody reads, which is an output of the network.
std::vector<LayerId> last_use(const Network& network);

struct LivePeak {
  Bytes bytes = 0;
  LayerId layer = 0;  // the first at which they stand
};
// The most bytes of tensors that are alive at once when the layers run one after another, as they stand in memory
// (output_pixel_bytes): the output of the layer, and of every earlier one that is still to be read. A concat is its
// parts.
LivePeak live_peak(const Network& network, bool products = false);

struct CriticalPath {
  double cost = 0;
  std::vector<LayerId> layers;  // from the first to the last
};
// The chain of dependent layers whose costs (cost[layer] >= 0) sum highest.
CriticalPath critical_path(const Network& network, const std::vector<double>& cost);

// One choice per stage such that the costs between the choices of neighbouring stages sum lowest: costs[k][i][j] is
// what choice i of stage k costs with choice j of stage k + 1; the first of equals.
std::vector<int> cheapest_choices(const std::vector<std::vector<std::vector<double>>>& costs);

}  // namespace tessera::network
