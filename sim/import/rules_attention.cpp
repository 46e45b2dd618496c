// Products of two tensors, softmax and layer normalization.
#include <fmt/format.h>

#include <algorithm>

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
  if (axis != rank - 1 && !(v.has_channels(static_cast<std::size_t>(axis)) && node.op == "Softmax")) {
    to.refuse(node, "axis", fmt::format("is {} of {}", axis, dims_text(v.shape())), "the dimension of the channels");
    return std::nullopt;
  }
  const auto dim = static_cast<std::size_t>(axis);
  const bool whole = v.dims[dim] == merged({{v.c, true, 1}}) && v.first_channel == 0;
  bool elsewhere = false;
  for (std::size_t d = 0; d <= last; ++d) elsewhere = elsewhere || (d != dim && v.has_channels(d));
  if (whole && !elsewhere) return v;
  return to.settled(node, v, false);
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
  if (scale == nullptr) return to.refuse(node, "Scale", "is no constant", "numbers that stand in the file");
  if (node.outputs.size() > 1 && node.outputs[1] != no_value)
    return to.refuse(node, "", "has its mean read", "the normalized tensor alone");
  auto in = layer_of_channels(to, node);
  if (!in) return;
  in = to.positive(node, *in);  // the layer leaves the factor out
  const bool centred = node.op == "LayerNormalization";
  json& layer = to.add_layer(node, "layernorm", {*in});
  const std::string name = layer["name"];
  if (!centred) layer["mean"] = false;
  std::vector<double> scales = reals(*scale), shifts = shift == nullptr ? std::vector<double>{} : reals(*shift);
  scales.resize(static_cast<std::size_t>(in->c), scales[0]);
  shifts.resize(static_cast<std::size_t>(in->c), 0.0);
  to.set_weights(name, {make_tensor(DataType::f32, {in->c}, scales), {in->c, 1, 1, 1}, {1, 0, 0, 0}, 1.0, shifts});
  to.put(node, over(*in, name));
}

struct Product {
  std::int64_t heads, groups, rows, columns, padded;
  bool by_rows;
};

// What a product of such factors looks like, of the dimensions of the first one; `m`: that of its rows.
View product_view(const Product& p, const Factor& first, const Dims& of_a, std::size_t m) {
  View out;
  out.h = p.groups * p.rows;
  out.w = p.by_rows ? p.heads : 1;
  out.c = p.by_rows ? p.columns : p.heads * p.padded;
  out.dims.assign(m + 2, {});
  std::int64_t head = p.heads, group = p.groups;
  for (std::size_t d = 0; d < m; ++d) {
    if (of_a[d] == 1) continue;
    if (std::find(first.heads.begin(), first.heads.end(), d) != first.heads.end()) {
      head /= of_a[d];
      out.dims[d] = {{of_a[d], !p.by_rows, p.by_rows ? head : head * p.padded}};
    } else {
      group /= of_a[d];
      out.dims[d] = {{of_a[d], false, group * p.rows * out.w}};
    }
  }
  out.dims[m] = merged({{p.rows, false, out.w}});
  out.dims[m + 1] = merged({{p.columns, true, 1}});
  return out;
}

}  // namespace

void lower_tensors(Lowering& to, const Node& node) {
  const View *a = to.view(node, 0), *b = to.view(node, 1);
  if (a == nullptr || b == nullptr) return;
  const std::size_t rank = a->dims.size();
  const auto refuse = [&](const std::string& what) {
    to.refuse(node, "", what + fmt::format(": {} by {}", dims_text(a->shape()), dims_text(b->shape())),
              "rows of one tensor by rows of another, or weights of rows by rows, for heads of channels or of columns");
  };
  if (rank < 2 || b->dims.size() != rank) return refuse("multiplies tensors of different ranks");
  const std::size_t m = rank - 2, k = rank - 1;
  Factor first{*a, {}, {}, m, k}, second{*b, {}, {}, m, k};  // of the second: row n or k, see below
  const bool k_is_channel = a->has_channels(k) && !a->has_pixels(k);
  const bool by_rows = pixels_alone(*b, k) && !b->has_pixels(m);
  if (by_rows) std::swap(second.row, second.depth);
  if (!k_is_channel || a->has_channels(m) || (!by_rows && (!pixels_alone(*b, m) || b->has_pixels(k))))
    return refuse("multiplies pixels where channels would have to stand");
  for (std::size_t d = 0; d < m; ++d) {
    if (a->shape()[d] != b->shape()[d]) return refuse("broadcasts one factor");
    if (a->shape()[d] == 1) continue;
    const bool head = b->has_channels(d), head_of_first = a->has_channels(d);
    if ((by_rows && head != head_of_first) || (!by_rows && head_of_first) || (head && b->has_pixels(d)))
      return refuse("has heads that stand otherwise in both factors");
    for (Factor* f : {&first, &second}) (head ? f->heads : f->groups).push_back(d);
  }
  const Dims of_a = a->shape(), of_b = b->shape();
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
  const Product product{heads, groups, rows, columns, padded, by_rows};
  View out = product_view(product, first, of_a, m);
  out.layer = layer["name"];
  out.factor = factor;
  to.put(node, std::move(out));
}

const std::vector<LayerRule>& attention_rules() {
  static const std::vector<LayerRule> table = {{"LayerNormalization", lower_normalization},
                                               {"RMSNormalization", lower_normalization},
                                               {"Softmax", lower_softmax}};
  return table;
}

}  // namespace tessera::import
