// Resize with weights of more than two pixels (cubic, or antialiased where it shrinks): a product of the columns with a
// matrix of these weights, and one of the rows.
#include "sim/import/infer.h"
#include "sim/import/operators/resize.h"
#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

// [from][to], or turned: [to][from].
ValueId matrix(Rewriter& r, const Node& node, const std::vector<PixelMix>& mixes, std::int64_t side, bool turned) {
  const auto count = static_cast<std::int64_t>(mixes.size());
  std::vector<double> values(static_cast<std::size_t>(count * side), 0);
  for (std::int64_t to = 0; to < count; ++to)
    for (const auto& [from, share] : mixes[static_cast<std::size_t>(to)])
      values[static_cast<std::size_t>(turned ? to * side + from : from * count + to)] += share;
  return r.reals(node, turned ? Dims{count, side} : Dims{side, count}, values);
}

bool multiply_maps(Rewriter& r, const Node& node) {
  if (node.op != "Resize" || !node.domain.empty()) return false;
  Call call(node, r.graph().opset, operands_of(r.graph(), node).value_or(std::vector<std::optional<Operand>>{}),
            r.graph().file);
  if (!mixes_many(call)) return false;
  const Dims in = r.shape(node.inputs[0]), out = r.shape(node.outputs[0]);
  if ((in.size() != 3 && in.size() != 4) || in[0] != out[0] || in[1] != out[1]) return false;
  const std::vector<std::vector<PixelMix>> mixes = resize_mixes(call);
  Dims wide = in;
  wide.back() = out.back();
  ValueId x = node.inputs[0];
  if (in.back() != out.back()) x = r.add(node, "MatMul", {x, matrix(r, node, mixes.back(), in.back(), false)}, wide);
  if (in.size() == 3 || in[2] == out[2])
    r.finish(node, "Identity", {x});
  else
    r.finish(node, "MatMul", {matrix(r, node, mixes[2], in[2], true), x});
  return true;
}

}  // namespace

void resample_by_products(Graph& graph) { Rewriter(graph).each(multiply_maps); }

}  // namespace tessera::import
