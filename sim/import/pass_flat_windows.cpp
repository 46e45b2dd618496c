// Windows over one dimension: convolutions and pools of N x C x L are those of N x C x L x 1, and so are those of
// N x C x 1 x L, which are turned: rows, not columns, are what is divided and walked in tiles. An average of neighbours
// in the depth of 1 x 1 x D x H x W alone is one of neighbouring channels of 1 x D x H x W, as local response
// normalization is exported.
#include <algorithm>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

bool has_windows(const Node& node) {
  for (const char* op : {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"})
    if (node.op == op && node.domain.empty()) return true;
  return false;
}

// [k] -> [k, 1]; pads [before, after] -> [before, 0, after, 0]; an output shape [n] -> [n, 1].
void widen(Node& node) {
  for (const auto& [name, filling] :
       {std::pair{"kernel_shape", 1}, {"strides", 1}, {"dilations", 1}, {"output_padding", 0}, {"output_shape", 1}})
    if (const auto it = node.attributes.find(name); it != node.attributes.end())
      std::get<Dims>(it->second).push_back(filling);
  const auto pads = node.attributes.find("pads");
  if (pads == node.attributes.end()) return;
  const Dims list = std::get<Dims>(pads->second);
  if (list.size() == 2) pads->second = Dims{list[0], 0, list[1], 0};
}

// A list of the node of `rank` numbers, `filling` where it is not given; empty: it has others.
Dims list_of(const Node& node, const char* name, std::size_t rank, std::int64_t filling) {
  const auto it = node.attributes.find(name);
  if (it == node.attributes.end()) return Dims(rank, filling);
  const auto* list = std::get_if<Dims>(&it->second);
  return list != nullptr && list->size() == rank ? *list : Dims{};
}

struct DepthWindows {
  std::int64_t kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;
};
// Nothing: the windows have more than one row or column, or their padding is not said in numbers.
std::optional<DepthWindows> depth_windows(const Node& node) {
  const Dims kernel = list_of(node, "kernel_shape", 3, 1), stride = list_of(node, "strides", 3, 1);
  const Dims dilation = list_of(node, "dilations", 3, 1), pads = list_of(node, "pads", 6, 0);
  if (kernel.empty() || stride.empty() || dilation.empty() || pads.empty()) return std::nullopt;
  const auto is = [](const Dims& list, std::initializer_list<std::size_t> at, std::int64_t value) {
    return std::all_of(at.begin(), at.end(), [&](std::size_t i) { return list[i] == value; });
  };
  const auto automatic = node.attributes.find("auto_pad");
  const auto* word = automatic == node.attributes.end() ? nullptr : std::get_if<std::string>(&automatic->second);
  const bool said = word == nullptr || *word == "NOTSET" || *word == "VALID";
  if (!said || !is(kernel, {1, 2}, 1) || !is(stride, {1, 2}, 1) || !is(pads, {1, 2, 4, 5}, 0)) return std::nullopt;
  return DepthWindows{kernel[0], stride[0], dilation[0], pads[0], pads[3]};
}

bool average_of_channels(Rewriter& r, const Node& node) {
  if (node.op != "AveragePool" || !node.domain.empty() || node.inputs.size() != 1 || node.outputs.size() != 1)
    return false;
  if (!r.value(node.outputs[0]).known) return false;
  const Dims in = r.shape(node.inputs[0]), out = r.shape(node.outputs[0]);
  if (in.size() != 5 || in[0] != 1 || in[1] != 1) return false;
  const std::optional<DepthWindows> w = depth_windows(node);
  if (!w) return false;
  const std::int64_t counted = integer_of(node, "count_include_pad", 0) != 0 ? w->before + in[2] + w->after : 0;
  std::vector<double> weights(static_cast<std::size_t>(out[2] * in[2]), 0);
  for (std::int64_t o = 0; o < out[2]; ++o) {
    std::vector<std::size_t> read;
    std::int64_t taps = 0;  // that the average counts
    for (std::int64_t t = 0; t < w->kernel; ++t) {
      const std::int64_t padded = o * w->stride + t * w->dilation, i = padded - w->before;
      taps += padded < counted ? 1 : 0;
      if (i >= 0 && i < in[2]) read.push_back(static_cast<std::size_t>(o * in[2] + i));
    }
    const std::size_t share = counted > 0 ? static_cast<std::size_t>(taps) : read.size();
    for (const std::size_t at : read) weights[at] = 1 / static_cast<double>(share);
  }
  const Dims below{1, in[2], in[3], in[4]}, made{1, out[2], out[3], out[4]};
  const ValueId flat = r.add(node, "Reshape", {node.inputs[0], r.integers(node, below)}, below);
  const ValueId average = r.add(node, "Conv", {flat, r.reals(node, {out[2], in[2], 1, 1}, weights)}, made);
  r.finish(node, "Reshape", {average, r.integers(node, out)});
  return true;
}

bool is_row(const Dims& shape) { return shape.size() == 4 && shape[0] == 1 && shape[2] == 1; }
Dims turned(Dims shape) {
  std::swap(shape[2], shape[3]);
  return shape;
}

// Rows and columns of a window exchanged: [h, w] -> [w, h]; pads [top, left, bottom, right].
void turn(Node& node) {
  for (const char* name : {"kernel_shape", "strides", "dilations", "output_padding", "output_shape", "pads"})
    if (const auto it = node.attributes.find(name); it != node.attributes.end()) {
      Dims& list = std::get<Dims>(it->second);
      for (std::size_t i = 0; i + 1 < list.size(); i += 2) std::swap(list[i], list[i + 1]);
    }
}

// The lists of a Resize along all dimensions; false: one of them is of others.
bool turn_sizes(Rewriter& r, const Node& node, std::vector<ValueId>& inputs) {
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i] == no_value) continue;
    const Tensor* list = r.constant(node, i);
    if (list == nullptr || (list->elements() != 0 && (i == 1 || list->elements() != 4))) return false;
    if (list->elements() == 0) continue;
    std::vector<double> values = reals(*list);
    std::swap(values[2], values[3]);
    inputs[i] = list->type == DataType::i64 ? r.integers(node, turned(integers(*list))) : r.reals(node, {4}, values);
  }
  return node.attributes.count("axes") == 0;
}

bool stand_up(Rewriter& r, const Node& node) {
  const bool resizes = node.op == "Resize" && node.domain.empty();
  if ((!has_windows(node) && !resizes) || node.outputs.size() != 1) return false;
  const Dims in = r.shape(node.inputs[0]), out = r.shape(node.outputs[0]), order{0, 1, 3, 2};
  if (!is_row(in) || !is_row(out) || in[3] == 1) return false;
  Node column = node;
  if (resizes && !turn_sizes(r, node, column.inputs)) return false;
  turn(column);
  if (!resizes && node.inputs.size() > 1) {
    if (r.constant(node, 1) == nullptr || r.shape(node.inputs[1]).size() != 4) return false;
    column.inputs[1] = r.changed_constant(node, node.inputs[1], [&](const Tensor& weights) {
      const Dims own = strides_of(weights.shape);
      return strided_copy(weights, turned(weights.shape), 0, turned(own));
    });
  }
  column.inputs[0] = r.add(node, "Transpose", {node.inputs[0]}, turned(in), {{"perm", order}});
  const ValueId made = r.add(node, node.op.c_str(), column.inputs, turned(out), column.attributes);
  r.finish(node, "Transpose", {made}, {{"perm", order}});
  return true;
}

bool rewrite(Rewriter& r, const Node& node) {
  if (average_of_channels(r, node) || stand_up(r, node)) return true;
  if (!has_windows(node) || node.outputs.size() != 1 || !r.value(node.outputs[0]).known) return false;
  Dims shape = r.shape(node.inputs[0]);
  if (shape.size() != 3) return false;
  Node wide = node;
  widen(wide);
  shape.push_back(1);
  wide.inputs[0] = r.add(node, "Unsqueeze", {node.inputs[0]}, shape);
  if (node.inputs.size() > 1 && r.constant(node, 1) != nullptr) {
    Dims weights = r.shape(node.inputs[1]);
    weights.push_back(1);
    wide.inputs[1] = r.reshaped_constant(node, node.inputs[1], weights);
  }
  shape = r.shape(node.outputs[0]);
  shape.push_back(1);
  const ValueId made = r.add(node, wide.op.c_str(), wide.inputs, shape, wide.attributes);
  r.finish(node, "Squeeze", {made});
  return true;
}

}  // namespace

void widen_windows(Graph& graph) { Rewriter(graph).each(rewrite); }

}  // namespace tessera::import
