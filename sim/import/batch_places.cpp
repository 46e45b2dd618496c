#include "sim/import/batch_places.h"

#include <algorithm>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

using Place = std::optional<BatchPlace>;

std::size_t counted_from_front(std::int64_t axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

// A node that reads images as input `input`.
struct Reader {
  const Graph& graph;
  const Node& node;
  std::size_t input;
  const Dims &in, &out;

  std::int64_t axis(std::int64_t otherwise) const { return integer_of(node, "axis", otherwise); }
  std::size_t dim_of(std::int64_t axis) const { return counted_from_front(axis, in.size()); }
};

// The same elements in another shape.
Place reshaped(const Dims& from, const Dims& to, const BatchPlace& at, std::int64_t batch) {
  std::int64_t outside = at.outer, passed = 1;
  for (std::size_t d = 0; d < at.dim; ++d) outside *= from[d];
  for (std::size_t d = 0; d < to.size() && passed > 0 && passed <= outside; passed *= to[d++])
    if (outside % passed == 0 && to[d] % (outside / passed * batch) == 0) return BatchPlace{d, outside / passed};
  return std::nullopt;
}

// Dimensions are those of the output, counted from the last one.
Place aligned(const Reader& r, const BatchPlace& at) {
  if (r.out.size() < r.in.size()) return std::nullopt;
  const std::size_t dim = at.dim + r.out.size() - r.in.size();
  return r.out[dim] == r.in[at.dim] ? Place({dim, at.outer}) : std::nullopt;
}

Place transposed(const Reader& r, const BatchPlace& at) {
  const auto perm = r.node.attributes.find("perm");
  if (perm == r.node.attributes.end()) return BatchPlace{r.in.size() - 1 - at.dim, at.outer};
  const Dims& order = std::get<Dims>(perm->second);
  const auto to = std::find(order.begin(), order.end(), static_cast<std::int64_t>(at.dim)) - order.begin();
  return BatchPlace{static_cast<std::size_t>(to), at.outer};
}

Place gathered(const Reader& r, const BatchPlace& at) {
  const std::size_t axis =
      counted_from_front(r.axis(0), r.graph.values[static_cast<std::size_t>(r.node.inputs[0])].shape.size());
  if (r.input == 1) return BatchPlace{axis + at.dim, at.outer};
  if (axis == at.dim) return std::nullopt;
  return BatchPlace{axis < at.dim ? at.dim + r.out.size() - r.in.size() : at.dim, at.outer};
}

Place reduced(const Reader& r, const BatchPlace& at) {
  Dims axes;
  const Tensor* given = constant_input(r.graph, r.node, 1);
  if (is_among(r.node, "ArgMax ArgMin"))
    axes = {r.axis(0)};
  else if (given != nullptr)
    axes = integers(*given);
  else if (integer_of(r.node, "noop_with_empty_axes", 0) == 0)
    return std::nullopt;
  std::size_t dim = at.dim;
  for (const std::int64_t axis : axes) {
    if (r.dim_of(axis) == at.dim) return std::nullopt;
    dim -= r.dim_of(axis) < at.dim && r.out.size() < r.in.size() ? 1 : 0;
  }
  return BatchPlace{dim, at.outer};
}

Place multiplied(const Reader& r, const BatchPlace& at) {
  const bool summed = at.dim + (r.input == 0 ? 1 : 2) == r.in.size();
  return summed || r.in.size() < 2 ? std::nullopt : aligned(r, at);
}

// Whether elements along the dimension are computed of each other.
bool computes_along(const Reader& r, std::size_t dim) {
  const bool rows = is_among(r.node, "Softmax LogSoftmax Hardmax");
  if (rows && r.graph.opset < 13) return dim >= r.dim_of(r.axis(1));
  if (rows || is_among(r.node, "Concat Split TopK")) return dim == r.dim_of(r.axis(r.node.op == "Split" ? 0 : -1));
  if (is_among(r.node, "LayerNormalization RMSNormalization")) return dim >= r.dim_of(r.axis(-1));
  const Tensor* axis = r.node.op == "CumSum" ? constant_input(r.graph, r.node, 1) : nullptr;
  return r.node.op == "CumSum" && (axis == nullptr || axis->elements() != 1 || r.dim_of(integers(*axis)[0]) == dim);
}

// Elements of the output are computed of those at the same place, or along other dimensions.
constexpr const char* keeping_places =
    "Abs Add And Cast Ceil Celu Clip Concat Cos CumSum DequantizeLinear Div Dropout Elu Equal Erf Exp Expand Floor "
    "Gelu "
    "Greater GreaterOrEqual HardSigmoid HardSwish Hardmax Identity LayerNormalization LeakyRelu Less LessOrEqual Log "
    "LogSoftmax Max Mean Min Mish Mul Neg Not Or PRelu Pad Pow QuantizeLinear RMSNormalization Reciprocal Relu Round "
    "Selu "
    "Sigmoid Sign Sin Slice Softmax Softplus Softsign Split Sqrt Sub Sum Swish Tanh ThresholdedRelu Tile TopK Where";

Place behind(const Reader& r, const BatchPlace& at, std::int64_t batch) {
  const bool own = r.node.domain.empty();
  const bool in_front = at == BatchPlace{} && !r.out.empty() && r.out[0] == r.in[0];
  if (!own) return in_front ? Place(at) : std::nullopt;
  if (is_among(r.node, "Flatten Reshape Squeeze Unsqueeze")) return reshaped(r.in, r.out, at, batch);
  if (r.node.op == "Transpose") return transposed(r, at);
  if (r.node.op == "Gather") return gathered(r, at);
  if (r.node.op.rfind("Reduce", 0) == 0 || is_among(r.node, "ArgMax ArgMin")) return reduced(r, at);
  if (r.node.op == "MatMul") return multiplied(r, at);
  if (computes_along(r, at.dim)) return std::nullopt;
  if (is_among(r.node, keeping_places)) return aligned(r, at);
  const bool rows = r.node.op == "Gemm" && r.input == 0 && at.dim == 0 && integer_of(r.node, "transA", 0) == 0;
  return in_front || rows ? Place(at) : std::nullopt;
}

}  // namespace

BatchMove batch_behind(const Graph& whole, const Node& node, const BatchPlaces& places, std::int64_t batch) {
  BatchMove move;
  const Value& out = whole.values[static_cast<std::size_t>(node.outputs[0])];
  for (std::size_t i = 0; i < node.inputs.size() && out.known; ++i) {
    const auto at = places.find(node.inputs[i]);
    if (at == places.end()) continue;
    const Reader reader{whole, node, i, whole.values[static_cast<std::size_t>(node.inputs[i])].shape, out.shape};
    const Place to = behind(reader, at->second, batch);
    if (!to || (move.place && !(*move.place == *to))) return {std::nullopt, true};
    move.place = to;
  }
  return move;
}

}  // namespace tessera::import
