// Where the images of a batch stand among the elements of a value: in front, or between other dimensions, as in the
// rows x (images and heads) x channels of PyTorch's attention.
#pragma once
#include <map>
#include <optional>

#include "sim/import/graph.h"

namespace tessera::import {

// Dimension `dim` counts `outer` parts, of each the images, and of each image the same number of elements.
struct BatchPlace {
  std::size_t dim = 0;
  std::int64_t outer = 1;
  bool operator==(const BatchPlace& o) const { return dim == o.dim && outer == o.outer; }
};
using BatchPlaces = std::map<ValueId, BatchPlace>;

struct BatchMove {
  std::optional<BatchPlace> place;  // in all outputs; none: it reads no images
  bool mixes = false;               // several images are computed together, or it is not known that they are not
};

// `whole`: a graph with all shapes known; `places`: of what the node reads.
BatchMove batch_behind(const Graph& whole, const Node& node, const BatchPlaces& places, std::int64_t batch);

}  // namespace tessera::import
