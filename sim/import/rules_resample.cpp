// Maps whose rows and columns are taken by themselves: enlarged, padded, cut, repeated.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/import/operators/resize.h"
#include "sim/import/rules.h"

namespace tessera::import {
namespace {
using nlohmann::json;

using Positions = std::vector<double>;  // of an input for every place of the output; -1: zero

std::string text_of(const Node& node, const char* attribute, const char* otherwise) {
  const auto it = node.attributes.find(attribute);
  return it != node.attributes.end() && std::holds_alternative<std::string>(it->second)
             ? std::get<std::string>(it->second)
             : otherwise;
}

bool stays(const Positions& positions, std::int64_t side) {
  bool same = static_cast<std::int64_t>(positions.size()) == side;
  for (std::size_t i = 0; same && i < positions.size(); ++i) same = positions[i] == static_cast<double>(i);
  return same;
}

json list_of(const Positions& positions) {
  json list = json::array();
  for (const double p : positions) {
    if (p == std::floor(p))
      list.push_back(static_cast<std::int64_t>(p));
    else
      list.push_back(p);
  }
  return list;
}

View remapped(Lowering& to, const Node& node, const View& in, const Positions& rows, const Positions& columns) {
  json& layer = to.add_layer(node, "remap", {in});
  layer["rows"] = list_of(rows);
  layer["columns"] = list_of(columns);
  View out = in;
  out.layer = layer["name"];
  out.h = static_cast<std::int64_t>(rows.size());
  out.w = static_cast<std::int64_t>(columns.size());
  return out;
}

// How often each of them stands there, one after the other; 0: not so.
std::int64_t repeats(const Positions& positions, std::int64_t side) {
  const auto n = static_cast<std::int64_t>(positions.size()) / side;
  if (n * side != static_cast<std::int64_t>(positions.size())) return 0;
  for (std::size_t i = 0; i < positions.size(); ++i)
    if (positions[i] != static_cast<double>(static_cast<std::int64_t>(i) / n)) return 0;
  return n;
}

void lower_resize(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  View v = *given;
  const bool flat = v.dims.size() == 3;  // N x C x L
  if (flat) v.dims.emplace_back();
  const std::optional<View> in = to.settled(node, v, true);
  if (!in) return;
  Call call = to.call(node);
  if (mixes_many(call))  // see pass_resampling.cpp
    return to.refuse(node, "mode", "is cubic or antialiased for more than rows and columns", "nearest or linear");
  std::vector<Positions> positions = resize_positions(call);
  if (flat) positions.push_back({0});
  if (positions.size() != 4 || !stays(positions[0], 1) || !stays(positions[1], in->c))
    return to.refuse(node, "",
                     fmt::format("makes {} of {}", dims_text(to.value(node.outputs[0]).shape), dims_text(in->shape())),
                     "the same batch and channels");
  const std::int64_t rows = repeats(positions[2], in->h), columns = repeats(positions[3], in->w);
  View out = *in;
  if (rows > 0 && columns > 0) {
    json& layer = to.add_layer(node, "resize", {*in});
    layer["factor"] = {rows, columns};
    out = map_view(layer["name"], in->h * rows, in->w * columns, in->c);
  } else {
    const std::string name = remapped(to, node, *in, positions[2], positions[3]).layer;
    out = map_view(name, static_cast<std::int64_t>(positions[2].size()), static_cast<std::int64_t>(positions[3].size()),
                   in->c);
  }
  out.factor = in->factor;
  if (flat) out.dims.pop_back();
  to.put(node, std::move(out));
}

// Places of the input around and within a side: -1 for what is added.
Positions padded(const std::string& mode, std::int64_t side, std::int64_t before, std::int64_t after) {
  Positions list;
  for (std::int64_t i = -before; i < side + after; ++i) {
    std::int64_t p = i;
    if (mode == "edge") p = std::clamp<std::int64_t>(i, 0, side - 1);
    if (mode == "wrap") p = (i % side + side) % side;
    if (mode == "reflect" && side > 1) {
      const std::int64_t period = 2 * (side - 1), q = (i % period + period) % period;
      p = q < side ? q : period - q;
    }
    list.push_back(p < 0 || p >= side ? -1.0 : static_cast<double>(p));
  }
  return list;
}

// Of some dimensions, by dimension, the places that they are made of. Channels are selected, pixels taken by rows and
// columns.
void put_places(Lowering& to, const Node& node, const View& given, const std::vector<Positions>& places) {
  View v = given;
  const std::size_t rank = v.dims.size();
  const bool map = rank == 4 && v.shape()[0] == 1 && v.has_channels(1) && !v.has_pixels(1) && !is_row(v);
  const std::size_t channel = map ? 1 : channel_dimension(v);
  const std::optional<View> settled = to.settled(node, v, channel, map);
  if (!settled) return;
  v = *settled;
  if (!stays(places[channel], v.c)) {
    std::vector<std::int64_t> source;
    for (const double p : places[channel]) source.push_back(static_cast<std::int64_t>(p));
    v = to.selected(node, v, source);
    v.dims[channel] = merged({{v.c, true, 1}});
  }
  std::vector<std::size_t> pixels, changed;
  const Dims shape = v.shape();
  for (std::size_t d = 0; d < rank; ++d) {
    if (d == channel) continue;
    if (shape[d] > 1 || places[d].size() > 1) pixels.push_back(d);
    if (!stays(places[d], shape[d])) changed.push_back(d);
  }
  if (changed.empty()) return to.put(node, std::move(v));
  if (changed.size() > 2 || (changed.size() == 2 && pixels.size() > 2))
    return to.refuse(node, "", fmt::format("changes {} dimensions of pixels of {}", changed.size(), dims_text(shape)),
                     "rows and columns of a map");
  // Rows: the first dimension where that is the one, else all but the column.
  const bool front = changed.size() == 1 && changed[0] == pixels.front() && (pixels.size() > 1 || v.w == 1);
  const std::size_t one = front ? changed[0] : changed.back();
  std::vector<std::size_t> rows, columns;
  for (const std::size_t d : pixels) ((d == one) == front ? rows : columns).push_back(d);
  Digits digits;
  std::int64_t height = 1, width = 1;
  for (const auto& [dims, count] : {std::pair{&rows, &height}, {&columns, &width}})
    for (const std::size_t d : *dims) {
      *count *= shape[d];
      digits.insert(digits.end(), v.dims[d].begin(), v.dims[d].end());
    }
  if (v.h != height || v.w != width || merged(digits) != merged({{v.pixels(), false, 1}}))
    v = to.picked(node, v, merged(digits), height, width);
  const auto places_of = [&](const std::vector<std::size_t>& dims, std::int64_t count) {
    if (dims.size() == 1) return places[dims[0]];
    Positions all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0.0);
    return all;
  };
  v = remapped(to, node, v, places_of(rows, height), places_of(columns, width));
  std::int64_t stride = v.pixels();
  rows.insert(rows.end(), columns.begin(), columns.end());
  for (const std::size_t d : rows) {
    const auto size = static_cast<std::int64_t>(places[d].size());
    stride /= size;
    v.dims[d] = merged({{size, false, stride}});
  }
  to.put(node, std::move(v));
}

std::vector<Positions> whole_places(const Dims& shape) {
  std::vector<Positions> places;
  for (const std::int64_t side : shape) {
    places.emplace_back(static_cast<std::size_t>(side));
    std::iota(places.back().begin(), places.back().end(), 0.0);
  }
  return places;
}

void lower_pad(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  const Tensor* pads = to.constant(node, 1);
  if (pads == nullptr) return to.refuse(node, "pads", "are no constants", "numbers that stand in the file");
  if (given == nullptr || to.depends_on_data(node, 2, "constant_value")) return;
  const std::string mode = text_of(node, "mode", "constant");
  const std::optional<double> value = single(to.constant(node, 2));
  const Dims shape = given->shape(), amounts = integers(*pads);
  if (mode == "constant" && value.value_or(0) != 0)
    return to.refuse(node, "constant_value", fmt::format("is {}", *value), "0, or padding that a pool ignores");
  const auto rank = static_cast<std::int64_t>(shape.size());
  Dims axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (const Tensor* named = to.constant(node, 3)) axes = integers(*named);
  std::vector<Positions> places = whole_places(shape);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(axes[i] < 0 ? axes[i] + rank : axes[i]);
    places[d] = padded(mode, shape[d], amounts[i], amounts[i + axes.size()]);
  }
  put_places(to, node, *given, places);
}

}  // namespace

void lower_indices(Lowering& to, const Node& node, const View& view, std::size_t dim, const Dims& indices) {
  std::vector<Positions> places = whole_places(view.shape());
  places[dim].clear();
  for (const std::int64_t i : indices) places[dim].push_back(static_cast<double>(i));
  put_places(to, node, view, places);
}

const std::vector<LayerRule>& resample_rules() {
  static const std::vector<LayerRule> table = {
      {"Pad", lower_pad}, {"Resize", lower_resize}, {"Upsample", lower_resize}};
  return table;
}

}  // namespace tessera::import
