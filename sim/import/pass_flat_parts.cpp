// A concatenation that is divided again: parts behind each other in the last dimension, which a Reshape then splits
// into rows of m elements. Where every part holds whole rows, the parts are split and their rows concatenated, as the
// boxes of detectors: [1, n1 * m] and [1, n2 * m] -> [1, n1 + n2, m].
#include <algorithm>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

const Node* concat_of(const Graph& graph, ValueId made) {
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node)
    if (!node->outputs.empty() && node->outputs[0] == made)
      return node->op == "Concat" && node->domain.empty() ? &*node : nullptr;
  return nullptr;
}

bool split_parts(Rewriter& r, const Node& node) {
  if (node.op != "Reshape" || !node.domain.empty()) return false;
  const Dims joined = r.shape(node.inputs[0]), split = r.shape(node.outputs[0]);
  const std::size_t last = joined.size() - 1;
  if (joined.empty() || split.size() <= joined.size() || !std::equal(joined.begin(), joined.end() - 1, split.begin()))
    return false;
  const Node* concat = concat_of(r.graph(), node.inputs[0]);
  if (concat == nullptr) return false;
  const std::int64_t axis = integer_of(*concat, "axis", 0);
  if (axis != -1 && axis != static_cast<std::int64_t>(last)) return false;
  const Dims row(split.begin() + static_cast<std::ptrdiff_t>(last) + 1, split.end());
  const std::int64_t elements = element_count(row);
  const std::vector<ValueId> parts = concat->inputs;
  for (const ValueId part : parts)
    if (r.value(part).constant || elements < 2 || r.shape(part)[last] % elements != 0) return false;
  std::vector<ValueId> rows;
  for (const ValueId part : parts) {
    Dims shape = split;
    shape[last] = r.shape(part)[last] / elements;
    rows.push_back(r.add(node, "Reshape", {part, r.integers(node, shape)}, shape));
  }
  r.finish(node, "Concat", rows, {{"axis", static_cast<std::int64_t>(last)}});
  return true;
}

}  // namespace

void split_parts_of_concats(Graph& graph) { Rewriter(graph).each(split_parts); }

}  // namespace tessera::import
