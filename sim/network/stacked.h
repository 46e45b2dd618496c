// Layers that compute several images at once, the rows of one after those of the other.
#pragma once
#include <optional>
#include <vector>

#include "sim/network/network.h"

namespace tessera::network {

// The layer on `images` images; nothing where a row of an image would depend on another one. Of its inputs, those in
// `whole` stay as they are: constants of one row, which all rows are combined with.
struct Stacked {
  Layer layer;
  std::vector<bool> whole;  // by input
};
std::optional<Stacked> stacked(const Network& network, const Layer& layer, int images);

// The rows of `tensor` as those of image `image` of `images`, the others zero: what is joined by additions.
Layer row_of_images(const Layer& tensor, int image, int images);

}  // namespace tessera::network
