// Means, sums and extremes over some dimensions: over pixels they are pools, over channels products with ones.
#include <fmt/format.h>

#include <algorithm>

#include "sim/import/rules.h"

namespace tessera::import {
namespace {
using nlohmann::json;

enum class Fold { mean, sum, most };

// The dimensions of a node's first input that it folds, ascending.
std::vector<std::size_t> folded_dims(const Lowering& to, const Node& node, std::size_t rank) {
  Dims axes;
  if (const Tensor* tensor = to.constant(node, 1)) axes = integers(*tensor);
  std::vector<std::size_t> dims;
  for (const std::int64_t axis : axes)
    dims.push_back(static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis));
  const bool all = axes.empty() && integer_of(node, "noop_with_empty_axes", 0) == 0;
  for (std::size_t d = 0; all && d < rank; ++d) dims.push_back(d);
  std::sort(dims.begin(), dims.end());
  return dims;
}

bool among(const std::vector<std::size_t>& dims, std::size_t d) {
  return std::binary_search(dims.begin(), dims.end(), d);
}

Digits digits_in(const View& v, const std::vector<std::size_t>& dims, bool within, bool channels) {
  Digits list;
  for (std::size_t d = 0; d < v.dims.size(); ++d)
    if (among(dims, d) == within)
      std::copy_if(v.dims[d].begin(), v.dims[d].end(), std::back_inserter(list),
                   [&](const Digit& digit) { return digit.channel == channels; });
  return list;
}

std::int64_t size_in(const Digits& digits) {
  std::int64_t n = 1;
  for (const Digit& d : digits) n *= d.size;
  return n;
}

// Sums over channels: a convolution of one pixel with weights of one.
View sum_channels(Lowering& to, const Node& node, const View& v, const std::vector<std::size_t>& dims, double weight) {
  const std::vector<std::int64_t> kept = counted(digits_in(v, dims, false, true), v.first_channel),
                                  folded = counted(digits_in(v, dims, true, true), 0);
  const auto outs = static_cast<std::int64_t>(kept.size());
  std::vector<double> weights(static_cast<std::size_t>(outs * v.c), 0.0);
  for (std::size_t k = 0; k < kept.size(); ++k)
    for (const std::int64_t c : folded)
      weights[k * static_cast<std::size_t>(v.c) + static_cast<std::size_t>(kept[k] + c)] = weight;
  json& layer = to.add_layer(node, "conv2d", {v});
  layer["channels"] = outs;
  const std::string name = layer["name"];
  to.set_weights(name, {make_tensor(DataType::f32, {outs, v.c}, weights),
                        {outs, 1, 1, v.c},
                        {v.c, 0, 0, 1},
                        1.0,
                        std::vector<double>(kept.size(), 0.0)});
  View out = over(v, name);
  out.c = outs;
  out.first_channel = 0;
  std::int64_t left = outs;
  for (std::size_t d = 0; d < out.dims.size(); ++d) {
    Digits list;
    for (Digit digit : out.dims[d]) {
      if (!digit.channel) list.push_back(digit);
      if (!digit.channel || among(dims, d)) continue;
      left /= digit.size;
      digit.stride = left;
      list.push_back(digit);
    }
    out.dims[d] = list;
  }
  return out;
}

// Pools over some of the pixels: those stand in the columns, the others in the rows.
View pool_pixels(Lowering& to, const Node& node, const View& given, const std::vector<std::size_t>& dims, bool most) {
  View v = given;
  Digits pixels = digits_in(v, dims, false, false);
  const Digits folded = digits_in(v, dims, true, false);
  const std::int64_t rows = size_in(pixels), columns = size_in(folded);
  if (columns == 1) return v;
  if (rows == 1 && v.first_pixel == 0 && columns == v.pixels() &&
      std::all_of(folded.begin(), folded.end(), [](const Digit& d) { return d.stride > 0; }))
    return pool_all(to, node, v, most);
  pixels.insert(pixels.end(), folded.begin(), folded.end());
  const bool placed =
      v.first_pixel == 0 && v.h == rows && v.w == columns && merged(pixels) == merged({{rows * columns, false, 1}});
  if (!placed) v = to.picked(node, v, merged(pixels), rows, columns);
  json& layer = to.add_layer(node, most ? "maxpool" : "avgpool", {v});
  layer["kernel"] = {1, columns};
  View out = v;
  out.layer = layer["name"];
  if (!most) out.factor = 1;
  out.w = 1;
  std::int64_t left = rows;
  for (std::size_t d = 0; d < out.dims.size(); ++d) {
    Digits list;
    for (Digit digit : out.dims[d]) {
      if (digit.channel) list.push_back(digit);
      if (digit.channel || among(dims, d)) continue;
      left /= digit.size;
      digit.stride = left;
      list.push_back(digit);
    }
    out.dims[d] = list;
  }
  return out;
}

void lower_reduce(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  const std::vector<std::size_t> dims = folded_dims(to, node, given->dims.size());
  const Fold fold = node.op == "ReduceMean" ? Fold::mean : node.op == "ReduceSum" ? Fold::sum : Fold::most;
  View v = *given;
  const Digits channels = digits_in(v, dims, true, true);
  double count = 1;
  for (const std::size_t d : dims) count *= static_cast<double>(v.shape()[d]);
  if (fold == Fold::most) {
    if (node.op == "ReduceMin") v.factor = -v.factor;
    v = to.positive(node, v);
    if (!channels.empty()) {  // they become pixels
      std::size_t other = v.dims.size();
      for (std::size_t d = 0; d < v.dims.size(); ++d)
        if (!among(dims, d) && !v.dims[d].empty()) other = d;
      if (other == v.dims.size()) v.dims.emplace_back();
      const std::optional<View> moved = to.arranged(node, v, other);
      if (!moved) return;
      v = *moved;
    }
  } else {
    if (!channels.empty()) v = sum_channels(to, node, v, dims, 1.0 / static_cast<double>(size_in(channels)));
    v = to.positive(node, v);
  }
  View out = pool_pixels(to, node, v, dims, fold == Fold::most);
  if (fold == Fold::sum) out.factor *= count;
  if (node.op == "ReduceMin") out.factor = -out.factor;
  const Dims& shape = to.value(node.outputs[0]).shape;
  std::vector<Digits> kept;
  for (std::size_t d = 0; d < given->dims.size(); ++d)
    if (!among(dims, d) || shape.size() == given->dims.size()) kept.push_back(out.dims[d]);
  out.dims = kept;
  to.put(node, std::move(out));
}

}  // namespace

const std::vector<LayerRule>& reduce_rules() {
  static const std::vector<LayerRule> table = {{"ReduceMax", lower_reduce},
                                               {"ReduceMean", lower_reduce},
                                               {"ReduceMin", lower_reduce},
                                               {"ReduceSum", lower_reduce}};
  return table;
}

}  // namespace tessera::import
