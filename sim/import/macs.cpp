#include "sim/import/macs.h"

#include <algorithm>
#include <map>

#include "sim/import/einsum.h"

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

bool has_constant_factor(const Graph& graph, const Node& node) {
  const auto constant = [&](ValueId id) { return value(graph, id).constant.has_value(); };
  if (node.op == "Einsum") return std::any_of(node.inputs.begin(), node.inputs.end(), constant);
  return constant(node.inputs[0]) || constant(second_factor(node));
}

// Tensors are multiplied one after the other, as multiply_out does it; a letter is summed once neither the output nor a
// later tensor has it. A step that sums nothing accumulates nothing.
std::int64_t einsum_macs(const Graph& graph, const Node& node) {
  std::vector<std::size_t> ranks;
  for (const ValueId id : node.inputs) {
    if (!value(graph, id).known) return 0;
    ranks.push_back(value(graph, id).shape.size());
  }
  const std::optional<Equation> e = equation_of(node, ranks);
  if (!e) return 0;
  std::map<char, std::int64_t> sides;
  for (std::size_t i = 0; i < e->terms.size(); ++i)
    for (std::size_t d = 0; d < e->terms[i].size(); ++d) sides[e->terms[i][d]] = value(graph, node.inputs[i]).shape[d];
  const auto in = [](char c, const std::string& letters) { return letters.find(c) != std::string::npos; };
  std::int64_t macs = 0;
  std::string product = e->terms[0];
  for (std::size_t i = 1; i < e->terms.size(); ++i) {
    const std::string& term = e->terms[i];
    std::string kept = e->out, next;
    for (std::size_t later = i + 1; later < e->terms.size(); ++later) kept += e->terms[later];
    std::int64_t size = 1;
    bool sums = false;
    for (const auto& [c, side] : sides) {
      const bool both = in(c, product) && in(c, term), one = in(c, product) || in(c, term);
      if (both || (one && in(c, kept))) size *= side;
      if (one && in(c, kept)) next += c;
      sums = sums || (both && !in(c, kept));
    }
    if (sums) macs += size;
    product = next;
  }
  return macs;
}

}  // namespace

std::int64_t node_macs(const Graph& graph, const Node& node) {
  if (node.domain.empty() && node.op == "Einsum") return einsum_macs(graph, node);
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
    else if (has_constant_factor(graph, node))
      count.matmul_weights += macs;
    else
      count.matmul_activations += macs;
  }
  return count;
}

}  // namespace tessera::import
