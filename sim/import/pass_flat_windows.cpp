// Windows over one dimension: convolutions and pools of N x C x L are those of N x C x L x 1.
#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

bool has_windows(const Node& node) {
  for (const char* op : {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"})
    if (node.op == op && node.domain.empty()) return true;
  return false;
}

// [k] -> [k, 1]; pads [before, after] -> [before, 0, after, 0]; an output shape [n] -> [n, 1].
void widen(Node& node) {
  for (const auto& [name, filling] :
       {std::pair{"kernel_shape", 1}, {"strides", 1}, {"dilations", 1}, {"output_padding", 0}, {"output_shape", 1}})
    if (const auto it = node.attributes.find(name); it != node.attributes.end())
      std::get<Dims>(it->second).push_back(filling);
  const auto pads = node.attributes.find("pads");
  if (pads == node.attributes.end()) return;
  const Dims list = std::get<Dims>(pads->second);
  if (list.size() == 2) pads->second = Dims{list[0], 0, list[1], 0};
}

bool rewrite(Rewriter& r, const Node& node) {
  if (!has_windows(node) || node.outputs.size() != 1 || !r.value(node.outputs[0]).known) return false;
  Dims shape = r.shape(node.inputs[0]);
  if (shape.size() != 3) return false;
  Node wide = node;
  widen(wide);
  shape.push_back(1);
  wide.inputs[0] = r.add(node, "Unsqueeze", {node.inputs[0]}, shape);
  if (node.inputs.size() > 1 && r.constant(node, 1) != nullptr) {
    Dims weights = r.shape(node.inputs[1]);
    weights.push_back(1);
    wide.inputs[1] = r.reshaped_constant(node, node.inputs[1], weights);
  }
  shape = r.shape(node.outputs[0]);
  shape.push_back(1);
  const ValueId made = r.add(node, wide.op.c_str(), wide.inputs, shape, wide.attributes);
  r.finish(node, "Squeeze", {made});
  return true;
}

}  // namespace

void widen_windows(Graph& graph) { Rewriter(graph).each(rewrite); }

}  // namespace tessera::import
