// Reshaping, transposing, slicing, joining and spreading of elements: most of it moves nothing until a layer needs it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "sim/import/rules.h"

namespace tessera::import {
namespace {
using nlohmann::json;

void lower_reshape(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  const Dims& shape = to.value(node.outputs[0]).shape;
  auto out = reshaped(*in, shape);
  if (!out && reshaped(in_order_of_dimensions(*in), shape)) out = reshaped(to.ordered(node, *in), shape);
  if (!out) {  // all elements in one column, one after the other
    View v = *in;
    v.dims.emplace_back();
    const std::optional<View> pixels = to.settled(node, v, v.dims.size() - 1, false);
    if (!pixels) return;
    out = reshaped(*pixels, shape);
  }
  if (!out)
    return to.refuse(node, "", fmt::format("makes {} of {}", dims_text(shape), dims_text(in->shape())),
                     "dimensions that are split or joined as a whole");
  to.put(node, *out);
}

void lower_transpose(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  Dims order(in->dims.size());
  std::iota(order.rbegin(), order.rend(), 0);
  const auto it = node.attributes.find("perm");
  if (it != node.attributes.end() && std::holds_alternative<Dims>(it->second)) order = std::get<Dims>(it->second);
  to.put(node, transposed(*in, order));
}

struct Cut {
  std::size_t dim;
  std::int64_t start, step, size;
};
// A part of a dimension; where that stands in digits which the cut divides, it gets one of its own first.
std::optional<View> cut(Lowering& to, const Node& node, const View& in, const Cut& c) {
  if (auto part = sliced(in, c.dim, c.start, c.step, c.size)) return part;
  const std::optional<View> settled = to.settled(node, in, false);
  if (!settled) return std::nullopt;
  auto part = sliced(*settled, c.dim, c.start, c.step, c.size);
  if (!part)
    to.refuse(node, "axis", fmt::format("cuts {} at {}", dims_text(in.shape()), c.start),
              "cuts at whole parts of a dimension that stands in several");
  return part;
}

// Output `output` of the node: elements start, start + 1, ... of dimension `dim`.
void put_part(Lowering& to, const Node& node, const View& in, std::size_t dim, std::int64_t start, std::size_t output) {
  const auto out = cut(to, node, in, {dim, start, 1, to.value(node.outputs[output]).shape[dim]});
  if (out) to.put(node, *out, output);
}

void lower_slice(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  const Tensor *starts = to.constant(node, 1), *given = to.constant(node, 3), *steps = to.constant(node, 4);
  if (starts == nullptr) return to.refuse(node, "starts", "are no constants", "numbers that stand in the file");
  if (in == nullptr) return;
  View v = *in;
  const Dims first = integers(*starts);
  const auto rank = static_cast<std::int64_t>(v.dims.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::int64_t axis = given != nullptr ? integers(*given)[i] : static_cast<std::int64_t>(i);
    axis += axis < 0 ? rank : 0;
    const std::int64_t step = steps != nullptr ? integers(*steps)[i] : 1;
    const auto dim = static_cast<std::size_t>(axis);
    const std::int64_t side = v.shape()[dim], size = to.value(node.outputs[0]).shape[dim];
    const std::int64_t start = std::clamp<std::int64_t>(first[i] < 0 ? first[i] + side : first[i], 0, side - 1);
    const auto part = cut(to, node, v, {dim, start, step, size});
    if (!part) return;
    v = *part;
  }
  to.put(node, std::move(v));
}

void lower_split(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  const View in = *given;
  const std::int64_t axis = integer_of(node, "axis", 0), rank = static_cast<std::int64_t>(in.dims.size());
  const auto dim = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (to.is_read(node.outputs[i])) put_part(to, node, in, dim, start, i);
    start += to.value(node.outputs[i]).shape[dim];
  }
}

// Indices that stand in the file cut a tensor. Those that the host knows are rows of a table (pass_host_inputs.cpp).
void lower_gather(Lowering& to, const Node& node) {
  const Tensor* index = to.constant(node, 1);
  const std::int64_t axis = integer_of(node, "axis", 0);
  if (to.constant(node, 0) != nullptr)
    return to.refuse(node, "", "looks up what a layer computes", "rows of a table named by integers of the inputs");
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  if (index == nullptr) return to.refuse(node, "indices", "are no constants", "numbers that stand in the file");
  const auto rank = static_cast<std::int64_t>(in->dims.size());
  const auto dim = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::int64_t side = in->shape()[dim];
  Dims places = integers(*index);
  for (std::int64_t& p : places) p += p < 0 ? side : 0;
  if (places.size() != 1) {
    if (index->shape.size() != 1)
      return to.refuse(node, "indices", "have the shape " + dims_text(index->shape), "a list");
    return lower_indices(to, node, *in, dim, places);
  }
  auto out = cut(to, node, *in, {dim, places[0], 1, 1});
  if (!out) return;
  if (index->shape.empty()) out->dims.erase(out->dims.begin() + static_cast<std::ptrdiff_t>(dim));
  to.put(node, *out);
}

// A dimension of size 1 that is repeated stands still; of others the elements are taken again.
void lower_expand(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  const Dims& shape = to.value(node.outputs[0]).shape;
  View v = *in;
  while (v.dims.size() < shape.size()) v.dims.insert(v.dims.begin(), Digits{});
  const Dims own = v.shape();
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (own[d] == shape[d]) continue;
    v.dims[d].insert(v.dims[d].begin(), Digit{shape[d] / own[d], v.has_channels(d), 0});
    v.dims[d] = merged(v.dims[d]);
  }
  to.put(node, std::move(v));
}

void lower_view(Lowering& to, const Node& node) {
  if (const View* in = to.view(node, 0)) to.put(node, View(*in));
}

// Types of reals are one to the layers. Whole numbers and truth values of what they compute are not.
void lower_cast(Lowering& to, const Node& node) {
  const DataType wanted = to.value(node.outputs[0]).type;
  if (is_real(to.value(node.inputs[0]).type) && !is_real(wanted))
    return to.refuse(node, "to", fmt::format("is {}", type_name(wanted)),
                     "a type of reals: layers cut off no fractions");
  lower_view(to, node);
}

// Parts of pixels one behind the other: each is put at its place among zeros, and all are added. Pixels are counted
// along the axis last, so that those of a part follow each other.
void join_pixels(Lowering& to, const Node& node, const std::vector<View>& parts, std::size_t axis) {
  const Dims shape = to.value(node.outputs[0]).shape;
  std::int64_t all = 0, first = 0;
  for (const View& v : parts) all += v.pixels();
  std::vector<View> list;
  for (const View& part : parts) {
    const std::int64_t own = part.pixels();
    Digits order = part.dims[axis];
    for (std::size_t d = 0; d < part.dims.size(); ++d)
      if (d != axis && !part.has_channels(d)) order.insert(order.end(), part.dims[d].begin(), part.dims[d].end());
    View placed = to.picked(node, part, merged(order), all, 1);
    to.layer(placed.layer)["first"] = first;
    first += own;
    list.push_back(to.in_common_scale(node, placed));
  }
  View out = to.sum_of_parts(node, list);
  const std::int64_t sides = all / shape[axis];  // pixels of one index along the axis
  std::int64_t left = sides;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (out.has_channels(d)) continue;
    left /= d == axis ? 1 : shape[d];
    out.dims[d] = merged({{shape[d], false, d == axis ? sides : left}});
  }
  to.put(node, std::move(out));
}

// One factor for all, which is 1 where a common scale may be computed into some of them; and steps of their own for
// those that could not have the steps of the others.
void equalize(Lowering& to, const Node& node, std::vector<View>& parts) {
  const bool mixed =
      std::any_of(parts.begin(), parts.end(), [&](const View& v) { return v.factor != parts[0].factor; });
  if (mixed || to.common_scale(node))
    for (View& v : parts) v = to.unscaled(node, v);
  to.free_steps(node, parts);
}

// Dimensions in which more than one counts channels, as heads do: all parts stand in order, and so does the result.
void join_heads(Lowering& to, const Node& node, std::vector<View> parts, std::size_t axis) {
  for (View& v : parts) v = to.ordered(node, v);
  equalize(to, node, parts);
  for (View& v : parts) v = to.in_map(node, to.in_common_scale(node, v), parts[0].h, parts[0].w);
  std::int64_t outer = 1, all = 0;  // channels in front of the axis; of all parts
  for (std::size_t d = 0; d < axis; ++d) outer *= parts[0].has_channels(d) ? parts[0].shape()[d] : 1;
  std::vector<std::int64_t> first, source;
  for (const View& v : parts) {
    first.push_back(all);
    all += v.c;
  }
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::size_t p = 0; p < parts.size(); ++p)
      for (std::int64_t c = 0; c < parts[p].c / outer; ++c) source.push_back(first[p] + o * (parts[p].c / outer) + c);
  View joined = parts[0];
  joined.layer = to.concatenated(node, parts);
  joined.c = all;
  if (!std::is_sorted(source.begin(), source.end())) joined = to.selected(node, joined, source);
  const Dims shape = to.value(node.outputs[0]).shape;
  std::int64_t left = all;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (d != axis && !joined.has_channels(d)) continue;
    left /= shape[d];
    joined.dims[d] = merged({{shape[d], true, left}});
  }
  to.put(node, std::move(joined));
}

// Cuts of one tensor along a dimension of pixels, as rolling it makes them, are places of it.
bool join_cuts(Lowering& to, const Node& node, const std::vector<View>& parts, std::size_t axis) {
  View whole = parts[0];
  Dims places;
  const Digits& own = parts[0].dims[axis];
  if (own.size() != 1 || own[0].channel || own[0].stride < 1) return false;
  const std::int64_t stride = own[0].stride, first = whole.first_pixel % stride;
  for (const View& v : parts) {
    const bool same = v.layer == whole.layer && v.factor == whole.factor && v.first_channel == whole.first_channel &&
                      v.first_pixel % stride == first && v.dims[axis].size() <= 1;
    if (!same || (!v.dims[axis].empty() && (v.dims[axis][0].stride != stride || v.dims[axis][0].channel))) return false;
    for (std::size_t d = 0; d < v.dims.size(); ++d)
      if (d != axis && !(v.dims[d] == whole.dims[d])) return false;
    for (std::int64_t i = 0; i < v.shape()[axis]; ++i) places.push_back(v.first_pixel / stride + i);
  }
  // The dimension that all are cut from, from its first element on.
  const std::int64_t least = *std::min_element(places.begin(), places.end()),
                     most = *std::max_element(places.begin(), places.end());
  for (std::int64_t& p : places) p -= least;
  whole.first_pixel = first + least * stride;
  whole.dims[axis] = merged({{most - least + 1, false, stride}});
  lower_indices(to, node, whole, axis, places);
  return true;
}

// Whether its pixels count the axis, and its channels another dimension.
bool has_rows(const View& view, std::size_t axis) {
  return view.has_pixels(axis) && channel_dimension(view) != axis && view.has_channels(channel_dimension(view));
}

// What a Concat joins; constants stand as the pattern does. Nothing: one of them was refused.
std::vector<View> parts_of(Lowering& to, const Node& node, const View& pattern) {
  const Dims shape = to.value(node.outputs[0]).shape;
  std::vector<View> parts;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* constant = to.constant(node, i);
    if (constant == nullptr) {
      parts.push_back(*to.view(node, i));
      continue;
    }
    const bool map = shape.size() == 4 && shape[0] == 1 && pattern.has_channels(1);
    View v = map ? placed_map(constant->shape) : rows_view("", constant->shape);
    const auto name = to.constant_layer(node, *constant, v);
    if (!name) return {};
    v.layer = *name;
    parts.push_back(std::move(v));
  }
  return parts;
}

void lower_concat(Lowering& to, const Node& node) {
  const Dims shape = to.value(node.outputs[0]).shape;
  const std::int64_t given = integer_of(node, "axis", 0), rank = static_cast<std::int64_t>(shape.size());
  const auto axis = static_cast<std::size_t>(given < 0 ? given + rank : given);
  const View* like = nullptr;  // a part that is no constant; one that has rows along the axis, if there is one
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    if (to.constant(node, i) == nullptr && (like == nullptr || !has_rows(*like, axis))) like = to.view(node, i);
  if (like == nullptr) return to.refuse(node, "", "joins constants alone", "a tensor");
  const View pattern = *like;
  std::vector<View> parts = parts_of(to, node, pattern);
  if (parts.empty()) return;
  bool heads = false, mixed = false;  // other dimensions count channels too; some count both
  for (std::size_t d = 0; d < pattern.dims.size(); ++d) {
    heads = heads || (d != axis && pattern.has_channels(d));
    mixed = mixed || (pattern.has_channels(d) && pattern.has_pixels(d));
  }
  const auto in_kind = [&](const View& v) {
    for (std::size_t d = 0; d < v.dims.size(); ++d) {
      const bool channels_differ = d != axis && v.has_channels(d) != pattern.has_channels(d);
      if (channels_differ || v.has_pixels(d) != pattern.has_pixels(d)) return false;
    }
    return true;
  };
  if (heads && !mixed && !pattern.has_pixels(axis) && std::all_of(parts.begin(), parts.end(), in_kind))
    return join_heads(to, node, parts, axis);
  const bool map = rank == 4 && shape[0] == 1 && pattern.has_channels(1);
  const bool pixels_alone =
      std::all_of(parts.begin(), parts.end(), [](const View& v) { return digits_of(v, true).empty(); });
  const std::size_t usual = map ? 1 : channel_dimension(pattern);
  const bool channels =
      (!pixels_alone && usual == axis) ||
      (pattern.has_pixels(axis) ? pattern.has_channels(axis) && !heads : pattern.has_channels(axis) || !heads);
  if (!channels && join_cuts(to, node, parts, axis)) return;
  const std::size_t channel = channels ? axis : usual;
  for (View& v : parts) {
    const std::optional<View> settled = pixels_alone && !channels
                                            ? to.ordered(node, v)
                                            : to.settled(node, v, channel, map && channel == 1 && !is_row(v));
    if (!settled) return;
    v = *settled;
  }
  equalize(to, node, parts);
  if (!channels) return join_pixels(to, node, parts, axis);
  for (View& v : parts) v = to.in_map(node, to.in_common_scale(node, v), parts[0].h, parts[0].w);
  View out = parts[0];
  out.layer = to.concatenated(node, parts);
  out.c = shape[axis];
  out.dims[axis] = merged({{shape[axis], true, 1}});
  to.put(node, std::move(out));
}

void lower_depth_to_space(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  std::optional<View> in = to.settled(node, *given, true);
  if (!in) return;
  const std::int64_t block = integer_of(node, "blocksize", 1), channels = in->c / (block * block);
  const auto it = node.attributes.find("mode");
  if (it != node.attributes.end() && std::holds_alternative<std::string>(it->second) &&
      std::get<std::string>(it->second) == "CRD") {
    std::vector<std::int64_t> source;
    for (std::int64_t part = 0; part < block * block; ++part)
      for (std::int64_t c = 0; c < channels; ++c) source.push_back(c * block * block + part);
    in = to.selected(node, *in, source);
  }
  json& layer = to.add_layer(node, "depth_to_space", {*in});
  layer["factor"] = block;
  View v = map_view(layer["name"], in->h * block, in->w * block, channels);
  v.factor = in->factor;
  to.put(node, std::move(v));
}

}  // namespace

const std::vector<LayerRule>& movement_rules() {
  static const std::vector<LayerRule> table = {{"Cast", lower_cast},        {"CastLike", lower_cast},
                                               {"Concat", lower_concat},    {"DepthToSpace", lower_depth_to_space},
                                               {"Expand", lower_expand},    {"Flatten", lower_reshape},
                                               {"Gather", lower_gather},    {"Identity", lower_view},
                                               {"Reshape", lower_reshape},  {"Slice", lower_slice},
                                               {"Split", lower_split},      {"Squeeze", lower_reshape},
                                               {"Tile", lower_expand},      {"Transpose", lower_transpose},
                                               {"Unsqueeze", lower_reshape}};
  return table;
}

}  // namespace tessera::import
