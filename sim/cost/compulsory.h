// Bytes that every schedule of a network moves between DDR and the array: each present weight block and each bias once
// (of a batch for all images together), those elements of the network's input that some window covers, and the
// network's outputs. Bytes are counted as the data stands in memory: channels in groups of 8, or elements of their own
// types for a product. Not counted: indices of blocks (a chunk without a missing block has none), and whatever a
// schedule reads again, spills or reads in vain. Nor what products of two tensors, picked pixels and selected channels
// read of the network's input. Every layer is taken to be computed whole, as the verifier demands it.
#pragma once
#include <vector>

#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::cost {

struct LayerTraffic {
  Bytes weights = 0;  // of the layer
  Bytes input = 0;    // what the layer reads of the network's input
  Bytes output = 0;   // what the layer computes of the network's outputs
};

struct CompulsoryTraffic {
  std::vector<LayerTraffic> layers;  // by LayerId
  Bytes read = 0, written = 0;       // of the whole network; an element that several layers read counts once
};

// masks[i]: of layer i where it is a convolution. With `products` gemm layers stand in elements of their own types.
CompulsoryTraffic compulsory_traffic(const network::Network& network, const std::vector<sparsity::KernelMask>& masks,
                                     bool products);

// How many of the `in` positions along one side the windows of `out` outputs cover: a stride beyond the kernel skips
// what lies between two windows, and padding is no position.
int positions_read(int in, int out, int kernel, int stride, int pad_before);

// Input columns (groups of 8 channels) with a present block.
int columns_read(const sparsity::KernelMask& mask);

}  // namespace tessera::cost
