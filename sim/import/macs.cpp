#include "sim/import/macs.h"

namespace tessera::import {
namespace {

const Value& value(const Graph& graph, ValueId id) { return graph.values[static_cast<std::size_t>(id)]; }

// The factors of a product: QLinear forms have scales and zero points in between.
ValueId second_factor(const Node& node) { return node.inputs[node.op.rfind("QLinear", 0) == 0 ? 3 : 1]; }

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}
bool is_matmul(const Node& node) {
  return node.op == "MatMul" || node.op == "MatMulInteger" || node.op == "QLinearMatMul";
}
bool is_conv(const Node& node) {
  return ends_with(node.op, "Conv") || node.op == "ConvInteger" || node.op == "ConvTranspose";
}

}  // namespace

std::int64_t node_macs(const Graph& graph, const Node& node) {
  const bool product = node.op == "Gemm" || is_matmul(node);
  if (!node.domain.empty() || (!product && !is_conv(node))) return 0;
  const Value &a = value(graph, node.inputs[0]), &w = value(graph, second_factor(node)),
              &out = value(graph, node.outputs[0]);
  if (!a.known || !w.known || !out.known) return 0;
  if (node.op == "ConvTranspose") return element_count(a.shape) * element_count(w.shape) / w.shape[0];
  if (is_conv(node)) return element_count(out.shape) * element_count(w.shape) / w.shape[0];
  if (node.op != "Gemm") return element_count(out.shape) * a.shape.back();
  return element_count(out.shape) * a.shape[integer_of(node, "transA", 0) != 0 ? 0 : 1];
}

MacCount count_macs(const Graph& graph) {
  MacCount count;
  for (const Node& node : graph.nodes) {
    const std::int64_t macs = node_macs(graph, node);
    if (macs == 0) continue;
    ++count.nodes;
    if (node.op == "ConvTranspose") count.transposed += macs;
    if (is_conv(node))
      count.conv += macs;
    else if (node.op == "Gemm")
      count.gemm += macs;
    else if (value(graph, node.inputs[0]).constant || value(graph, second_factor(node)).constant)
      count.matmul_weights += macs;
    else
      count.matmul_activations += macs;
  }
  return count;
}

}  // namespace tessera::import
