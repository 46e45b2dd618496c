#include <fmt/format.h>

#include "sim/import/forms/form.h"
#include "sim/import/passes.h"

namespace tessera::import {
namespace {

// Inputs of a quantized form: each factor with its scale and zero point behind it (or before, as the list says).
struct Part {
  int value, scale, zero;
};
struct Quantized {
  const char* domain;
  const char* name;
  const char* op;  // what it computes of real numbers
  std::vector<Part> parts;
  int bias;  // int32 in steps of the product of both scales; -1: none
  int scale_out, zero_out;
};
const std::vector<Quantized>& quantized_forms() {
  static const std::vector<Quantized> table = {
      {"", "QLinearConv", "Conv", {{0, 1, 2}, {3, 4, 5}}, 8, 6, 7},
      {"", "QLinearMatMul", "MatMul", {{0, 1, 2}, {3, 4, 5}}, -1, 6, 7},
      {microsoft, "QGemm", "Gemm", {{0, 1, 2}, {3, 4, 5}}, 6, 7, 8},
      {microsoft, "QLinearConv", "Conv", {{0, 1, 2}, {3, 4, 5}}, 8, 6, 7},
      {microsoft, "QLinearAdd", "Add", {{0, 1, 2}, {3, 4, 5}}, -1, 6, 7},
      {microsoft, "QLinearMul", "Mul", {{0, 1, 2}, {3, 4, 5}}, -1, 6, 7},
      {microsoft, "QLinearGlobalAveragePool", "GlobalAveragePool", {{0, 1, 2}}, -1, 3, 4},
      {microsoft, "QLinearAveragePool", "AveragePool", {{0, 1, 2}}, -1, 3, 4},
      {microsoft, "QLinearLeakyRelu", "LeakyRelu", {{0, 1, 2}}, -1, 3, 4},
      {microsoft, "QLinearReduceMean", "ReduceMean", {{0, 1, 2}}, -1, 3, 4},
      {microsoft, "QLinearSigmoid", "Sigmoid", {{0, 1, 2}}, -1, 3, 4},
      {microsoft, "QLinearSoftmax", "Softmax", {{0, 1, 2}}, -1, 3, 4},
  };
  return table;
}

const Quantized* quantized_of(const Node& node) {
  for (const Quantized& form : quantized_forms())
    if (node.op == form.name && node.domain == form.domain) return &form;
  return nullptr;
}

class Expander {
 public:
  explicit Expander(Graph& graph) : graph_(graph) {}

  void run() {
    for (Node& node : graph_.nodes) {
      const Quantized* form = quantized_of(node);
      const bool concat = node.op == "QLinearConcat" && node.domain == microsoft && node.inputs.size() >= 5;
      if (form != nullptr && has(node, form->scale_out))
        expand(node, *form);
      else if (concat)
        expand_concat(node);
      else
        nodes_.push_back(std::move(node));
    }
    graph_.nodes = std::move(nodes_);
  }

 private:
  static bool has(const Node& node, int input) {
    return input >= 0 && static_cast<std::size_t>(input) < node.inputs.size() &&
           node.inputs[static_cast<std::size_t>(input)] != no_value;
  }
  static ValueId input(const Node& node, int i) {
    return has(node, i) ? node.inputs[static_cast<std::size_t>(i)] : no_value;
  }

  // A node between a value and a new one.
  ValueId between(const Node& of, const char* op, std::vector<ValueId> inputs, const std::string& suffix) {
    while (!inputs.empty() && inputs.back() == no_value) inputs.pop_back();
    Value value;
    value.name = of.name + suffix;
    const ValueId made = graph_.add_value(std::move(value));
    Node node;
    node.name = of.name + suffix;
    node.op = op;
    node.inputs = std::move(inputs);
    node.outputs = {made};
    if (node.op == "DequantizeLinear") node.attributes["axis"] = std::int64_t{0};
    nodes_.push_back(std::move(node));
    return made;
  }

  // The axis of the scales of weights: their output channels.
  static std::int64_t weights_axis(const Node& node, const Quantized& form) {
    if (std::string(form.op) == "Conv") return 0;
    return std::string(form.op) == "Gemm" && integer_of(node, "transB", 0) != 0 ? 0 : 1;
  }

  // Attributes of the form alone, where they say what the operator of ONNX does.
  void drop_usual(Node& node) const {
    if (integer_of(node, "channels_last", 0) == 0) node.attributes.erase("channels_last");
    const bool early = graph_.opset < 13;
    if ((integer_of(node, "opset", graph_.opset) < 13) == early) node.attributes.erase("opset");
  }

  void expand(Node& node, const Quantized& form) {
    drop_usual(node);
    std::vector<ValueId> inputs;
    for (std::size_t i = 0; i < form.parts.size(); ++i) {
      const Part& part = form.parts[i];
      inputs.push_back(between(node, "DequantizeLinear",
                               {input(node, part.value), input(node, part.scale), input(node, part.zero)},
                               fmt::format(".input{}", i)));
      if (i == 1) nodes_.back().attributes["axis"] = weights_axis(node, form);
    }
    if (has(node, form.bias)) inputs.push_back(bias(node, form));
    finish(node, form.op, std::move(inputs), input(node, form.scale_out), input(node, form.zero_out));
  }

  // (y_scale, y_zero, then value, scale, zero of every part)
  void expand_concat(Node& node) {
    std::vector<ValueId> inputs;
    for (int i = 2; has(node, i + 1); i += 3)
      inputs.push_back(between(node, "DequantizeLinear", {input(node, i), input(node, i + 1), input(node, i + 2)},
                               fmt::format(".input{}", i / 3)));
    finish(node, "Concat", std::move(inputs), input(node, 0), input(node, 1));
  }

  // int32 bias as real numbers: times the scales of both factors.
  ValueId bias(const Node& node, const Quantized& form) {
    const Tensor* x = constant_input(graph_, node, static_cast<std::size_t>(form.parts[0].scale));
    const Tensor* w = constant_input(graph_, node, static_cast<std::size_t>(form.parts[1].scale));
    const ValueId given = input(node, form.bias);
    if (x == nullptr || w == nullptr || x->elements() != 1) return given;
    std::vector<double> scales = reals(*w);
    for (double& s : scales) s *= reals(*x)[0];
    const Dims sides = w->elements() == 1 ? Dims{} : Dims{w->elements()};
    const ValueId scale = graph_.add_constant(node.name + ".bias_scale", make_tensor(DataType::f64, sides, scales));
    graph_.values[static_cast<std::size_t>(scale)].type = DataType::f64;
    return between(node, "DequantizeLinear", {given, scale}, ".bias");
  }

  void finish(Node& node, const char* op, std::vector<ValueId> inputs, ValueId scale, ValueId zero) {
    const ValueId out = node.outputs[0];
    Value value;
    value.name = node.name + ".real";
    const ValueId real = graph_.add_value(std::move(value));
    Node quantize;
    quantize.name = node.name + ".quantize";
    quantize.op = "QuantizeLinear";
    quantize.inputs = {real, scale};
    if (zero != no_value) quantize.inputs.push_back(zero);
    quantize.outputs = {out};
    node.op = op;
    node.domain.clear();
    node.inputs = std::move(inputs);
    node.outputs = {real};
    nodes_.push_back(std::move(node));
    nodes_.push_back(std::move(quantize));
  }

  Graph& graph_;
  std::vector<Node> nodes_;
};

}  // namespace

void expand_quantized_forms(Graph& graph) { Expander(graph).run(); }

}  // namespace tessera::import
