// Sums, differences and products of tensors, with constants beside them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/import/mask_constants.h"
#include "sim/import/rules.h"

namespace tessera::import {
namespace {
using nlohmann::json;

bool alike(const View& a, const View& b) {
  return a.h == b.h && a.w == b.w && a.c == b.c && a.first_pixel == b.first_pixel &&
         a.first_channel == b.first_channel && a.dims == b.dims;
}

const char* binary_name(const Node& node) { return node.op == "Add" ? "add" : node.op == "Sub" ? "sub" : "mul"; }

// The factor of the product of two views, which their tensors leave out, goes with the result.
void put_binary(Lowering& to, const Node& node, View a, View b) {
  double factor = 1;
  std::string op = binary_name(node);
  if (op == "mul") {
    factor = a.factor * b.factor;
    a.factor = b.factor = 1;
  } else {  // operands count with positive factors
    if (b.factor < 0) {
      op = op == "add" ? "sub" : "add";
      b.factor = -b.factor;
    }
    if (a.factor < 0) {
      op = op == "add" ? "sub" : "add";
      a.factor = -a.factor;
      factor = -1;
    }
  }
  json& layer = to.add_layer(node, op.c_str(), {a, b});
  View out = over(a, layer["name"]);
  out.factor = factor;
  to.put(node, std::move(out));
}

// The second operand where the first, settled one stands: with a single row or column where it has one in the file.
std::optional<View> beside(Lowering& to, const Node& node, const View& x, const View& second, std::size_t channel,
                           bool map) {
  const Dims of_x = x.shape(), of_second = second.shape();
  bool single_pixel = true;
  bool same = true, single_sides = of_x.size() == 4;
  for (std::size_t d = 0; d < of_x.size(); ++d) {
    if (d == channel) continue;
    single_pixel = single_pixel && of_second[d] == 1;
    same = same && of_second[d] == of_x[d];
  }
  const std::size_t row = channel == 1 ? 2 : 1, column = channel == 3 ? 2 : 3;
  single_sides = single_sides && of_x[0] == 1 && of_x[row] == x.h && of_x[column] == x.w;
  const bool as_it_is = same || single_pixel || single_sides;
  std::optional<View> given = second;
  bool mixed = second.has_pixels(channel);
  for (std::size_t d = 0; d < of_x.size(); ++d) mixed = mixed || (d != channel && second.has_channels(d));
  if (mixed && !as_it_is) given = to.settled(node, second, channel, false);  // before it is repeated
  if (!given) return std::nullopt;
  std::optional<View> y = to.settled(node, as_it_is ? second : broadcast_to(*given, x), channel, map);
  if (!y) return std::nullopt;
  if (y->c == 1 && x.c > 1) y = to.selected(node, *y, std::vector<std::int64_t>(static_cast<std::size_t>(x.c), 0));
  if (y->pixels() == x.pixels()) return to.in_map(node, *y, x.h, x.w);
  return single_sides ? to.in_map(node, *y, of_second[row], of_second[column]) : *y;
}

bool alike_in_kind(const View& a, const View& b) {
  for (std::size_t d = 0; d < a.dims.size(); ++d)
    if (a.has_channels(d) != b.has_channels(d) || a.has_pixels(d) != b.has_pixels(d)) return false;
  return true;
}

void combine(Lowering& to, const Node& node, const View& first, const View& second) {
  if (alike(first, second)) return put_binary(to, node, first, second);
  View a = first, b = second;
  const Dims out = to.value(node.outputs[0]).shape;
  if (a.shape() != out && b.shape() == out && node.op != "Sub") std::swap(a, b);
  while (b.dims.size() < a.dims.size()) b.dims.insert(b.dims.begin(), Digits{});
  while (a.dims.size() < b.dims.size()) a.dims.insert(a.dims.begin(), Digits{});
  if (a.shape() != out) a = broadcast_to(a, b);
  const bool map =
      out.size() == 4 && a.has_channels(1) && !a.has_channels(2) && !a.has_channels(3) && out[0] == 1 && !is_row(a);
  const auto with_channels = static_cast<std::size_t>(
      std::count_if(a.dims.begin(), a.dims.end(), [](const Digits& d) { return !d.empty() && d[0].channel; }));
  if (!map && with_channels != 1) {  // heads of channels, or pixels alone
    const View whole = broadcast_to(b, a);
    if (alike_in_kind(a, whole)) {
      const View x = to.ordered(node, a), y = to.ordered(node, whole);
      return put_binary(to, node, x, to.in_map(node, y, x.h, x.w));
    }
  }
  const std::size_t channel = map ? 1 : channel_dimension(a);
  const std::optional<View> x = to.settled(node, a, channel, map);
  if (!x) return;
  // Channels of the second input stand where those of the first do.
  const std::optional<View> y = beside(to, node, *x, b, channel, map);
  if (y) put_binary(to, node, *x, *y);
}

// Numbers per channel of a constant whose other dimensions are 1; nothing for others.
std::optional<std::vector<double>> per_channel(const Tensor& constant, const View& view) {
  const Dims shape = view.shape();
  std::size_t channel = shape.size();
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (view.has_channels(d)) channel = d;
  if (channel == shape.size() || constant.elements() != shape[channel] || constant.shape.size() > shape.size() ||
      constant.shape.size() + channel < shape.size())
    return std::nullopt;
  if (constant.shape[constant.shape.size() + channel - shape.size()] != shape[channel]) return std::nullopt;
  return reals(constant);
}

// A mask of scores stays apart: within a sum, its numbers would be those that the steps have to reach.
bool is_mask(const Lowering& to, const Node& node, const Tensor& constant) {
  if (constant.elements() == 1 || node.op != "Add" || !to.is_score(node.outputs[0])) return false;
  const std::vector<double> values = reals(constant);
  return std::isfinite(range_of({values.begin(), values.end()}).masked);
}

void with_constant(Lowering& to, const Node& node, const View& view, const Tensor& constant, bool constant_first) {
  View in = view;
  const Dims out = to.value(node.outputs[0]).shape;
  const std::optional<double> number = single(&constant);
  const bool divides = node.op == "Div", multiplies = node.op == "Mul" || (divides && !constant_first);
  if (divides && constant_first)
    return to.refuse(node, "", "divides a constant by a tensor", "tensors divided by constants");
  if (in.shape() != out && number && element_count(in.shape()) == element_count(out)) {
    if (const auto same = reshaped(in, out)) in = *same;
  } else if (in.shape() != out || repeats_elements(in)) {  // every element has a place of its own
    in = broadcast_to(in, view_of_shape(out));
    const std::optional<View> whole = to.settled(node, in, false);
    if (!whole) return;
    in = *whole;
  }
  if (multiplies && number && *number != 0 && std::isfinite(*number)) {
    in.factor *= divides ? 1 / *number : *number;
    return to.put(node, std::move(in));
  }
  const bool negative = node.op == "Sub" && constant_first;
  std::optional<std::vector<double>> channels = per_channel(constant, in);
  if (number) channels = std::vector<double>(static_cast<std::size_t>(in.c), *number);
  if (channels && !is_mask(to, node, constant)) {
    const std::optional<View> settled = number ? in : to.settled(node, in, is_map(in));
    if (!settled) return;
    channels->resize(static_cast<std::size_t>(settled->c), channels->empty() ? 0 : channels->front());
    std::vector<double> scale(channels->size(), negative ? -1.0 : 1.0), shift(channels->size(), 0.0);
    for (std::size_t c = 0; c < channels->size(); ++c) {
      const double v = (*channels)[c];
      if (multiplies)
        scale[c] = divides ? 1 / v : v;
      else
        shift[c] = node.op == "Sub" && !negative ? -v : v;
    }
    return to.put(node, to.affine(node, *settled, scale, shift));
  }
  if (divides) return to.refuse(node, "", "divides by a tensor of constants", "numbers, or one per channel");
  const std::optional<std::string> name = to.constant_layer(node, constant, in);
  if (!name) return;
  const View second = over(in, *name);
  if (negative)
    put_binary(to, node, second, in);
  else
    put_binary(to, node, in, second);
}

void lower_binary(Lowering& to, const Node& node) {
  const Tensor *first = to.constant(node, 0), *second = to.constant(node, 1);
  if (first != nullptr && second != nullptr) return to.refuse(node, "", "has constants alone", "a tensor");
  const View* view = to.view(node, first != nullptr ? 1 : 0);
  if (view == nullptr) return;
  if (first != nullptr || second != nullptr)
    return with_constant(to, node, *view, first != nullptr ? *first : *second, first != nullptr);
  const View* other = to.view(node, 1);
  if (other == nullptr) return;
  if (node.op == "Div") return to.refuse(node, "", "divides a tensor by another", "tensors divided by constants");
  combine(to, node, *view, *other);
}

// Masks: what is masked gets the least number that int8 has in the scale of the others.
void lower_where(Lowering& to, const Node& node) {
  const Tensor* condition = to.constant(node, 0);
  const bool keeps_first = to.constant(node, 1) == nullptr;
  const std::optional<double> masked = single(to.constant(node, keeps_first ? 2 : 1));
  if (!masked || *masked > -1e3)
    return to.refuse(node, "", "chooses between tensors", "a constant mask, or a large negative number that it puts");
  const View* given = to.view(node, keeps_first ? 1 : 2);
  if (given == nullptr) return;
  const View in = to.positive(node, *given);
  if (condition == nullptr && is_real(to.value(node.inputs[0]).type))
    return to.refuse(node, "condition", "is what layers compute", "a mask that the inputs' integers decide");
  if (condition == nullptr) {  // the host writes zeros and large negative numbers
    const View* mask = to.view(node, 0);
    Node sum = node;
    sum.op = "Add";
    if (mask != nullptr) combine(to, sum, in, *mask);
    return;
  }
  std::vector<double> values = reals(*condition);
  for (double& v : values) v = (v != 0) == keeps_first ? 0 : *masked;
  const auto name = to.constant_layer(node, make_tensor(DataType::f32, condition->shape, values), in);
  if (!name) return;
  json& layer = to.add_layer(node, "add", {in, over(in, *name)});
  to.put(node, over(in, layer["name"]));
}

void lower_batch_norm(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  std::vector<double> parameters[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor* constant = to.constant(node, i + 1);
    if (constant == nullptr)
      return to.refuse(node, "", "has parameters that are no constants", "a network for inference");
    parameters[i] = reals(*constant);
  }
  if (given == nullptr) return;
  const std::optional<View> in = to.settled(node, *given, 1, is_map(*given));
  if (!in) return;
  std::vector<double> scale, shift;
  for (std::size_t c = 0; c < parameters[0].size(); ++c) {
    scale.push_back(parameters[0][c] / std::sqrt(parameters[3][c] + real_of(node, "epsilon", 1e-5F)));
    shift.push_back(parameters[1][c] - parameters[2][c] * scale[c]);
  }
  to.put(node, to.affine(node, *in, scale, shift));
}

void lower_negation(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  View out = *in;
  out.factor = -out.factor;
  to.put(node, std::move(out));
}

// A tensor that is quantized once more with another scale.
void lower_quantize(Lowering& to, const Node& node) {
  if (const View* in = to.view(node, 0)) to.put(node, View(*in));
}

}  // namespace

const std::vector<LayerRule>& elementwise_rules() {
  static const std::vector<LayerRule> table = {{"Add", lower_binary},
                                               {"BatchNormalization", lower_batch_norm},
                                               {"DequantizeLinear", lower_quantize},
                                               {"Div", lower_binary},
                                               {"Mul", lower_binary},
                                               {"Neg", lower_negation},
                                               {"QuantizeLinear", lower_quantize},
                                               {"Sub", lower_binary},
                                               {"Where", lower_where}};
  return table;
}

}  // namespace tessera::import
