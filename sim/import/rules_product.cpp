// Convolutions and products with constant weights.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/import/rules.h"

namespace tessera::import {
using nlohmann::json;

std::optional<double> single(const Tensor* constant) {
  if (constant == nullptr || constant->elements() != 1) return std::nullopt;
  return reals(*constant)[0];
}

void set_window(json& layer, const Windows& w, const Dims& after) {
  layer["kernel"] = w.kernel;
  layer["stride"] = w.stride;
  layer["padding"] = {w.before[0], w.before[1], after[0], after[1]};
  if (std::count(w.dilation.begin(), w.dilation.end(), 1) != static_cast<std::ptrdiff_t>(w.dilation.size()))
    layer["dilation"] = w.dilation;
}

// Input `at` of a node, per output channel; integers with a scale keep every bit.
std::vector<double> bias_of(const Lowering& to, const Node& node, std::size_t at, std::int64_t channels,
                            double factor) {
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

// Integers of the file in place of the real weights that were made of them; `axis`: of the output channels. Where some
// lie beyond int8 without a zero point, the real weights stay, and get steps of their own.
bool keep_integers(Lowering& to, const Node& node, std::int64_t axis, LayerWeights& weights) {
  const std::optional<Quantization>& q = to.value(node.inputs[1]).quantization;
  if (!q || !q->integers) return true;
  if (q->scales.size() != 1 && q->axis != axis) {
    to.refuse(node, "weights", fmt::format("have scales along axis {}", q->axis),
              fmt::format("one scale, or one per output channel (axis {})", axis));
    return false;
  }
  LayerWeights kept = weights;
  kept.source = *q->integers;
  kept.scales = q->scales;
  kept.zeros = q->zeros;
  const std::vector<double> integers = kept.integers();
  if (std::any_of(integers.begin(), integers.end(), [](double v) { return v < -128 || v > 127; }))
    to.count_other_steps();
  else
    weights = std::move(kept);
  return true;
}

namespace {

// Whether the weights are integers of the file, which take no sign of the input.
bool has_integers(const Lowering& to, const Node& node) {
  const std::optional<Quantization>& q = to.value(node.inputs[1]).quantization;
  return q && q->integers;
}

void lower_conv(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  const Tensor* weights = to.constant(node, 1);
  if (weights == nullptr) return to.refuse(node, "W", "is no constant", "weights that stand in the file");
  if (to.depends_on_data(node, 2, "B")) return;
  if (weights->shape.size() != 4)
    return to.refuse(node, "W", "has the shape " + dims_text(weights->shape), "a convolution of two dimensions");
  if (given == nullptr) return;
  std::optional<View> in = to.settled(node, *given, true);
  if (!in) return;
  if (has_integers(to, node)) in = to.positive(node, *in);
  Call call = to.call(node);
  const Windows w = read_windows(call, {in->h, in->w}, {weights->shape[2], weights->shape[3]});
  const Dims& shape = weights->shape;
  const std::int64_t groups = integer_of(node, "group", 1);
  if (groups > 1 && groups == in->c && shape[0] != groups) {  // several filters per channel
    std::vector<std::int64_t> channels;
    for (std::int64_t c = 0; c < shape[0]; ++c) channels.push_back(c / (shape[0] / groups));
    *in = to.selected(node, *in, channels);
  }
  const bool depthwise = groups > 1 && groups == given->shape()[1];
  json& layer = to.add_layer(node, depthwise ? "depthwise" : "conv2d", {*in});
  if (!depthwise) layer["channels"] = shape[0];
  if (!depthwise && groups > 1) layer["groups"] = groups;
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
  to.put(node, map_view(name, w.out[0], w.out[1], shape[0]));
}

// A product of rows with constant weights [k][n], given by their strides.
struct Product {
  const Tensor* weights;
  std::int64_t k, n, k_stride, n_stride;
  std::int64_t n_axis;  // of the weights
  double factor = 1;    // of the weights
  std::vector<double> bias;
};

// All of a tensor as one row: its channels in the outer or in the inner digits.
bool is_flat(const View& v, bool* channels_outside) {
  if (v.dims.empty() || v.first_pixel != 0 || v.first_channel != 0) return false;
  for (std::size_t d = 0; d + 1 < v.dims.size(); ++d)
    if (!v.dims[d].empty()) return false;
  const Digits channel = merged({{v.c, true, 1}}), pixel = merged({{v.pixels(), false, 1}});
  Digits outside = channel, inside = pixel;
  outside.insert(outside.end(), pixel.begin(), pixel.end());
  inside.insert(inside.end(), channel.begin(), channel.end());
  *channels_outside = v.dims.back() == outside;
  return *channels_outside || v.dims.back() == inside;
}

// The pixels of a flat tensor are the window of its product. Where a core has no room for blocks of weights of so many
// taps, every so many pixels stand in one, as channels: those that follow each other, or with channels outside those of
// equal distance. Unchanged where the pixels do not divide.
std::optional<View> folded(Lowering& to, const Node& node, const View& flat, bool channels_outside) {
  constexpr std::int64_t most_taps = 400;  // of 8 x 8 weights, twice in a core
  constexpr std::int64_t most_folds = 64;
  const std::int64_t pixels = flat.pixels();
  std::int64_t folds = 1;
  while (folds <= most_folds && (pixels % folds != 0 || pixels / folds > most_taps)) ++folds;
  if (folds == 1 || folds > most_folds) return flat;
  const std::int64_t left = pixels / folds;
  View v = flat;
  if (channels_outside)
    v.dims = {merged({{left, false, 1}}), {{flat.c, true, 1}, {folds, false, left}}};
  else
    v.dims = {merged({{left, false, folds}}), {{folds, false, 1}, {flat.c, true, 1}}};
  return to.settled(node, v, 1, false);
}

void lower_product(Lowering& to, const Node& node, const View& given, const Product& p) {
  bool outside = false;
  const bool flat = given.pixels() > 1 && is_flat(given, &outside);
  const std::optional<View> rearranged =
      flat ? folded(to, node, given, outside) : to.settled(node, given, given.dims.size() - 1, false);
  if (!rearranged) return;
  View in = *rearranged;
  if (has_integers(to, node)) in = to.positive(node, in);
  const bool whole = flat || in.pixels() == 1, rows = in.w == 1;
  json& layer = to.add_layer(node, whole || rows ? "gemm" : "conv2d", {in});
  if (whole || !rows)
    layer["channels"] = p.n;
  else
    layer.update({{"m", in.h}, {"n", p.n}, {"k", p.k}});
  const std::string name = layer["name"];
  // The number of element (h, w, c) of the map among the k rows of the weights.
  const std::int64_t h = whole ? in.h : 1, w = whole ? in.w : 1;
  const std::int64_t of_w = outside ? 1 : in.c, of_c = outside ? h * w : 1;
  LayerWeights weights{*p.weights,
                       {p.n, h, w, in.c},
                       {p.n_stride, w * of_w * p.k_stride, of_w * p.k_stride, of_c * p.k_stride},
                       p.factor,
                       p.bias};
  if (!keep_integers(to, node, p.n_axis, weights)) return;
  weights.node = node.name;
  to.set_weights(name, std::move(weights));
  const Dims shape = to.value(node.outputs[0]).shape;
  View out = rows_view(name, shape);
  out.h = whole ? 1 : in.h;
  out.w = whole ? 1 : in.w;
  to.put(node, std::move(out));
}

void lower_gemm(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
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
  if (weights == nullptr) return lower_tensors(to, node);
  Dims shape = weights->shape;
  while (shape.size() > 2 && shape.front() == 1) shape.erase(shape.begin());
  if (shape.size() != 2) return lower_tensors(to, node);
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  const std::int64_t k = shape[0], n = shape[1];
  lower_product(to, node, *in, {weights, k, n, n, 1, 1, 1.0, bias_of(to, node, 2, n)});
}

}  // namespace

const std::vector<LayerRule>& product_rules() {
  static const std::vector<LayerRule> table = {{"Conv", lower_conv}, {"Gemm", lower_gemm}, {"MatMul", lower_matmul}};
  return table;
}

}  // namespace tessera::import
