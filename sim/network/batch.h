// Several images in one network.
//
// Layers at its end whose rows depend on rows of one image only are computed once for all images: their tensors have
// the rows of one image after those of another, and their weights are read once. Those are matrix products, operators
// on single elements or pixels, attention, windows that do not cross the borders of a map; often the whole of a
// transformer, and the fully connected layers of a convolutional network. In front of them every image has layers of
// its own, with the weights of the first image's, one image after the other; what they leave is joined.
#pragma once
#include "sim/network/network.h"

namespace tessera::network {

struct Batch {
  Network network;
  std::vector<LayerId> source;  // per layer: the layer of the one image's network that it is; -1: it joins tensors
  std::vector<int> image;       // per layer, from 0; -1: of all images
};

// At least one image; one leaves the network as it is.
Batch in_batch(const Network& network, int images);

}  // namespace tessera::network
