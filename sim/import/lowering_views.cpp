// What a rule asks of a view: its elements in the order of a tensor of their own, and constants beside it.
#include <fmt/format.h>

#include <algorithm>

#include "sim/import/lowering.h"
#include "sim/network/shapes.h"

namespace tessera::import {
using nlohmann::json;

namespace {

// As few columns as leave no more rows than a tensor may have; one where no division does.
std::int64_t columns_of(std::int64_t pixels) {
  for (std::int64_t w = 1; w <= network::max_side && w <= pixels; ++w)
    if (pixels % w == 0 && pixels / w <= network::max_side) return w;
  return 1;
}

}  // namespace

View Lowering::picked(const Node& node, const View& view, const Digits& pixels, std::int64_t h, std::int64_t w) {
  json& layer = add_layer(node, "pick", {view});
  layer["size"] = {h, w};
  layer["from"] = view.first_pixel;
  json sizes = json::array(), strides = json::array();
  for (const Digit& d : pixels) {  // more than a side has are counted in two
    const std::int64_t inner = columns_of(d.size);
    if (inner > 1) {
      sizes.push_back(d.size / inner);
      strides.push_back(d.stride * inner);
    }
    sizes.push_back(inner > 1 ? inner : d.size);
    strides.push_back(d.stride);
  }
  if (pixels.empty()) {
    sizes.push_back(1);
    strides.push_back(1);
  }
  layer["sizes"] = sizes;
  layer["strides"] = strides;
  View out = view;
  out.layer = layer["name"];
  out.h = h;
  out.w = w;
  out.first_pixel = 0;
  return out;
}

View Lowering::selected(const Node& node, const View& view, const std::vector<std::int64_t>& channels) {
  json& layer = add_layer(node, "select", {view});
  layer["source"] = channels;
  View out = view;
  out.layer = layer["name"];
  out.c = static_cast<std::int64_t>(channels.size());
  out.first_channel = 0;
  return out;
}

std::optional<View> Lowering::settled(const Node& node, const View& view, bool map) {
  return settled(node, view, map ? 1 : channel_dimension(view), map);
}

std::optional<View> Lowering::settled(const Node& node, const View& view, std::size_t channel, bool map) {
  const Dims shape = view.shape();
  if (shape.empty() || (map && (shape.size() != 4 || shape[0] != 1))) {
    refuse(node, "", fmt::format("reads {}", dims_text(shape)), "1 x channels x height x width");
    return std::nullopt;
  }
  bool mixed = view.has_pixels(channel);
  for (std::size_t d = 0; d < shape.size(); ++d) mixed = mixed || (d != channel && view.has_channels(d));
  View v = view;
  if (mixed) {
    const std::optional<View> moved = arranged(node, view, channel);
    if (!moved) return std::nullopt;
    v = *moved;
  }
  if (!in_order(v, true)) v = selected(node, v, counted(digits_of(v, true), v.first_channel));
  std::int64_t pixels = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) pixels *= d == channel ? 1 : shape[d];
  const std::int64_t columns = columns_of(pixels);
  std::int64_t h = pixels / columns, w = columns;
  if (map || shape.size() == 4) {
    h = shape[channel == 1 ? 2 : 1];
    w = shape[channel == 3 ? 2 : 3];
    if (h * w != pixels) {
      h = pixels / columns;
      w = columns;
    }
    if (h == 1 && !map) std::swap(h, w);
  }
  const bool placed = in_order(v, false);
  if (placed && !map) {
    h = v.h;
    w = v.w;
  }
  if (!placed || h != v.h || w != v.w) v = picked(node, v, digits_of(v, false), h, w);
  v.dims.assign(shape.size(), {});
  std::int64_t stride = pixels;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (d == channel) {
      if (v.c > 1) v.dims[d] = {{v.c, true, 1}};
      continue;
    }
    stride /= shape[d];
    if (shape[d] > 1) v.dims[d] = {{shape[d], false, stride}};
  }
  return v;
}

View Lowering::ordered(const Node& node, const View& view) {
  View v = view;
  if (!in_order(v, true)) v = selected(node, v, counted(digits_of(v, true), v.first_channel));
  const Digits pixels = digits_of(v, false);
  std::int64_t count = 1;
  for (const Digit& d : pixels) count *= d.size;
  if (!in_order(v, false)) v = picked(node, v, pixels, count / columns_of(count), columns_of(count));
  return in_order_of_dimensions(v);
}

View Lowering::in_map(const Node& node, const View& view, std::int64_t h, std::int64_t w) {
  if (view.h == h && view.w == w) return view;
  return picked(node, view, merged({{view.pixels(), false, 1}}), h, w);
}

std::optional<std::string> Lowering::constant_layer(const Node& node, const Tensor& tensor, const View& like) {
  const Dims shape = like.shape();
  const std::vector<double> given = reals(tensor);
  std::vector<std::vector<std::int64_t>> pixel, channel;  // by dimension and index
  for (const Digits& dim : like.dims) {
    std::vector<std::int64_t> sums[2] = {{0}, {0}};
    for (const Digit& d : dim)
      for (const bool of_channels : {false, true}) {
        std::vector<std::int64_t> next;
        for (const std::int64_t v : sums[of_channels ? 1 : 0])
          for (std::int64_t i = 0; i < d.size; ++i) next.push_back(v + (d.channel == of_channels ? i * d.stride : 0));
        sums[of_channels ? 1 : 0] = std::move(next);
      }
    pixel.push_back(std::move(sums[0]));
    channel.push_back(std::move(sums[1]));
  }
  std::vector<float> values(static_cast<std::size_t>(like.pixels() * like.c), 0.0F);
  const std::int64_t count = element_count(shape);
  Walk walk(shape, {broadcast_strides(tensor.shape, shape)});
  for (std::int64_t i = 0; i < count; ++i, walk.next()) {
    std::int64_t p = like.first_pixel, c = like.first_channel;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      p += pixel[d][static_cast<std::size_t>(walk.index()[d])];
      c += channel[d][static_cast<std::size_t>(walk.index()[d])];
    }
    values[static_cast<std::size_t>(p * like.c + c)] =
        static_cast<float>(given[static_cast<std::size_t>(walk.offset(0))]);
  }
  // One column stands for all where all are alike.
  std::int64_t w = like.w;
  bool alike = w > 1;
  for (std::int64_t p = 0; alike && p < like.pixels(); ++p)
    alike =
        std::equal(values.begin() + p * like.c, values.begin() + (p + 1) * like.c, values.begin() + p / w * w * like.c);
  if (alike) {
    for (std::int64_t h = 0; h < like.h; ++h)
      std::copy_n(values.begin() + h * w * like.c, like.c, values.begin() + h * like.c);
    w = 1;
    values.resize(static_cast<std::size_t>(like.h * like.c));
  }
  json& layer = add_layer(node, "constant", {});
  const std::string name = layer["name"];
  layer["size"] = {like.h, w, like.c};
  lowered_.constants[name] = std::move(values);
  return name;
}

View Lowering::affine(const Node& node, const View& view, const std::vector<double>& scale,
                      const std::vector<double>& shift) {
  json& layer = add_layer(node, "depthwise", {view});
  layer["kernel"] = 1;
  const std::string name = layer["name"];
  const Dims sides{static_cast<std::int64_t>(scale.size())};
  set_weights(name, {make_tensor(DataType::f32, sides, scale), {sides[0], 1, 1, 1}, {1, 0, 0, 0}, 1.0, shift});
  return over(view, name);
}

View Lowering::unscaled(const Node& node, const View& view) {
  if (view.factor == 1) return view;
  const auto channels = static_cast<std::size_t>(view.c);
  return affine(node, view, std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0));
}

View Lowering::positive(const Node& node, const View& view) { return view.factor < 0 ? unscaled(node, view) : view; }

}  // namespace tessera::import
