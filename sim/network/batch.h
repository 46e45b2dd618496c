// Several images in one network. Every image has layers of its own with the weights of the first image's; constants are
// shared. Layers at the front of the network, where maps are large, are computed for one image after the other; from
// the first layer on at which the tensors of all images find room in the memory tiles, each layer is computed for all
// images before the next one, so that its weights can stay.
#pragma once
#include "sim/network/network.h"

namespace tessera::network {

struct Batch {
  Network network;
  std::vector<LayerId> source;  // per layer: the layer of the one image's network that it is
  std::vector<int> image;       // per layer, from 0
};

// `capacity`: bytes of all memory tiles. At least one image; one leaves the network as it is.
Batch in_batch(const Network& network, int images, Bytes capacity);

}  // namespace tessera::network
