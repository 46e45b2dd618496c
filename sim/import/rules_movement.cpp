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
  const auto out = reshaped(*in, shape);
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

// Output `output` of the node: elements start, start + 1, ... of dimension `dim`.
void put_part(Lowering& to, const Node& node, const View& in, std::size_t dim, std::int64_t start, std::size_t output) {
  const std::int64_t size = to.value(node.outputs[output]).shape[dim];
  const auto out = sliced(in, dim, start, 1, size);
  if (!out)
    return to.refuse(node, "axis", fmt::format("cuts {} at {}", dims_text(in.shape()), start),
                     "cuts at whole parts of a dimension that stands in several");
  to.put(node, *out, output);
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
    const auto part = sliced(v, dim, start, step, size);
    if (!part)
      return to.refuse(node, "starts", fmt::format("cut {} at {}", dims_text(v.shape()), start),
                       "cuts at whole parts of a dimension that stands in several");
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
    if (node.outputs[i] == no_value) continue;
    put_part(to, node, in, dim, start, i);
    start += to.value(node.outputs[i]).shape[dim];
  }
}

// Rows of a table that indices name: the host looks them up when it writes the input, and they are the network's input.
// One index that stands in the file cuts a tensor.
void lower_gather(Lowering& to, const Node& node) {
  const Tensor *table = to.constant(node, 0), *index = to.constant(node, 1);
  const std::int64_t axis = integer_of(node, "axis", 0);
  if (table != nullptr) {
    const View* indices = to.view(node, 1);
    if (indices == nullptr) return;
    if (axis != 0 || table->shape.size() != 2 || indices->layer != "input" || !to.alone(indices->layer))
      return to.refuse(node, "", "looks up what a layer computes",
                       "rows of a table named by the network's input alone");
    const View rows = rows_view("input", to.value(node.outputs[0]).shape);
    to.replace_input(rows);
    return to.put(node, rows);
  }
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  if (index == nullptr || index->elements() != 1)
    return to.refuse(node, "indices", "are more than one", "one index that stands in the file");
  const auto rank = static_cast<std::int64_t>(in->dims.size());
  const auto dim = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::int64_t side = in->shape()[dim], at = integers(*index)[0];
  auto out = sliced(*in, dim, at < 0 ? at + side : at, 1, 1);
  if (!out) return to.refuse(node, "indices", fmt::format("cut {}", dims_text(in->shape())), "a dimension in one part");
  if (index->shape.empty()) out->dims.erase(out->dims.begin() + static_cast<std::ptrdiff_t>(dim));
  to.put(node, *out);
}

// The sum of tensors of which at most one is not zero at a time.
View joined(Lowering& to, const Node& node, const std::vector<View>& parts) {
  View sum = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    json& layer = to.add_layer(node, "add", {sum, parts[i]});
    sum.layer = layer["name"];
    to.set_join(sum.layer);
  }
  return sum;
}

// Channels that do not begin at a group of 8: each part is put at its channels among zeros, and all are added.
View join_channels(Lowering& to, const Node& node, const std::vector<View>& parts) {
  std::int64_t all = 0, first = 0;
  for (const View& v : parts) all += v.c;
  std::vector<View> placed;
  for (const View& v : parts) {
    std::vector<std::int64_t> source(static_cast<std::size_t>(all), -1);
    for (std::int64_t c = 0; c < v.c; ++c) source[static_cast<std::size_t>(first + c)] = c;
    first += v.c;
    placed.push_back(to.selected(node, v, source));
  }
  return joined(to, node, placed);
}

// Parts of pixels one behind the other: each is put at its place among zeros, and all are added.
void join_pixels(Lowering& to, const Node& node, const std::vector<View>& parts) {
  const Dims shape = to.value(node.outputs[0]).shape;
  std::int64_t all = 0, first = 0;
  for (const View& v : parts) all += v.pixels();
  std::vector<View> list;
  for (const View& part : parts) {
    const std::int64_t own = part.pixels();
    View placed = to.picked(node, part, merged({{own, false, 1}}), all, 1);
    to.layer(placed.layer)["first"] = first;
    first += own;
    list.push_back(to.in_common_scale(node, placed));
  }
  const View sum = joined(to, node, list);
  View out = rows_view(sum.layer, shape);
  out.factor = sum.factor;
  to.put(node, std::move(out));
}

void lower_concat(Lowering& to, const Node& node) {
  const Dims shape = to.value(node.outputs[0]).shape;
  const std::int64_t given = integer_of(node, "axis", 0), rank = static_cast<std::int64_t>(shape.size());
  const auto axis = static_cast<std::size_t>(given < 0 ? given + rank : given);
  const View* like = nullptr;  // a part that is no constant
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    if (to.constant(node, i) == nullptr) like = to.view(node, i);
  if (like == nullptr) return to.refuse(node, "", "joins constants alone", "a tensor");
  const View pattern = *like;
  const bool map = rank == 4 && shape[0] == 1 && pattern.has_channels(1);
  const bool channels = pattern.has_channels(axis) || !pattern.has_pixels(axis);
  std::vector<View> parts;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    View part;
    if (const Tensor* constant = to.constant(node, i)) {
      View v = map ? map_view("", constant->shape[2], constant->shape[3], constant->shape[1])
                   : rows_view("", constant->shape);
      const auto name = to.constant_layer(node, *constant, v);
      if (!name) return;
      v.layer = *name;
      part = v;
    } else {
      const std::optional<View> settled = to.settled(node, *to.view(node, i), map);
      if (!settled) return;
      part = *settled;
    }
    parts.push_back(std::move(part));
  }
  bool outermost = true;
  for (std::size_t d = 0; d < axis; ++d) outermost = outermost && shape[d] == 1;
  if (!channels && (!outermost || map || pattern.has_channels(axis)))
    return to.refuse(node, "axis", fmt::format("is {}", given),
                     "the dimension of the channels, or the first one of the pixels");
  // One factor for all, which is 1 where a common scale may be computed into some of them.
  const bool mixed =
      std::any_of(parts.begin(), parts.end(), [&](const View& v) { return v.factor != parts[0].factor; });
  if (mixed || to.common_scale(node))
    for (View& v : parts) v = to.unscaled(node, v);
  if (!channels) return join_pixels(to, node, parts);
  for (View& v : parts) v = to.in_common_scale(node, v);
  const bool between = std::any_of(parts.begin(), parts.end() - 1, [](const View& v) { return v.c % 8 != 0; });
  const std::string name =
      between ? join_channels(to, node, parts).layer : std::string(to.add_layer(node, "concat", parts)["name"]);
  View out = map ? map_view(name, shape[2], shape[3], shape[1]) : rows_view(name, shape);
  out.h = parts[0].h;
  out.w = parts[0].w;
  out.factor = parts[0].factor;
  to.put(node, std::move(out));
}

void lower_resize(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  const std::optional<View> in = to.settled(node, *given, true);
  if (!in) return;
  const Dims out = to.value(node.outputs[0]).shape;
  const auto it = node.attributes.find("mode");
  const std::string mode = it != node.attributes.end() && std::holds_alternative<std::string>(it->second)
                               ? std::get<std::string>(it->second)
                               : "nearest";
  if (mode != "nearest") return to.refuse(node, "mode", "is " + mode, "nearest");
  if (out[1] != in->c || out[2] % in->h != 0 || out[3] % in->w != 0)
    return to.refuse(node, "", fmt::format("makes {} of {}", dims_text(out), dims_text(in->shape())),
                     "rows and columns several times as many");
  json& layer = to.add_layer(node, "resize", {*in});
  layer["factor"] = {out[2] / in->h, out[3] / in->w};
  View v = map_view(layer["name"], out[2], out[3], out[1]);
  v.factor = in->factor;
  to.put(node, std::move(v));
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
  static const std::vector<LayerRule> table = {{"Concat", lower_concat},     {"DepthToSpace", lower_depth_to_space},
                                               {"Flatten", lower_reshape},   {"Gather", lower_gather},
                                               {"Reshape", lower_reshape},   {"Resize", lower_resize},
                                               {"Slice", lower_slice},       {"Split", lower_split},
                                               {"Squeeze", lower_reshape},   {"Transpose", lower_transpose},
                                               {"Unsqueeze", lower_reshape}, {"Upsample", lower_resize}};
  return table;
}

}  // namespace tessera::import
