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

// Of every window along one side: how much of it counts as elements.
std::vector<double> shares(const Node& node, const Windows& w, std::size_t d) {
  const bool padding = integer_of(node, "count_include_pad", 0) != 0;
  const std::int64_t low = padding ? -w.before[d] : 0, high = w.in[d] + (padding ? w.after[d] : 0);
  std::vector<double> list;
  for (std::int64_t o = 0; o < w.out[d]; ++o) {
    std::int64_t inside = 0;
    for (std::int64_t t = 0; t < w.kernel[d]; ++t) {
      const std::int64_t p = o * w.stride[d] + t * w.dilation[d] - w.before[d];
      inside += p >= low && p < high ? 1 : 0;
    }
    list.push_back(static_cast<double>(std::max<std::int64_t>(inside, 1)) / static_cast<double>(w.kernel[d]));
  }
  return list;
}
bool counts_whole_windows(const Node& node, const Windows& w, const Dims& after) {
  if (after != w.after) return false;
  const auto whole = [](const std::vector<double>& list) {
    return std::all_of(list.begin(), list.end(), [](double s) { return s == 1; });
  };
  return whole(shares(node, w, 0)) && whole(shares(node, w, 1));
}

void lower_pool(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  const std::optional<View> in = to.settled(node, *given, true);
  if (!in) return;
  Call call = to.call(node);
  const Windows w = read_windows(call, {in->h, in->w}, {});
  // Rounding the output up is padding at the end, which a maximum ignores.
  Dims after = w.after;
  for (std::size_t d = 0; d < 2; ++d)
    after[d] = std::max(after[d],
                        (w.out[d] - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1 - w.in[d] - w.before[d]);
  const bool maximum = node.op == "MaxPool";
  const Pooled from = pooled(to, node, *in, maximum);
  json& layer = to.add_layer(node, maximum ? "maxpool" : "avgpool", {from.in});
  set_window(layer, w, after);
  View out = map_view(layer["name"], w.out[0], w.out[1], in->c);
  out.factor = from.factor;
  if (maximum || counts_whole_windows(node, w, after)) return to.put(node, std::move(out));
  // The layer divides by whole windows: what they lack is multiplied in.
  const std::vector<double> rows = shares(node, w, 0), columns = shares(node, w, 1);
  std::vector<double> corrections;
  for (const double row : rows)
    for (const double column : columns) corrections.push_back(1 / (row * column));
  const Tensor constant = make_tensor(DataType::f32, {w.out[0], w.out[1]}, corrections);
  const std::optional<std::string> factors = to.constant_layer(node, constant, over(out, ""));
  json& product = to.add_layer(node, "mul", {over(out, out.layer), over(out, *factors)});
  const double sign = out.factor;
  out = over(out, product["name"]);
  out.factor = sign;
  to.put(node, std::move(out));
}

void lower_global(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  const std::optional<View> in = given == nullptr ? std::nullopt : to.settled(node, *given, true);
  if (in) to.put(node, pool_all(to, node, *in, node.op == "GlobalMaxPool"));
}

}  // namespace

View pool_all(Lowering& to, const Node& node, const View& given, bool maximum) {
  const char* op = maximum ? "maxpool" : "avgpool";
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
  for (Digits& dim : out.dims)
    dim.erase(std::remove_if(dim.begin(), dim.end(), [](const Digit& d) { return !d.channel; }), dim.end());
  return out;
}

const std::vector<LayerRule>& window_rules() {
  static const std::vector<LayerRule> table = {{"AveragePool", lower_pool},
                                               {"GlobalAveragePool", lower_global},
                                               {"GlobalMaxPool", lower_global},
                                               {"MaxPool", lower_pool}};
  return table;
}

}  // namespace tessera::import
