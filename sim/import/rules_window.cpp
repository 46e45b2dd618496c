// Pools and means over maps.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sim/import/rules.h"
#include "sim/network/expand.h"

namespace tessera::import {
namespace {
using nlohmann::json;

// What a pool reads, and the factor of its result. A maximum of numbers whose signs the tensor has turned round would
// be a minimum; an average computes the magnitude of the factor and leaves its sign.
struct Pooled {
  View in;
  double factor = 1;
};
Pooled pooled(Lowering& to, const Node& node, const View& given, bool maximum) {
  Pooled p{maximum ? to.positive(node, given) : given};
  p.factor = maximum ? p.in.factor : p.in.factor < 0 ? -1 : 1;
  if (!maximum) p.in.factor = std::fabs(p.in.factor);
  return p;
}

void lower_pool(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  if (node.outputs.size() > 1) return to.refuse(node, "", "has its indices read", "the maxima alone");
  const std::optional<View> in = to.settled(node, *given, true);
  if (!in) return;
  Call call = to.call(node);
  const Windows w = read_windows(call, {in->h, in->w}, {});
  // Rounding the output up is padding at the end, which a maximum ignores.
  Dims after = w.after;
  for (std::size_t d = 0; d < 2; ++d)
    after[d] = std::max(after[d],
                        (w.out[d] - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1 - w.in[d] - w.before[d]);
  if (node.op == "AveragePool") {
    const bool padded = w.before != Dims{0, 0} || w.after != Dims{0, 0};
    if (after != w.after)
      return to.refuse(node, "ceil_mode", "adds windows that are cut off", "averages over whole windows");
    if (padded && integer_of(node, "count_include_pad", 0) == 0)
      return to.refuse(node, "count_include_pad", "is 0 beside padding", "1: averages count the padding");
  }
  const bool maximum = node.op == "MaxPool";
  const Pooled from = pooled(to, node, *in, maximum);
  json& layer = to.add_layer(node, maximum ? "maxpool" : "avgpool", {from.in});
  set_window(layer, w, after);
  View out = map_view(layer["name"], w.out[0], w.out[1], in->c);
  out.factor = from.factor;
  to.put(node, std::move(out));
}

// Over all pixels of a settled view; the shape of the output says whether dimensions of 1 stay.
void put_global(Lowering& to, const Node& node, const View& given, const char* op) {
  const bool maximum = std::string(op) == "maxpool";
  auto [in, factor] = pooled(to, node, given, maximum);
  if (const auto part = network::part_of_pool({static_cast<int>(in.h), static_cast<int>(in.w), 1})) {
    json& parts = to.add_layer(node, op, {in});
    parts["kernel"] = {part->h, part->w};
    in.layer = parts["name"];
    in.h /= part->h;
    in.w /= part->w;
    if (!maximum) in.factor = 1;
  }
  json& layer = to.add_layer(node, op, {in});
  layer["global"] = true;
  View out = over(in, layer["name"]);
  out.factor = factor;
  out.h = out.w = 1;
  const Dims& shape = to.value(node.outputs[0]).shape;
  out.dims.assign(shape.size(), {});
  const auto channel = std::find_if(shape.begin(), shape.end(), [](std::int64_t s) { return s > 1; });
  if (channel != shape.end()) out.dims[static_cast<std::size_t>(channel - shape.begin())] = {{in.c, true, 1}};
  to.put(node, std::move(out));
}

void lower_global(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  const std::optional<View> in = given == nullptr ? std::nullopt : to.settled(node, *given, true);
  if (in) put_global(to, node, *in, node.op == "GlobalMaxPool" ? "maxpool" : "avgpool");
}

void lower_mean(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  const auto rank = static_cast<std::int64_t>(given->dims.size());
  Dims axes;
  if (const Tensor* tensor = to.constant(node, 1)) axes = integers(*tensor);
  if (const auto it = node.attributes.find("axes");
      it != node.attributes.end() && std::holds_alternative<Dims>(it->second))
    axes = std::get<Dims>(it->second);
  for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  std::sort(axes.begin(), axes.end());
  const std::optional<View> in = to.settled(node, *given, false);
  if (!in) return;
  bool pixels = true;  // exactly the dimensions of pixels
  for (std::int64_t d = 0; d < rank; ++d) {
    const bool named = std::binary_search(axes.begin(), axes.end(), d);
    pixels = pixels &&
             (named ? !in->has_channels(static_cast<std::size_t>(d)) : !in->has_pixels(static_cast<std::size_t>(d)));
  }
  if (!pixels)
    return to.refuse(node, "axes", fmt::format("is [{}] of {}", fmt::join(axes, ", "), dims_text(in->shape())),
                     "all dimensions but that of the channels");
  put_global(to, node, *in, node.op == "ReduceMax" ? "maxpool" : "avgpool");
}

}  // namespace

const std::vector<LayerRule>& window_rules() {
  static const std::vector<LayerRule> table = {{"AveragePool", lower_pool},     {"GlobalAveragePool", lower_global},
                                               {"GlobalMaxPool", lower_global}, {"MaxPool", lower_pool},
                                               {"ReduceMax", lower_mean},       {"ReduceMean", lower_mean}};
  return table;
}

}  // namespace tessera::import
