#include "sim/import/infer.h"

#include <fmt/format.h>

#include "sim/import/forms/form.h"
#include "sim/import/operators/operator.h"
#include "sim/import/passes.h"

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

// What can be computed although the data is not known: the shape of a tensor, and whether integers are no numbers.
bool shape_only(const Node& node) {
  for (const char* op : {"Shape", "Size", "EyeLike", "IsNaN", "IsInf"})
    if (node.op == op) return true;
  return false;
}

void keep_outputs(Graph& graph, const Node& node, const Call& call, std::vector<Tensor> computed) {
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    if (o >= call.outputs().size()) continue;
    Value& value = graph.values[static_cast<std::size_t>(node.outputs[o])];
    value.known = true;
    value.type = call.outputs()[o].type;
    value.shape = call.outputs()[o].shape;
    if (o < computed.size()) value.constant = std::move(computed[o]);
  }
}

Value& value_of(Graph& graph, ValueId id) { return graph.values[static_cast<std::size_t>(id)]; }

// What an If with a known condition hands on; nothing for other nodes.
std::optional<std::vector<Node>> branch_of(Graph& graph, const Node& node, std::vector<Problem>& problems) {
  const Tensor* condition = node.op == "If" && node.domain.empty() ? constant_input(graph, node, 0) : nullptr;
  const std::size_t count = node.outputs.size();
  if (condition == nullptr || condition->elements() != 1 || node.inputs.size() != 1 + 2 * count) return std::nullopt;
  const std::size_t first = integers(*condition)[0] != 0 ? 1 : 1 + count;
  std::vector<Node> taken;
  for (std::size_t i = 0; i < count; ++i) {
    const ValueId from = node.inputs[first + i];
    const Value source = value_of(graph, from);
    if (!source.known)
      problems.push_back({graph.file, node_path(node),
                          fmt::format("takes a branch whose output '{}' has no known shape", source.name),
                          "operators with a shape rule, and inputs that they accept"});
    Value& to = value_of(graph, node.outputs[i]);
    to.known = source.known;
    to.type = source.type;
    to.shape = source.shape;
    to.constant = source.constant;
    taken.push_back(
        {count == 1 ? node.name : fmt::format("{}.{}", node.name, i), "Identity", "", {}, {from}, {node.outputs[i]}});
  }
  return taken;
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

namespace {

class Inference {
 public:
  explicit Inference(Graph& graph) : graph_(graph) {}

  std::vector<Problem> run() {
    std::vector<Node> given = std::move(graph_.nodes);
    nodes_.reserve(given.size());
    for (Node& node : given) take(std::move(node));
    graph_.nodes = std::move(nodes_);
    return std::move(problems_);
  }

 private:
  void take(Node given) {
    if (std::optional<std::vector<Node>> taken = branch_of(graph_, given, problems_)) {
      nodes_.insert(nodes_.end(), taken->begin(), taken->end());
      return;
    }
    auto operands = operands_of(graph_, given);
    const Operator* op = given.domain.empty() ? find_operator(given.op) : nullptr;
    if (op != nullptr && op->of_constants && !reads_constants(given)) op = nullptr;
    const Form* form = find_form(given);
    if (op == nullptr && form == nullptr)
      for (const ValueId out : given.outputs) value_of(graph_, out).known = value_of(graph_, out).declared;
    if ((op == nullptr && form == nullptr) || !operands) return keep(std::move(given));
    Call call(given, graph_.opset, std::move(*operands), graph_.file);
    if (form != nullptr && (op == nullptr || !all_constant(call)))
      take_form(*form, given, call);
    else
      take_operator(*op, given, call);
  }

  bool reads_constants(const Node& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
      return id != no_value && graph_.values[static_cast<std::size_t>(id)].constant.has_value();
    });
  }

  void keep(Node node) { nodes_.push_back(std::move(node)); }

  void report(const Node& node, const Call& call) {
    if (node.attributes.count(in_branch) == 0)
      problems_.insert(problems_.end(), call.problems().begin(), call.problems().end());
  }

  void take_form(const Form& form, const Node& node, Call& call) {
    std::vector<Node> parts = expanded(form, graph_, node, call);
    report(node, call);
    if (call.refused()) return keep(node);
    for (Node& part : parts) take(std::move(part));
  }

  void take_operator(const Operator& op, const Node& node, Call& call) {
    std::vector<Tensor> computed;
    if (infer(op, call) && op.compute != nullptr && (all_constant(call) || shape_only(node)) && worth_computing(call))
      computed = op.compute(call);
    report(node, call);
    if (!call.refused()) keep_outputs(graph_, node, call, std::move(computed));
    keep(node);
  }

  Graph& graph_;
  std::vector<Node> nodes_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> infer(Graph& graph) { return Inference(graph).run(); }

}  // namespace tessera::import
