// Products of two tensors, softmax and layer normalization.
#include <fmt/format.h>

#include <algorithm>

#include "sim/import/passes.h"
#include "sim/import/rules.h"

namespace tessera::import {
namespace {
using nlohmann::json;

bool pixels_alone(const View& v, std::size_t dim) { return v.has_pixels(dim) && !v.has_channels(dim); }

// The digits of some dimensions, one behind the other; those that count channels, or pixels.
Digits gathered(const View& v, const std::vector<std::size_t>& dims, bool channels) {
  Digits list;
  for (const std::size_t d : dims)
    std::copy_if(v.dims[d].begin(), v.dims[d].end(), std::back_inserter(list),
                 [&](const Digit& digit) { return digit.channel == channels; });
  return merged(list);
}

std::int64_t product_of(const Digits& digits) {
  std::int64_t n = 1;
  for (const Digit& d : digits) n *= d.size;
  return n;
}

// A factor of a product: what its dimensions are, and how they stand in the tensor.
struct Factor {
  View view;
  std::vector<std::size_t> groups, heads;
  std::size_t row = 0, depth = 0;
};

// Pixels in the order groups, rows, and in a single column (or one per head); channels of the heads one behind the
// other, padded to whole groups of 8.
void bring_in_order(Lowering& to, const Node& node, Factor& f, bool heads_are_pixels, std::int64_t padded_depth) {
  View& v = f.view;
  std::vector<std::size_t> order = f.groups;
  order.push_back(f.row);
  if (heads_are_pixels) order.insert(order.end(), f.heads.begin(), f.heads.end());
  const Digits pixels = gathered(v, order, false);
  std::int64_t width = 1;
  for (const std::size_t d : f.heads) width *= heads_are_pixels ? v.shape()[d] : 1;
  const std::int64_t count = product_of(pixels);
  const bool whole = v.first_pixel == 0 && count == v.pixels() && pixels == merged({{count, false, 1}});
  if (!whole || v.w != width) v = to.picked(node, v, pixels, count / width, width);
  std::vector<std::size_t> channel_dims = heads_are_pixels ? std::vector<std::size_t>{} : f.heads;
  channel_dims.push_back(f.depth);
  const Digits channels = gathered(v, channel_dims, true);
  const std::int64_t all = product_of(channels), depth = v.shape()[f.depth],
                     heads = all / std::max<std::int64_t>(1, depth);
  const bool tight = channels == merged({{all, true, 1}}) && v.first_channel % 8 == 0 &&
                     (heads == 1 || depth == padded_depth) &&
                     (!heads_are_pixels || (v.first_channel == 0 && v.c == depth));
  if (tight) return;
  std::vector<std::int64_t> source;
  const std::vector<std::int64_t> numbers = counted(channels, v.first_channel);
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t k = 0; k < padded_depth; ++k)
      source.push_back(k < depth ? numbers[static_cast<std::size_t>(head * depth + k)] : -1);
  v = to.selected(node, v, source);
}

std::optional<View> layer_of_channels(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(given->dims.size());
  std::int64_t axis = integer_of(node, "axis", -1);
  axis += axis < 0 ? rank : 0;
  const std::size_t last = given->dims.size() - 1;
  View v = *given;
  if (axis != rank - 1 && node.op != "Softmax" && node.attributes.count(single_axis) == 0) {
    to.refuse(node, "axis", fmt::format("is {} of {}", axis, dims_text(v.shape())), "the dimension of the channels");
    return std::nullopt;
  }
  const auto dim = static_cast<std::size_t>(axis);
  const bool whole = v.dims[dim] == merged({{v.c, true, 1}}) && v.first_channel == 0;
  bool elsewhere = false;
  for (std::size_t d = 0; d <= last; ++d) elsewhere = elsewhere || (d != dim && v.has_channels(d));
  if (whole && !elsewhere) return v;
  return to.settled(node, v, dim, false);
}

void lower_softmax(Lowering& to, const Node& node) {
  auto in = layer_of_channels(to, node);
  if (!in) return;
  in = to.positive(node, *in);  // or the largest would be the smallest
  json& layer = to.add_layer(node, "softmax", {*in});
  to.put(node, over(*in, layer["name"]));
}

void lower_normalization(Lowering& to, const Node& node) {
  const Tensor *scale = to.constant(node, 1), *shift = to.constant(node, 2);
  if (to.depends_on_data(node, 1, "Scale") || to.depends_on_data(node, 2, "B")) return;
  auto in = layer_of_channels(to, node);
  if (!in) return;
  in = to.positive(node, *in);  // the layer leaves the factor out
  const bool centred = node.op == "LayerNormalization";
  json& layer = to.add_layer(node, "layernorm", {*in});
  const std::string name = layer["name"];
  if (!centred) layer["mean"] = false;
  to.set_epsilon(name, real_of(node, "epsilon", 1e-5F));
  std::vector<double> scales = reals(*scale), shifts = shift == nullptr ? std::vector<double>{} : reals(*shift);
  scales.resize(static_cast<std::size_t>(in->c), scales[0]);
  shifts.resize(static_cast<std::size_t>(in->c), 0.0);
  to.set_weights(name, {make_tensor(DataType::f32, {in->c}, scales), {in->c, 1, 1, 1}, {1, 0, 0, 0}, 1.0, shifts});
  to.put(node, over(*in, name));
}

}  // namespace

namespace {

// A factor of a product; constants become tensors in DDR, in rows.
std::optional<View> factor_of(Lowering& to, const Node& node, std::size_t input) {
  const Tensor* constant = to.constant(node, input);
  if (constant == nullptr) {
    const View* view = to.view(node, input);
    return view == nullptr ? std::nullopt : std::optional(*view);
  }
  View v = rows_view("", constant->shape);
  const std::optional<std::string> layer = to.constant_layer(node, *constant, v);
  if (!layer) return std::nullopt;
  v.layer = *layer;
  return v;
}

// What the last dimensions of two factors are: rows by rows, or weights of rows by rows.
bool multiplies_by_rows(const View& b) {
  const std::size_t rank = b.dims.size();
  return !b.has_channels(rank - 1) && !b.has_pixels(rank - 2);
}

// Whether a layer can multiply them as they stand.
bool fit(const View& a, const View& b) {
  const std::size_t m = a.dims.size() - 2, k = m + 1;
  const bool by_rows = multiplies_by_rows(b);
  if (!a.has_channels(k) || a.has_pixels(k) || a.has_channels(m)) return false;
  if (!by_rows && (!pixels_alone(b, m) || b.has_pixels(k))) return false;
  for (std::size_t d = 0; d < m; ++d) {
    if (a.dims[d].empty()) continue;
    const bool head = b.has_channels(d), head_of_first = a.has_channels(d);
    if ((by_rows && head != head_of_first) || (!by_rows && head_of_first) || (head && b.has_pixels(d))) return false;
  }
  return true;
}

// The digits of lists of matrices: their dimensions share `all`.
void place_lists(View& out, const Dims& shape, const std::vector<std::size_t>& dims, const Digit& all) {
  std::int64_t left = all.size;
  for (const std::size_t d : dims) {
    left /= shape[d];
    out.dims[d] = {{shape[d], all.channel, left * all.stride}};
  }
}

// Two factors that fit.
void multiply_factors(Lowering& to, const Node& node, const View& a, const View& b) {
  const std::size_t rank = a.dims.size(), m = rank - 2, k = rank - 1;
  Factor first{a, {}, {}, m, k}, second{b, {}, {}, m, k};  // of the second: row n or k, see below
  const bool by_rows = multiplies_by_rows(b);
  if (by_rows) std::swap(second.row, second.depth);
  for (std::size_t d = 0; d < m; ++d) {
    if (a.dims[d].empty()) continue;
    for (Factor* f : {&first, &second}) (b.has_channels(d) ? f->heads : f->groups).push_back(d);
  }
  const Dims of_a = a.shape(), of_b = b.shape();
  std::int64_t heads = 1, groups = 1;
  for (const std::size_t d : first.heads) heads *= of_a[d];
  for (const std::size_t d : first.groups) groups *= of_a[d];
  const std::int64_t rows = of_a[m], steps = of_a[k], columns = of_b[k];
  const std::int64_t depth = by_rows ? steps : columns,
                     padded = heads > 1 ? network::stored_channels(static_cast<int>(depth)) : depth;
  bring_in_order(to, node, first, !by_rows, by_rows ? padded : steps);
  bring_in_order(to, node, second, false, padded);
  View x = first.view, y = second.view;
  double factor = x.factor * y.factor;
  x.factor = y.factor = 1;
  json& layer = to.add_layer(node, "matmul", {x, y});
  layer["by_rows"] = by_rows;
  layer["heads"] = heads;
  layer["depth"] = padded;
  layer["rows"] = rows;
  layer["second_rows"] = by_rows ? columns : steps;
  layer["first"] = x.first_channel;
  layer["second"] = y.first_channel;
  const std::string name = layer["name"];
  View out;
  out.layer = name;
  out.factor = factor;
  out.h = groups * rows;
  out.w = by_rows ? heads : 1;
  out.c = by_rows ? columns : heads * padded;
  out.dims.assign(rank, {});
  place_lists(out, of_a, first.heads, by_rows ? Digit{heads, false, 1} : Digit{heads, true, padded});
  place_lists(out, of_a, first.groups, {groups, false, rows * out.w});
  out.dims[m] = merged({{rows, false, out.w}});
  out.dims[k] = merged({{columns, true, 1}});
  to.put(node, std::move(out));
}

}  // namespace

void lower_tensors(Lowering& to, const Node& node) {
  std::optional<View> a = factor_of(to, node, 0), b = factor_of(to, node, 1);
  if (!a || !b) return;
  if (a->dims.size() < 2 || b->dims.size() < 2)
    return to.refuse(node, "", fmt::format("multiplies {} by {}", dims_text(a->shape()), dims_text(b->shape())),
                     "matrices, or lists of them");
  const std::size_t rank = std::max(a->dims.size(), b->dims.size()), m = rank - 2, k = rank - 1;
  for (View* v : {&*a, &*b})
    while (v->dims.size() < rank) v->dims.insert(v->dims.begin(), Digits{});
  const auto spread = [&](View& v, const View& like) {  // lists of matrices, as long as each other
    View wanted = like;
    wanted.dims[m] = v.dims[m];
    wanted.dims[k] = v.dims[k];
    v = broadcast_to(v, wanted);
  };
  spread(*a, *b);
  spread(*b, *a);
  if (!fit(*a, *b)) {
    a = to.settled(node, *a, k, false);
    b = to.settled(node, *b, m, false);
    if (!a || !b) return;
  }
  multiply_factors(to, node, *a, *b);
}

const std::vector<LayerRule>& attention_rules() {
  static const std::vector<LayerRule> table = {{"LayerNormalization", lower_normalization},
                                               {"RMSNormalization", lower_normalization},
                                               {"Softmax", lower_softmax}};
  return table;
}

}  // namespace tessera::import
