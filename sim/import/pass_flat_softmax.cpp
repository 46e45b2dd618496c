// Softmax and LogSoftmax before operator set 13: all elements from the axis on (1 where none is given) are one row.
// Where several dimensions hold them they are joined; else the one that does is the axis, as later operator sets say
// it.
#include <algorithm>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

bool rewrite_row(Rewriter& r, const Node& node) {
  if ((node.op != "Softmax" && node.op != "LogSoftmax") || !node.domain.empty()) return false;
  const Dims shape = r.shape(node.inputs[0]);
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = integer_of(node, "axis", 1);
  axis += axis < 0 ? rank : 0;
  const auto first = shape.begin() + axis;
  const auto is_long = [](std::int64_t side) { return side > 1; };
  if (std::count_if(first, shape.end(), is_long) <= 1) {
    const auto at = std::find_if(first, shape.end(), is_long);
    r.finish(node, node.op.c_str(), node.inputs,
             {{"axis", at == shape.end() ? axis : static_cast<std::int64_t>(at - shape.begin())}});
    return true;
  }
  Dims rows(shape.begin(), first);
  rows.push_back(element_count(Dims(first, shape.end())));
  const ValueId joined = r.add(node, "Reshape", {node.inputs[0]}, rows);
  r.finish(node, "Reshape", {r.add(node, node.op.c_str(), {joined}, rows, {{"axis", axis}})});
  return true;
}

}  // namespace

void join_softmax_rows(Graph& graph) {
  if (graph.opset < 13) Rewriter(graph).each(rewrite_row);
}

}  // namespace tessera::import
