// Convolutions whose windows are too large for a core, said by smaller ones: taps that never meet the map go; padding
// beyond the reach of a window stands around the map; rows of
// taps far apart become channels, one copy of the map for each; of a patch that follows the next without overlap the
// columns become channels, and its channels columns.
#include <algorithm>

#include "sim/import/infer.h"
#include "sim/import/operators/window.h"
#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

constexpr std::int64_t far_reaching = 2816;  // pixels within a window: two such maps of 8 channels fill most of a core
constexpr std::int64_t many_taps = 400;      // of a block of 8 x 8 weights

// A convolution of two dimensions with constant weights [out][in][height][width].
struct Convolution {
  ValueId input, weights;
  Windows windows;
  std::int64_t groups = 1;
};

std::optional<Convolution> convolution_of(Rewriter& r, const Node& node) {
  if (node.op != "Conv" || !node.domain.empty() || r.constant(node, 1) == nullptr) return std::nullopt;
  const Dims in = r.shape(node.inputs[0]), weights = r.shape(node.inputs[1]);
  if (in.size() != 4 || weights.size() != 4 || in[0] != 1) return std::nullopt;
  Call call(node, r.graph().opset, operands_of(r.graph(), node).value_or(std::vector<std::optional<Operand>>{}),
            r.graph().file);
  return Convolution{node.inputs[0], node.inputs[1], read_windows(call, {in[2], in[3]}, {weights[2], weights[3]}),
                     integer_of(node, "group", 1)};
}

std::int64_t reach(const Windows& w, std::size_t side) { return (w.kernel[side] - 1) * w.dilation[side] + 1; }

// Weights with their elements taken elsewhere: read in this shape, and then of that one.
struct Order {
  Dims shape;
  std::int64_t first = 0;
  Dims strides, result;
};

// The integers that they were made of move too.
ValueId rearranged(Rewriter& r, const Node& node, ValueId id, const Order& order) {
  return r.changed_constant(node, id, [&](const Tensor& from) {
    Tensor to = strided_copy(from, order.shape, order.first, order.strides);
    to.shape = order.result;
    return to;
  });
}

void put_convolution(Rewriter& r, const Node& node, const Convolution& c) {
  std::vector<ValueId> inputs = node.inputs;
  inputs[0] = c.input;
  inputs[1] = c.weights;
  const Windows& w = c.windows;
  r.finish(node, "Conv", inputs,
           {{"kernel_shape", w.kernel},
            {"strides", w.stride},
            {"dilations", w.dilation},
            {"pads", Dims{w.before[0], w.before[1], w.after[0], w.after[1]}},
            {"group", c.groups}});
}

// Taps at either end that lie in the padding for every output.
bool drop_dead_taps(Rewriter& r, const Node& node, Convolution& c) {
  Windows& w = c.windows;
  Dims first(2, 0), last{w.kernel[0], w.kernel[1]};
  for (std::size_t side = 0; side < 2; ++side) {
    const auto dead = [&](std::int64_t tap) {
      const std::int64_t low = tap * w.dilation[side] - w.before[side], high = low + (w.out[side] - 1) * w.stride[side];
      return high < 0 || low >= w.in[side];
    };
    while (last[side] - first[side] > 1 && dead(last[side] - 1) && w.after[side] >= w.dilation[side]) {
      --last[side];
      w.after[side] -= w.dilation[side];
    }
    while (last[side] - first[side] > 1 && dead(first[side]) && w.before[side] >= w.dilation[side]) {
      ++first[side];
      w.before[side] -= w.dilation[side];
    }
  }
  if (first == Dims{0, 0} && last == w.kernel) return false;
  const Dims shape = r.shape(c.weights), own = strides_of(shape);
  w.kernel = {last[0] - first[0], last[1] - first[1]};
  const Dims kept{shape[0], shape[1], w.kernel[0], w.kernel[1]};
  c.weights = rearranged(r, node, c.weights, {kept, first[0] * own[2] + first[1] * own[3], own, kept});
  return true;
}

// Windows that would read nothing but padding: zeros stand around the map as far as that.
bool put_border(Rewriter& r, const Node& node, Convolution& c) {
  Windows& w = c.windows;
  Dims before(2), after(2);
  for (std::size_t side = 0; side < 2; ++side) {
    before[side] = std::max<std::int64_t>(0, w.before[side] - reach(w, side) + 1);
    after[side] = std::max<std::int64_t>(0, w.after[side] - reach(w, side) + 1);
    w.before[side] -= before[side];
    w.after[side] -= after[side];
    w.in[side] += before[side] + after[side];
  }
  if (before == Dims{0, 0} && after == Dims{0, 0}) return false;
  const Dims in = r.shape(c.input), pads{0, 0, before[0], before[1], 0, 0, after[0], after[1]};
  c.input = r.add(node, "Pad", {c.input, r.integers(node, pads)}, {in[0], in[1], w.in[0], w.in[1]});
  return true;
}

// A copy of the map per row of taps, moved up by its distance, one behind the other among the channels.
bool spread_rows(Rewriter& r, const Node& node, Convolution& c) {
  Windows& w = c.windows;
  if (c.groups != 1 || w.kernel[0] == 1 || reach(w, 0) * reach(w, 1) <= far_reaching) return false;
  const Dims in = r.shape(c.input), shape = r.shape(c.weights);
  const std::int64_t rows = (w.out[0] - 1) * w.stride[0] + 1;  // that each copy needs
  std::vector<ValueId> copies;
  for (std::int64_t tap = 0; tap < w.kernel[0]; ++tap) {
    const std::int64_t first = tap * w.dilation[0] - w.before[0];  // row of the input; before and behind it zeros
    const Dims pads{0, 0, -first, 0, 0, 0, first + rows - in[2], 0};
    copies.push_back(r.add(node, "Pad", {c.input, r.integers(node, pads)}, {in[0], in[1], rows, in[3]}));
  }
  const std::int64_t channels = in[1] * w.kernel[0];
  c.input = r.add(node, "Concat", copies, {in[0], channels, rows, in[3]}, {{"axis", std::int64_t{1}}});
  const Dims own = strides_of(shape);
  c.weights = rearranged(r, node, c.weights,
                         {{shape[0], w.kernel[0], in[1], shape[3]},
                          0,
                          {own[0], own[2], own[1], own[3]},
                          {shape[0], channels, 1, shape[3]}});
  w.kernel[0] = w.dilation[0] = 1;
  w.before[0] = w.after[0] = 0;
  return true;
}

// Columns of a patch as channels.
bool turn_patches(Rewriter& r, const Node& node, Convolution& c) {
  Windows& w = c.windows;
  const Dims in = r.shape(c.input), shape = r.shape(c.weights), none{0, 0};
  const std::int64_t k = w.kernel[1];
  if (c.groups != 1 || w.kernel[0] * k <= many_taps || w.kernel != w.stride || w.before != none || w.after != none ||
      in[3] % k != 0 || w.dilation != Dims{1, 1})
    return false;
  const ValueId split = r.add(node, "Reshape", {c.input}, {in[0], in[1], in[2], in[3] / k, k});
  const ValueId turned =
      r.add(node, "Transpose", {split}, {in[0], k, in[2], in[3] / k, in[1]}, {{"perm", Dims{0, 4, 2, 3, 1}}});
  c.input = r.add(node, "Reshape", {turned}, {in[0], k, in[2], in[3] / k * in[1]});
  const Dims own = strides_of(shape);
  const Dims sides{shape[0], k, w.kernel[0], in[1]};
  c.weights = rearranged(r, node, c.weights, {sides, 0, {own[0], own[3], own[2], own[1]}, sides});
  w.kernel[1] = w.stride[1] = in[1];
  return true;
}

bool divide(Rewriter& r, const Node& node) {
  std::optional<Convolution> c = convolution_of(r, node);
  if (!c) return false;
  bool changed = drop_dead_taps(r, node, *c);
  changed = put_border(r, node, *c) || changed;
  changed = spread_rows(r, node, *c) || changed;
  changed = turn_patches(r, node, *c) || changed;
  if (changed) put_convolution(r, node, *c);
  return changed;
}

}  // namespace

void divide_windows(Graph& graph) { Rewriter(graph).each(divide); }

}  // namespace tessera::import
