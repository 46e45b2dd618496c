// Shapes that a file says beside its nodes (value_info and outputs), against those that follow from the nodes.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

// Where a node makes another shape than the file says, as far as ONNX's shape inference in strict mode refuses that:
// another rank, or another size of a dimension. A dimension with a name or without a size contradicts nothing, and
// where dynamic dimensions of the inputs were given sizes, no size does. What follows from a contradicted value counts
// for nothing. Of an inferred graph.
std::vector<Problem> contradicted_declarations(const Graph& graph);

}  // namespace tessera::import
