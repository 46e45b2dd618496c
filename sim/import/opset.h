// Old forms of operators -> the newest: attributes that became inputs, renamed operators, changed defaults. Softmax of
// sets before 13 stays as it is and is told by Graph::opset.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

void upgrade(Graph& graph);

}  // namespace tessera::import
