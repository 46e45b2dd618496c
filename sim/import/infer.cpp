#include "sim/import/infer.h"

#include <fmt/format.h>

#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

constexpr std::int64_t small_constant = 1 << 20;  // elements that are computed whatever they are made of

// Whether an output is worth its bytes: small, or not much larger than what it is made of.
bool worth_computing(const Call& call) {
  std::int64_t in = 0, out = 0;
  for (int i = 0; i < call.inputs(); ++i) in += call.has(i) ? element_count(call.shape(i)) : 0;
  for (const TensorType& type : call.outputs()) out += element_count(type.shape);
  return out <= small_constant || out <= in;
}

bool all_constant(const Call& call) {
  for (int i = 0; i < call.inputs(); ++i)
    if (call.has(i) && call.constant(i) == nullptr) return false;
  return true;
}

// What can be computed although the data is not known: the shape of a tensor.
bool shape_only(const Node& node) { return node.op == "Shape" || node.op == "Size"; }

void keep_outputs(Graph& graph, const Node& node, const Call& call, std::vector<Tensor> computed) {
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    if (node.outputs[o] == no_value || o >= call.outputs().size()) continue;
    Value& value = graph.values[static_cast<std::size_t>(node.outputs[o])];
    value.known = true;
    value.type = call.outputs()[o].type;
    value.shape = call.outputs()[o].shape;
    if (o < computed.size()) value.constant = std::move(computed[o]);
  }
}

}  // namespace

std::optional<std::vector<std::optional<Operand>>> operands_of(const Graph& graph, const Node& node) {
  std::vector<std::optional<Operand>> operands;
  for (const ValueId id : node.inputs) {
    operands.emplace_back();
    if (id == no_value) continue;
    const Value& value = graph.values[static_cast<std::size_t>(id)];
    if (!value.known) return std::nullopt;
    operands.back() = Operand{{value.type, value.shape}, value.constant ? &*value.constant : nullptr};
  }
  return operands;
}

std::vector<Problem> infer(Graph& graph) {
  std::vector<Problem> problems;
  for (const Node& node : graph.nodes) {
    const Operator* op = node.domain.empty() ? find_operator(node.op) : nullptr;
    auto operands = op == nullptr ? std::nullopt : operands_of(graph, node);
    if (!operands) continue;
    Call call(node, graph.opset, std::move(*operands), graph.file);
    std::vector<Tensor> computed;
    if (infer(*op, call) && (all_constant(call) || shape_only(node)) && worth_computing(call))
      computed = op->compute(call);
    problems.insert(problems.end(), call.problems().begin(), call.problems().end());
    if (!call.refused()) keep_outputs(graph, node, call, std::move(computed));
  }
  return problems;
}

}  // namespace tessera::import
