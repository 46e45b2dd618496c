#include "sim/import/layer_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/import/operators/window.h"

namespace tessera::import {
namespace {
using nlohmann::json;

std::string text(const Place& p) { return fmt::format("{}x{}x{}", p.h, p.w, p.c); }

// A map, whose windows the rules below describe.
const Place* map_input(Lowering& to, const Node& node) {
  const Place* in = to.place(node, 0);
  if (in == nullptr || in->layout == Layout::map) return in;
  to.refuse(node, "", fmt::format("reads {}", dims_text(to.value(node.inputs[0]).shape)),
            "1 x channels x height x width");
  return nullptr;
}

bool refuse_dilation(Lowering& to, const Node& node, const Windows& w) {
  if (std::count(w.dilation.begin(), w.dilation.end(), 1) == static_cast<std::ptrdiff_t>(w.dilation.size()))
    return false;
  to.refuse(node, "dilations", fmt::format("is [{}]", fmt::join(w.dilation, ", ")), "1: dilated windows have no layer");
  return true;
}

void set_window(json& layer, const Windows& w, const Dims& after) {
  layer["kernel"] = w.kernel;
  layer["stride"] = w.stride;
  layer["padding"] = {w.before[0], w.before[1], after[0], after[1]};
}

// Input `at` of a node, per output channel; integers with a scale keep every bit.
std::vector<double> bias_of(const Lowering& to, const Node& node, std::size_t at, std::int64_t channels,
                            double factor = 1) {
  std::vector<double> values(static_cast<std::size_t>(channels), 0.0);
  const Tensor* bias = to.constant(node, at);
  if (bias == nullptr) return values;
  std::vector<double> given = reals(*bias);
  if (const std::optional<Quantization>& q = to.value(node.inputs[at]).quantization; q && q->integers) {
    given = reals(*q->integers);
    for (std::size_t c = 0; c < given.size(); ++c) {
      const std::size_t s = q->scales.size() == 1 ? 0 : c % q->scales.size();
      given[c] = (given[c] - q->zeros[s]) * q->scales[s];
    }
  }
  for (std::size_t c = 0; c < values.size(); ++c) values[c] = factor * given[given.size() == 1 ? 0 : c % given.size()];
  return values;
}

// Integers of the file in place of the real weights that were made of them; `axis`: of the output channels.
bool keep_integers(Lowering& to, const Node& node, std::int64_t axis, LayerWeights& weights) {
  const std::optional<Quantization>& q = to.value(node.inputs[1]).quantization;
  if (!q || !q->integers) return true;
  if (q->scales.size() != 1 && q->axis != axis) {
    to.refuse(node, "weights", fmt::format("have scales along axis {}", q->axis),
              fmt::format("one scale, or one per output channel (axis {})", axis));
    return false;
  }
  weights.source = *q->integers;
  weights.scales = q->scales;
  weights.zeros = q->zeros;
  const std::vector<double> integers = weights.integers();
  const auto wrong = std::find_if(integers.begin(), integers.end(), [](double v) { return v < -128 || v > 127; });
  if (wrong == integers.end()) return true;
  to.refuse(node, "weights", fmt::format("have an integer {} away from its zero point", *wrong),
            "-128 to 127: weights are int8 without a zero point");
  return false;
}

void lower_conv(Lowering& to, const Node& node) {
  const Place* in = map_input(to, node);
  const Tensor* weights = to.constant(node, 1);
  if (weights == nullptr) return to.refuse(node, "W", "is no constant", "weights that stand in the file");
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != no_value;
  if (has_bias && to.constant(node, 2) == nullptr)
    return to.refuse(node, "B", "is no constant", "a bias that stands in the file");
  const std::int64_t groups = integer_of(node, "group", 1);
  if (groups != 1)
    to.refuse(node, "group", fmt::format("is {}", groups), "1: grouped and depthwise convolutions have no layer");
  if (in == nullptr) return;
  Call call = to.call(node);
  const Windows w = read_windows(call, {in->h, in->w}, {weights->shape[2], weights->shape[3]});
  if (refuse_dilation(to, node, w) || groups != 1) return;
  const Dims& shape = weights->shape;
  json& layer = to.add_layer(node, "conv2d", {in->layer});
  layer["channels"] = shape[0];
  set_window(layer, w, w.after);
  const std::string name = layer["name"];
  const Dims own = strides_of(shape);
  LayerWeights own_weights{*weights,
                           {shape[0], shape[2], shape[3], shape[1]},
                           {own[0], own[2], own[3], own[1]},
                           1.0,
                           bias_of(to, node, 2, shape[0])};
  if (!keep_integers(to, node, 0, own_weights)) return;
  own_weights.node = node.name;
  to.set_weights(name, std::move(own_weights));
  to.put(node, {name, Layout::map, w.out[0], w.out[1], shape[0]});
}

// A product of rows with constant weights [k][n], given by their strides.
struct Product {
  const Tensor* weights;
  std::int64_t k, n, k_stride, n_stride;
  std::int64_t n_axis;  // of the weights
  double factor = 1;    // of the weights
  std::vector<double> bias;
};
void lower_product(Lowering& to, const Node& node, const Place& in, const Product& p) {
  const bool whole = in.layout == Layout::flat || in.h == 1;  // one row: fully connected over the whole map
  json& layer = to.add_layer(node, "gemm", {in.layer});
  if (whole)
    layer["channels"] = p.n;
  else
    layer.update({{"m", in.h}, {"n", p.n}, {"k", p.k}});
  // Row c x h x w of the weights belongs to element (h, w, c) of the map.
  const Dims shape{p.n, in.layout == Layout::flat ? in.h : 1, in.layout == Layout::flat ? in.w : 1, in.c};
  const Dims strides{p.n_stride, shape[2] * p.k_stride, p.k_stride, shape[1] * shape[2] * p.k_stride};
  const std::string name = layer["name"];
  LayerWeights weights{*p.weights, shape, strides, p.factor, p.bias};
  if (!keep_integers(to, node, p.n_axis, weights)) return;
  weights.node = node.name;
  to.set_weights(name, std::move(weights));
  to.put(node, {name, Layout::rows, whole ? 1 : in.h, 1, p.n});
}

const Place* matrix_input(Lowering& to, const Node& node) {
  const Place* in = to.place(node, 0);
  if (in == nullptr || in->layout != Layout::map) return in;
  to.refuse(node, "", "multiplies the last dimension of a map", "rows of a matrix, or a flattened map");
  return nullptr;
}

void lower_gemm(Lowering& to, const Node& node) {
  const Place* in = matrix_input(to, node);
  const Tensor* weights = to.constant(node, 1);
  if (weights == nullptr) return to.refuse(node, "B", "is no constant", "weights that stand in the file");
  const bool tb = integer_of(node, "transB", 0) != 0, has_bias = node.inputs.size() > 2 && node.inputs[2] != no_value;
  const std::int64_t k = weights->shape[tb ? 1 : 0], n = weights->shape[tb ? 0 : 1];
  const Tensor* bias = to.constant(node, 2);
  if (has_bias && (bias == nullptr || (bias->elements() != 1 && bias->elements() != n) ||
                   (!bias->shape.empty() && bias->shape.back() != bias->elements())))
    return to.refuse(node, "C", "is no number per column", "a constant of one number, or one per column");
  if (integer_of(node, "transA", 0) != 0) return to.refuse(node, "transA", "is 1", "0: activations are not transposed");
  if (in == nullptr) return;
  lower_product(to, node, *in,
                {weights, k, n, tb ? 1 : n, tb ? k : 1, tb ? 0 : 1, real_of(node, "alpha", 1),
                 bias_of(to, node, 2, n, real_of(node, "beta", 1))});
}

void lower_matmul(Lowering& to, const Node& node) {
  const Tensor* weights = to.constant(node, 1);
  if (weights == nullptr || weights->shape.size() != 2)
    return to.refuse(node, "B", weights == nullptr ? "is no constant" : "has the shape " + dims_text(weights->shape),
                     "a matrix of weights that stands in the file");
  const Place* in = matrix_input(to, node);
  if (in == nullptr) return;
  const std::int64_t k = weights->shape[0], n = weights->shape[1];
  lower_product(to, node, *in, {weights, k, n, n, 1, 1, 1.0, bias_of(to, node, 2, n)});
}

void lower_pool(Lowering& to, const Node& node) {
  const Place* in = map_input(to, node);
  if (in == nullptr) return;
  if (node.outputs.size() > 1) return to.refuse(node, "", "has its indices read", "the maxima alone");
  Call call = to.call(node);
  const Windows w = read_windows(call, {in->h, in->w}, {});
  if (refuse_dilation(to, node, w)) return;
  // Rounding the output up is padding at the end, which a maximum ignores.
  Dims after = w.after;
  for (std::size_t d = 0; d < 2; ++d)
    after[d] = std::max(after[d], (w.out[d] - 1) * w.stride[d] + w.kernel[d] - w.in[d] - w.before[d]);
  if (node.op == "AveragePool") {
    const bool padded = w.before != Dims{0, 0} || w.after != Dims{0, 0};
    if (after != w.after)
      return to.refuse(node, "ceil_mode", "adds windows that are cut off", "averages over whole windows");
    if (padded && integer_of(node, "count_include_pad", 0) == 0)
      return to.refuse(node, "count_include_pad", "is 0 beside padding", "1: averages count the padding");
  }
  json& layer = to.add_layer(node, node.op == "MaxPool" ? "maxpool" : "avgpool", {in->layer});
  set_window(layer, w, after);
  to.put(node, {layer["name"], Layout::map, w.out[0], w.out[1], in->c});
}

void put_global(Lowering& to, const Node& node, const Place& in, const char* op) {
  json& layer = to.add_layer(node, op, {in.layer});
  layer["global"] = true;
  const bool map = to.value(node.outputs[0]).shape.size() == 4;
  to.put(node, {layer["name"], map ? Layout::map : Layout::flat, 1, 1, in.c});
}
void lower_global(Lowering& to, const Node& node) {
  const Place* in = map_input(to, node);
  if (in != nullptr) put_global(to, node, *in, node.op == "GlobalMaxPool" ? "maxpool" : "avgpool");
}
void lower_mean(Lowering& to, const Node& node) {
  const Place* in = map_input(to, node);
  if (in == nullptr) return;
  Dims axes;
  if (const Tensor* given = to.constant(node, 1)) axes = integers(*given);
  for (std::int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
  std::sort(axes.begin(), axes.end());
  if (axes != Dims{2, 3})
    return to.refuse(node, "axes", fmt::format("is [{}]", fmt::join(axes, ", ")), "height and width, 2 and 3");
  put_global(to, node, *in, "avgpool");
}

bool same_place(const Place& a, const Place& b) {
  return a.layout == b.layout && a.h == b.h && a.w == b.w && a.c == b.c;
}

void lower_add(Lowering& to, const Node& node) {
  const Place *a = to.place(node, 0), *b = to.place(node, 1);
  if (a == nullptr || b == nullptr) return;
  if (!same_place(*a, *b))
    return to.refuse(node, "", fmt::format("adds {} to {}", text(*b), text(*a)), "tensors of one shape");
  json& layer = to.add_layer(node, "add", {a->layer, b->layer});
  Place out = *a;
  out.layer = layer["name"];
  to.put(node, out);
}

void lower_relu(Lowering& to, const Node& node) {
  const Place* in = to.place(node, 0);
  if (in == nullptr) return;
  json& layer = to.layer(in->layer);
  if (!in->layer.empty()) {
    const std::string op = layer.value("op", "input");
    if (op != "conv2d" && op != "gemm" && op != "add")
      return to.refuse(node, "", fmt::format("follows '{}' ({})", in->layer, op),
                       "behind a convolution, a product or an addition");
    if (!to.alone(node, 0))
      return to.refuse(node, "", fmt::format("shares '{}' with other readers", in->layer),
                       "the only reader of its input");
    layer["relu"] = true;
  }
  to.put(node, Place(*in));
}

// A tensor that is quantized once more with another scale.
void lower_quantize(Lowering& to, const Node& node) {
  if (const Place* in = to.place(node, 0)) to.put(node, Place(*in));
}

void lower_concat(Lowering& to, const Node& node) {
  std::vector<std::string> inputs;
  std::int64_t channels = 0;
  const Place* first = nullptr;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Place* in = to.place(node, i);
    if (in == nullptr) return;
    if (first == nullptr) first = in;
    inputs.push_back(to.in_common_scale(node, *in).layer);
    channels += in->c;
  }
  const std::int64_t axis = integer_of(node, "axis", 0);
  if (first->layout != Layout::map || (axis != 1 && axis != -3))
    return to.refuse(node, "axis", fmt::format("is {}", axis), "1: maps are joined along their channels");
  json& layer = to.add_layer(node, "concat", inputs);
  to.put(node, {layer["name"], Layout::map, first->h, first->w, channels});
}

// Flatten, Reshape, Squeeze, Unsqueeze: other dimensions of the same elements in the same order.
void lower_view(Lowering& to, const Node& node) {
  const Place* in = to.place(node, 0);
  if (in == nullptr) return;
  const Dims& shape = to.value(node.outputs[0]).shape;
  Place out = *in;
  Dims sides, whole;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(sides), [](std::int64_t s) { return s != 1; });
  if (in->h * in->w * in->c != 1) whole = {in->h * in->w * in->c};
  const bool one_pixel = in->layout == Layout::rows ? in->h == 1 : in->h * in->w == 1;
  if (in->layout != Layout::rows || one_pixel) {
    if (shape == Dims{1, in->c, in->h, in->w})
      out.layout = Layout::map;
    else if (sides == whole && (shape.empty() || shape.back() != 1 || whole.empty()))
      out.layout = Layout::flat;
    else
      return to.refuse(node, "", fmt::format("makes {} of a map of {}", dims_text(shape), text(*in)),
                       "a flattened map");
  } else if (shape.empty() || shape.back() != in->c) {
    return to.refuse(node, "", fmt::format("makes {} of rows of {}", dims_text(shape), in->c), "rows that stay rows");
  }
  to.put(node, out);
}

const std::vector<LayerRule>& rules() {
  static const std::vector<LayerRule> table = {
      {"Add", lower_add},
      {"AveragePool", lower_pool},
      {"Concat", lower_concat},
      {"Conv", lower_conv},
      {"DequantizeLinear", lower_quantize},
      {"Flatten", lower_view},
      {"Gemm", lower_gemm},
      {"GlobalAveragePool", lower_global},
      {"GlobalMaxPool", lower_global},
      {"MatMul", lower_matmul},
      {"MaxPool", lower_pool},
      {"QuantizeLinear", lower_quantize},
      {"ReduceMean", lower_mean},
      {"Relu", lower_relu},
      {"Reshape", lower_view},
      {"Squeeze", lower_view},
      {"Unsqueeze", lower_view},
  };
  return table;
}

}  // namespace

const LayerRule* find_layer_rule(const std::string& op) {
  for (const LayerRule& rule : rules())
    if (op == rule.op) return &rule;
  return nullptr;
}

std::vector<std::string> layer_operators() {
  std::vector<std::string> names;
  for (const LayerRule& rule : rules()) names.emplace_back(rule.op);
  return names;
}

}  // namespace tessera::import
