// Brings the elements of a view into a tensor of their own order: which dimension counts channels may change.
#include <fmt/format.h>

#include <algorithm>

#include "sim/import/lowering.h"
#include "sim/network/shapes.h"

namespace tessera::import {
namespace {
using nlohmann::json;

constexpr std::int64_t most_parts = 64;  // that pixels become channels in

std::int64_t count_of(const Digits& digits) {
  std::int64_t n = 1;
  for (const Digit& d : digits) n *= d.size;
  return n;
}

// The digits of one dimension, those that count channels or pixels.
Digits kind_of(const Digits& dim, bool channels) {
  Digits list;
  std::copy_if(dim.begin(), dim.end(), std::back_inserter(list), [&](const Digit& d) { return d.channel == channels; });
  return list;
}

// Gives the digits of a kind, in the order of the dimensions, strides of a tensor that has them one behind the other.
// `dims`: whose; stride of the innermost one.
void renumber(View& view, const std::vector<std::size_t>& dims, bool of_channels, bool to_channels,
              std::int64_t stride) {
  for (auto dim = dims.rbegin(); dim != dims.rend(); ++dim) {
    Digits& list = view.dims[*dim];
    for (auto d = list.rbegin(); d != list.rend(); ++d) {
      if (d->channel != of_channels) continue;
      d->channel = to_channels;
      d->stride = stride;
      stride *= d->size;
    }
  }
}

}  // namespace

View Lowering::with_channels(const Node& node, const View& view, const Digits& channels) {
  const std::vector<std::int64_t> numbers = counted(channels, view.first_channel);
  bool same = static_cast<std::int64_t>(numbers.size()) == view.c;
  for (std::size_t i = 0; same && i < numbers.size(); ++i) same = numbers[i] == static_cast<std::int64_t>(i);
  return same ? view : selected(node, view, numbers);
}

// Channels of other dimensions become pixels, the innermost ones: dealt out as blocks of columns.
View Lowering::spread_channels(const Node& node, const View& given, std::size_t channel) {
  std::vector<std::size_t> others, own{channel}, all;
  Digits moved, kept = kind_of(given.dims[channel], true);
  for (std::size_t d = 0; d < given.dims.size(); ++d) {
    all.push_back(d);
    if (d == channel) continue;
    others.push_back(d);
    for (const Digit& digit : kind_of(given.dims[d], true)) moved.push_back(digit);
  }
  const std::int64_t parts = count_of(moved);
  if (parts == 1) return given;
  Digits order = moved;
  order.insert(order.end(), kept.begin(), kept.end());
  View v = with_channels(node, given, order);
  json& layer = add_layer(node, "depth_to_space", {v});
  layer["factor"] = {1, parts};
  v.layer = layer["name"];
  v.c = count_of(kept);
  v.w *= parts;
  v.first_channel = 0;
  v.first_pixel *= parts;
  for (Digits& dim : v.dims)
    for (Digit& d : dim) d.stride *= d.channel ? 1 : parts;
  renumber(v, own, true, true, 1);
  renumber(v, others, true, false, 1);
  return v;
}

// Pixels of a dimension become its channels, and all channels there are become pixels.
View Lowering::exchanged(const Node& node, const View& given, std::size_t channel) {
  std::vector<std::size_t> others;
  Digits pixels, channels;
  for (std::size_t d = 0; d < given.dims.size(); ++d) {
    if (d == channel) continue;
    others.push_back(d);
    for (const Digit& digit : given.dims[d]) (digit.channel ? channels : pixels).push_back(digit);
  }
  View v = with_channels(node, given, channels);
  const std::int64_t groups = count_of(pixels), rows = count_of(given.dims[channel]), all = count_of(channels);
  pixels.insert(pixels.end(), given.dims[channel].begin(), given.dims[channel].end());
  const bool placed =
      v.w == 1 && v.first_pixel == 0 && v.h == groups * rows && merged(pixels) == merged({{groups * rows, false, 1}});
  if (!placed) v = picked(node, v, merged(pixels), groups * rows, 1);
  json& layer = add_layer(node, "transpose", {v});
  layer["rows"] = rows;
  v.layer = layer["name"];
  v.h = groups * all;
  v.c = rows;
  v.first_channel = 0;
  renumber(v, others, false, false, all);
  renumber(v, others, true, false, 1);
  renumber(v, {channel}, false, true, 1);
  return v;
}

// Pixels of a dimension join its channels: each part is picked, and all are channels one behind the other.
View Lowering::gathered(const Node& node, const View& given, std::size_t channel) {
  const Digits pixels = kind_of(given.dims[channel], false), own = kind_of(given.dims[channel], true);
  View v = with_channels(node, given, own);
  std::vector<std::size_t> others;
  Digits rest;
  for (std::size_t d = 0; d < v.dims.size(); ++d) {
    if (d == channel) continue;
    others.push_back(d);
    for (const Digit& digit : v.dims[d]) rest.push_back(digit);
  }
  const std::int64_t sides = count_of(rest), channels = count_of(own);
  std::vector<View> parts;
  for (const std::int64_t at : counted(pixels, 0)) {
    View part = v;
    part.first_pixel += at;
    parts.push_back(picked(node, part, merged(rest), sides, 1));
  }
  View out = v;
  out.layer = concatenated(node, parts);
  out.h = sides;
  out.w = 1;
  out.c = channels * static_cast<std::int64_t>(parts.size());
  out.first_pixel = out.first_channel = 0;
  renumber(out, others, false, false, 1);
  renumber(out, {channel}, true, true, 1);
  renumber(out, {channel}, false, true, channels);
  return out;
}

std::optional<View> Lowering::arranged(const Node& node, const View& view, std::size_t channel) {
  View v = view;
  const Digits& dim = view.dims[channel];
  const std::int64_t pixels = count_of(kind_of(dim, false)), own = count_of(kind_of(dim, true));
  const std::int64_t elements = element_count(view.shape());
  if (elements / std::max<std::int64_t>(1, count_of(dim)) > network::max_side * std::int64_t{network::max_side} ||
      count_of(dim) > network::max_side) {
    refuse(node, "", fmt::format("needs {} channels of {}", count_of(dim), dims_text(view.shape())),
           fmt::format("at most {}", network::max_side));
    return std::nullopt;
  }
  if (pixels > 1 && own == 1) return exchanged(node, v, channel);
  v = spread_channels(node, v, channel);
  if (pixels == 1) return v;
  if (pixels <= most_parts) return gathered(node, v, channel);
  refuse(node, "", fmt::format("joins {} pixels and {} channels of {}", pixels, own, dims_text(view.shape())),
         fmt::format("at most {} pixels beside channels of one dimension", most_parts));
  return std::nullopt;
}

}  // namespace tessera::import
