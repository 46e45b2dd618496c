// Normalizations over several dimensions: (x - mean) / sqrt(variance + epsilon) * scale + bias, in these words.
#include <algorithm>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

bool write_out(Rewriter& r, const Node& node) {
  const bool centred = node.op == "LayerNormalization";
  if ((!centred && node.op != "RMSNormalization") || !node.domain.empty()) return false;
  const Dims shape = r.shape(node.inputs[0]);
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = integer_of(node, "axis", -1);
  axis += axis < 0 ? rank : 0;
  if (node.attributes.count(single_axis) != 0 || axis >= rank - 1) return false;
  Dims axes, kept = shape;
  for (std::int64_t d = axis; d < rank; ++d) {
    axes.push_back(d);
    kept[static_cast<std::size_t>(d)] = 1;
  }
  const auto mean = [&](ValueId of) { return r.add(node, "ReduceMean", {of, r.integers(node, axes)}, kept); };
  ValueId x = node.inputs[0];
  if (centred) x = r.add(node, "Sub", {x, mean(x)}, shape);
  const ValueId power = mean(r.add(node, "Mul", {x, x}, shape));
  const ValueId above = r.add(node, "Add", {power, r.real(node, real_of(node, "epsilon", 1e-5F))}, kept);
  const ValueId normal = r.add(node, "Mul", {x, r.add(node, "Pow", {above, r.real(node, -0.5)}, kept)}, shape);
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != no_value;
  if (!biased) {
    r.finish(node, "Mul", {normal, node.inputs[1]});
    return true;
  }
  r.finish(node, "Add", {r.add(node, "Mul", {normal, node.inputs[1]}, shape), node.inputs[2]});
  return true;
}

}  // namespace

void write_out_norms(Graph& graph) { Rewriter(graph).each(write_out); }

}  // namespace tessera::import
