#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

bool is_op(const Node& node, const char* op) { return node.op == op && node.domain.empty(); }

bool is_step(double scale) { return scale > 0 && std::isfinite(scale); }

// Scales and zero points of a QuantizeLinear or DequantizeLinear; nullopt: they are not known, or in blocks.
std::optional<Quantization> quantization_of(const Graph& graph, const Node& node) {
  const Tensor *scale = constant_input(graph, node, 1), *zero = constant_input(graph, node, 2);
  const bool has_zero = node.inputs.size() > 2 && node.inputs[2] != no_value;
  if (scale == nullptr || (has_zero && zero == nullptr) || scale->shape.size() > 1) return std::nullopt;
  if (integer_of(node, "block_size", 0) != 0 && scale->elements() != 1) return std::nullopt;
  Quantization q;
  q.scales = reals(*scale);
  q.zeros = zero == nullptr ? std::vector<double>(q.scales.size(), 0) : reals(*zero);
  if (q.zeros.size() != q.scales.size()) return std::nullopt;
  q.axis = integer_of(node, "axis", 1);
  const auto rank = static_cast<std::int64_t>(graph.values[static_cast<std::size_t>(node.inputs[0])].shape.size());
  if (q.axis < 0) q.axis += rank;
  return q;
}

// A tensor moved without arithmetic keeps its integers where one scale serves all of them.
void hand_on(Graph& graph, const Node& node) {
  if (node.inputs.empty() || node.inputs[0] == no_value) return;
  const std::optional<Quantization>& from = graph.values[static_cast<std::size_t>(node.inputs[0])].quantization;
  Value& to = graph.values[static_cast<std::size_t>(node.outputs[0])];
  if (!from || !from->integers || !to.constant) return;
  Quantization q = *from;
  if (is_op(node, "Transpose")) {
    Dims order;
    if (const auto it = node.attributes.find("perm"); it != node.attributes.end()) order = std::get<Dims>(it->second);
    const Dims own = strides_of(q.integers->shape);
    for (std::size_t d = 0; order.size() < own.size(); ++d)
      order.push_back(static_cast<std::int64_t>(own.size() - 1 - d));
    Dims strides;
    for (const std::int64_t d : order) strides.push_back(own[static_cast<std::size_t>(d)]);
    q.integers = strided_copy(*q.integers, to.shape, 0, strides);
    q.axis = std::find(order.begin(), order.end(), q.axis) - order.begin();
  } else if (q.scales.size() == 1 && (is_op(node, "Reshape") || is_op(node, "Identity"))) {
    q.integers->shape = to.shape;
  } else {
    return;
  }
  to.quantization = std::move(q);
}

class ActivationPass {
 public:
  explicit ActivationPass(Graph& graph)
      : graph_(graph), source_(graph.values.size()), never_negative_(graph.values.size(), false) {
    for (std::size_t v = 0; v < source_.size(); ++v) source_[v] = static_cast<ValueId>(v);
  }

  std::vector<Problem> run() {
    for (Node& node : graph_.nodes) {
      for (ValueId& input : node.inputs)
        if (input != no_value) input = source_[static_cast<std::size_t>(input)];
      if ((is_op(node, "QuantizeLinear") || is_op(node, "DequantizeLinear")) && !value(node.inputs[0]).constant)
        take(node);
      if (!is_negative_anywhere(node))
        for (const ValueId output : node.outputs)
          if (output != no_value) never_negative_[static_cast<std::size_t>(output)] = true;
    }
    for (ValueId& output : graph_.outputs) output = source_[static_cast<std::size_t>(output)];
    return std::move(problems_);
  }

 private:
  Value& value(ValueId id) { return graph_.values[static_cast<std::size_t>(id)]; }

  // Whether a result may be below zero.
  bool is_negative_anywhere(const Node& node) const {
    if (is_among(node, "Abs Exp HardSigmoid Relu Sigmoid Softmax Softplus Sqrt")) return false;
    if (is_op(node, "Clip")) {
      const Tensor* least = constant_input(graph_, node, 1);
      return least == nullptr || least->elements() != 1 || reals(*least)[0] < 0;
    }
    const bool keeps =
        is_among(node,
                 "Add AveragePool Concat DepthToSpace DequantizeLinear Expand Flatten Gather GlobalAveragePool "
                 "GlobalMaxPool Identity Max MaxPool Min Mul QuantizeLinear ReduceMax ReduceMean ReduceSum Reshape "
                 "Slice SpaceToDepth Split Squeeze Sum Tile Transpose Unsqueeze");
    const std::size_t operands = is_among(node, "Add Concat Max Min Mul Sum") ? node.inputs.size() : 1;
    for (std::size_t i = 0; keeps && i < operands; ++i)
      if (!never_negative_[static_cast<std::size_t>(node.inputs[i])]) return true;
    return !keeps;
  }

  // Integers whose least one stands for zero cut off what is below: a ReLU that quantizers leave out.
  void rectify(Node& node, Quantization q) {
    node.op = "Relu";
    node.attributes.clear();
    node.inputs.resize(1);
    Value& out = value(node.outputs[0]);
    out.type = DataType::f32;
    q.zeros[0] = 0;
    out.quantization = std::move(q);
  }

  void take(Node& node) {
    const bool quantize = node.op == "QuantizeLinear";
    std::optional<Quantization> q = quantization_of(graph_, node);
    if (!q) return refuse(node, "has scales that are not known, or in blocks", "one constant scale for the tensor");
    if (q->scales.size() != 1)
      return refuse(node, fmt::format("has {} scales for a tensor that layers make", q->scales.size()), "one scale");
    if (!is_step(q->scales[0]))
      return refuse(node, fmt::format("has a scale of {}", q->scales[0]), "more than 0, and finite");
    const DataType type = value(quantize ? node.outputs[0] : node.inputs[0]).type;
    // After a QuantizeLinear was taken its readers find a real value: its type was judged there.
    const bool taken = !quantize && value(node.inputs[0]).quantization.has_value();
    if (!taken && type != DataType::i8 && type != DataType::u8)
      return refuse(node, fmt::format("has integers of {}", type_name(type)), "int8, or uint8 with zero point 128");
    const double middle = zero_type(node, type) == DataType::u8 ? 128 : 0;
    const bool asymmetric = q->zeros[0] != middle;
    const bool rectifies = q->zeros[0] == middle - 128;
    if (asymmetric) {  // kernels have no zero points: steps that hold what stands farther from zero
      const double low = middle - 128, high = middle + 127;
      q->scales[0] *= std::max(q->zeros[0] - low, high - q->zeros[0]) / 127;
    }
    Value& in = value(node.inputs[0]);
    if (!quantize && in.quantization && in.quantization->scales != q->scales) return multiply(node, *q, asymmetric);
    q->zeros[0] = 0;
    if (asymmetric && quantize) ++graph_.widened;
    const bool input = std::count(graph_.inputs.begin(), graph_.inputs.end(), node.inputs[0]) > 0;  // the host's care
    if (quantize && rectifies && !input && !never_negative_[static_cast<std::size_t>(node.inputs[0])])
      return rectify(node, std::move(*q));
    if (in.quantization && in.quantization->scales != q->scales) {  // a second scale: a layer of its own
      value(node.outputs[0]).quantization = std::move(q);
      return;
    }
    in.quantization = std::move(q);
    source_[static_cast<std::size_t>(node.outputs[0])] = node.inputs[0];
  }

  // Integers that stand for another number than the one that they were made of.
  void multiply(Node& node, const Quantization& q, bool asymmetric) {
    if (asymmetric) return refuse(node, "has another scale than its integers, and a zero point", "zero in the middle");
    const double ratio = q.scales[0] / value(node.inputs[0]).quantization->scales[0];
    node.op = "Mul";
    node.attributes.clear();
    node.inputs.resize(1);
    node.inputs.push_back(
        graph_.add_constant(node.name + ".ratio", make_tensor(DataType::f32, {}, std::vector<double>{ratio})));
    value(node.outputs[0]).quantization = q;
    value(node.outputs[0]).quantization->zeros = {0};
  }

  // The type of the integers: that of the zero point, where there is one.
  DataType zero_type(const Node& node, DataType otherwise) {
    if (node.inputs.size() > 2 && node.inputs[2] != no_value) return value(node.inputs[2]).type;
    return node.op == "QuantizeLinear" ? value(node.outputs[0]).type : otherwise;
  }

  void refuse(const Node& node, std::string what, std::string legal) {
    problems_.push_back({graph_.file, node_path(node), std::move(what), std::move(legal)});
  }

  Graph& graph_;
  std::vector<ValueId> source_;
  std::vector<bool> never_negative_;  // by value, as far as is known
  std::vector<Problem> problems_;
};

}  // namespace

void note_quantized_constants(Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (!is_op(node, "DequantizeLinear")) {
      hand_on(graph, node);
      continue;
    }
    const Tensor* integers = constant_input(graph, node, 0);
    std::optional<Quantization> q = integers == nullptr ? std::nullopt : quantization_of(graph, node);
    if (!q || !std::all_of(q->scales.begin(), q->scales.end(), is_step)) continue;
    q->integers = *integers;
    graph.values[static_cast<std::size_t>(node.outputs[0])].quantization = std::move(q);
  }
}

std::vector<Problem> take_quantization(Graph& graph) { return ActivationPass(graph).run(); }

}  // namespace tessera::import
