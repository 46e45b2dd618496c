// Transposed convolutions: output pixel y of a stride s is phase (y + p) mod s of a convolution at (y + p) / s, whose
// taps are every s-th of the kernel. All phases are channels of one convolution, and are dealt out to blocks of pixels.
#include <fmt/format.h>

#include <algorithm>

#include "sim/import/rules.h"

namespace tessera::import {
namespace {
using nlohmann::json;

// One side of the convolution that stands for a transposed one.
struct Side {
  std::int64_t taps;           // of a phase
  std::int64_t before, after;  // padding
  std::int64_t phases, cut;    // pixels of a block; of the blocks in front of the first output pixel
  std::int64_t out;
};

Side side_of(const Windows& w, std::size_t d, std::int64_t in, std::int64_t out) {
  const std::int64_t s = w.stride[d], p = w.before[d], first = p / s, last = (out - 1 + p) / s;
  Side side{};
  side.after = std::max<std::int64_t>(0, last - (in - 1));
  side.taps = std::max((w.kernel[d] + s - 1) / s, side.after + 1);
  side.before = side.taps - 1 - first;
  side.phases = s;
  side.cut = p % s;
  side.out = out;
  return side;
}

// [phase][channel of the result within a group, or of all][tap][input channel of a group]
Tensor phased(const Tensor& weights, std::int64_t groups, const Side& h, const Side& w) {
  const Dims& shape = weights.shape;  // [in][out / groups][kernel]
  const std::int64_t ins = shape[0] / groups, outs = shape[1] * groups, phases = h.phases * w.phases;
  const std::vector<double> given = reals(weights);
  std::vector<double> dealt(static_cast<std::size_t>(phases * outs * h.taps * w.taps * ins), 0.0);
  std::size_t at = 0;
  const auto tap = [](const Side& side, std::int64_t phase, std::int64_t u) {
    return phase + side.phases * (side.taps - 1 - u);
  };
  const auto row = [&](std::int64_t phase, std::int64_t o) {
    for (std::int64_t y = 0; y < h.taps; ++y)
      for (std::int64_t x = 0; x < w.taps; ++x)
        for (std::int64_t i = 0; i < ins; ++i, ++at) {
          const std::int64_t ty = tap(h, phase / w.phases, y), tx = tap(w, phase % w.phases, x);
          if (ty < shape[2] && tx < shape[3])
            dealt[at] = given[static_cast<std::size_t>(
                (((o / shape[1] * ins + i) * shape[1] + o % shape[1]) * shape[2] + ty) * shape[3] + tx)];
        }
  };
  if (groups == 1 || ins == 1) {
    for (std::int64_t phase = 0; phase < phases; ++phase)
      for (std::int64_t o = 0; o < outs; ++o) row(phase, o);
  } else {  // the channels of a group one behind the other
    for (std::int64_t g = 0; g < groups; ++g)
      for (std::int64_t phase = 0; phase < phases; ++phase)
        for (std::int64_t o = 0; o < shape[1]; ++o) row(phase, g * shape[1] + o);
  }
  return make_tensor(DataType::f32, {phases * outs, h.taps, w.taps, ins}, dealt);
}

// Weights with zeros between taps in place of a dilation, which goes.
Tensor undilated(const Tensor& weights, Windows& windows) {
  const Dims d = windows.dilation;
  if (d == Dims{1, 1}) return weights;
  Dims shape = weights.shape;
  for (const std::size_t side : {0U, 1U}) shape[2 + side] = (shape[2 + side] - 1) * d[side] + 1;
  const std::vector<double> given = reals(weights);
  std::vector<double> spread(static_cast<std::size_t>(element_count(shape)), 0);
  const Dims own = strides_of(shape);
  Walk walk(weights.shape, {{own[0], own[1], own[2] * d[0], own[3] * d[1]}});
  for (const double v : given) {
    spread[static_cast<std::size_t>(walk.offset(0))] = v;
    walk.next();
  }
  windows.kernel = {shape[2], shape[3]};
  windows.dilation = {1, 1};
  return make_tensor(DataType::f32, shape, spread);
}

// The convolution: channels [phase][channel].
View convolved(Lowering& to, const Node& node, const View& given, const Tensor& weights, const Side& h, const Side& w) {
  const std::int64_t groups = integer_of(node, "group", 1), outs = weights.shape[1] * groups,
                     phases = h.phases * w.phases, all = phases * outs;
  const bool by_channel = groups > 1 && groups == weights.shape[0];
  View in = given;
  if (by_channel && all != in.c) {
    std::vector<std::int64_t> source;
    for (std::int64_t c = 0; c < all; ++c) source.push_back(c % outs / weights.shape[1]);
    in = to.selected(node, in, source);
  }
  json& layer = to.add_layer(node, by_channel ? "depthwise" : "conv2d", {in});
  if (!by_channel) layer["channels"] = all;
  if (!by_channel && groups > 1) layer["groups"] = groups;
  if (h.taps > 1 || w.taps > 1) {
    layer["kernel"] = {h.taps, w.taps};
    layer["padding"] = {h.before, w.before, h.after, w.after};
  }
  const std::string name = layer["name"];
  const Tensor dealt = phased(weights, groups, h, w);
  const std::vector<double> bias = bias_of(to, node, 2, outs);
  const bool within_groups = groups > 1 && !by_channel;
  std::vector<double> biases;
  std::vector<std::int64_t> source;  // back to the phases outermost
  for (std::int64_t c = 0; c < all; ++c) {
    const std::int64_t group = c / (phases * weights.shape[1]), own = c % weights.shape[1];
    biases.push_back(bias[static_cast<std::size_t>(within_groups ? group * weights.shape[1] + own : c % outs)]);
    const std::int64_t phase = c / outs, o = c % outs;
    source.push_back((o / weights.shape[1] * phases + phase) * weights.shape[1] + o % weights.shape[1]);
  }
  to.set_weights(name, {dealt, dealt.shape, strides_of(dealt.shape), 1.0, biases});
  const auto side = [](std::int64_t size, const Side& s) { return size + s.before + s.after - s.taps + 1; };
  const View out = map_view(name, side(in.h, h), side(in.w, w), all);
  return within_groups ? to.selected(node, out, source) : out;
}

void lower_transposed(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  const Tensor* weights = to.constant(node, 1);
  if (weights == nullptr || weights->shape.size() != 4)
    return to.refuse(node, "W", "is no constant of four dimensions", "weights that stand in the file");
  if (given == nullptr || to.depends_on_data(node, 2, "B")) return;
  const std::optional<View> in = to.settled(node, *given, true);
  if (!in) return;
  const Dims shape = to.value(node.outputs[0]).shape;
  Call call = to.call(node);
  Windows windows = transposed_windows(call);
  const Tensor taps = undilated(*weights, windows);
  const Side h = side_of(windows, 0, in->h, shape[2]), w = side_of(windows, 1, in->w, shape[3]);
  if (h.before < 0 || w.before < 0)
    return to.refuse(node, "pads", "are larger than the kernel", "padding within the kernel");
  View out = convolved(to, node, *in, taps, h, w);
  if (h.phases > 1 || w.phases > 1) {
    json& spread = to.add_layer(node, "depth_to_space", {out});
    spread["factor"] = {h.phases, w.phases};
    out = map_view(spread["name"], out.h * h.phases, out.w * w.phases, shape[1]);
  }
  if (out.h == shape[2] && out.w == shape[3]) return to.put(node, std::move(out));
  json& part = to.add_layer(node, "remap", {out});
  for (const auto& [key, side] : {std::pair{"rows", &h}, {"columns", &w}})
    for (std::int64_t i = 0; i < side->out; ++i) part[key].push_back(side->cut + i);
  to.put(node, map_view(part["name"], shape[2], shape[3], shape[1]));
}

}  // namespace

const std::vector<LayerRule>& transposed_rules() {
  static const std::vector<LayerRule> table = {{"ConvTranspose", lower_transposed}};
  return table;
}

}  // namespace tessera::import
