// Files whose images or sequences have a fixed batch above 1: what is computed for each image is the network.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

// infer(), with the outermost dimension of such inputs, and of all that is made of them, divided by the batch, which
// the graph keeps in `images`. A problem where something is made of several images at once;
// where inputs are sequences, they are taken for one instead.
std::vector<Problem> infer_one_image(Graph& graph);

}  // namespace tessera::import
