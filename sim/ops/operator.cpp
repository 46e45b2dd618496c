#include "sim/ops/operator.h"

#include <algorithm>
#include <array>

namespace tessera::ops {

const Operator* all_operators() {
  static const auto table = [] {
    std::array<Operator, operator_count> list;
    for (const auto& family : {convolution_operators(), pool_operators(), elementwise_operators(), movement_operators(),
                               attention_operators()})
      for (const Operator& o : family) list[static_cast<std::size_t>(o.op)] = o;
    return list;
  }();
  return table.data();
}

const char* kernel_name(KernelKind k) {
  static const char* const names[] = {
      "conv",   "maxpool",        "avgpool", "add",       "copy",   "ops",     "gemm",
      "clear",  "depthwise",      "lookup",  "mul",       "sub",    "select",  "pick",
      "resize", "depth_to_space", "remap",   "transpose", "matmul", "softmax", "layernorm"};
  return names[static_cast<int>(k)];
}

const char* unmaskable_reason(const Layer& l) {
  if (operator_of(l).weights == Weights::channels) return "its weights belong to single channels, no 8x8 block is zero";
  return l.groups > 1 ? "its blocks lie on the diagonal of its groups" : "it has no weights";
}

std::int64_t Layer::macs() const {
  if (op == Op::conv2d) return out.elements() * (in.c / groups / columns.joined) * own_taps();
  if (op == Op::matmul) return out.elements() * (matmul.by_rows ? matmul.depth : matmul.second_rows);
  return op == Op::depthwise ? out.elements() * window.taps() : 0;
}

int Pixels::count() const {
  int n = 1;
  for (const int size : sizes) n *= size;
  return n;
}

int Pixels::source(int q) const {
  int t = q - first, pixel = from;
  if (t < 0 || t >= count()) return -1;
  for (std::size_t d = sizes.size(); d-- > 0; t /= sizes[d]) pixel += t % sizes[d] * strides[d];
  return pixel;
}

bool interpolates(const Remap& r) {
  const auto between = [](int p) { return p >= 0 && p % position_steps != 0; };
  return std::any_of(r.rows.begin(), r.rows.end(), between) || std::any_of(r.columns.begin(), r.columns.end(), between);
}

std::int64_t Layer::weight_count() const {
  if (op == Op::conv2d) return std::int64_t{out.c} * (in.c / groups) * window.taps();
  if (op == Op::layernorm) return out.c;
  return op == Op::depthwise ? std::int64_t{out.c} * window.taps() : 0;
}

int summed_channels(const Layer& l) {
  if (sums_channels(l) || (is_product(l) && !l.matmul.by_rows)) return stored_channels(l.in.c);
  return is_product(l) && l.matmul.depth % 8 == 0 ? l.matmul.depth : 0;
}

bool in_one_group(const MatMul& m, int h0, int h1) { return h0 / m.rows == (h1 - 1) / m.rows; }

bool is_part(const Layer& l, const Region& out, int from, int channels) {
  return from >= 0 && channels >= 8 && from % 8 == 0 && channels % 8 == 0 &&
         std::int64_t{from} + channels <= summed_channels(l) && in_one_group(l.matmul, out.h0, out.h1) &&
         (!l.matmul.by_rows || out.w1 - out.w0 == 1);
}

std::int64_t work_of_part(const Region& out, int channels) { return out.elements() * channels; }

std::int64_t work(const Layer& layer, const Region& out) {
  if (layer.op == Op::matmul)
    return out.elements() * stored_channels(layer.matmul.by_rows ? layer.matmul.depth : layer.matmul.second_rows);
  if (layer.op == Op::remap) return out.elements() * (interpolates(layer.remap) ? 4 : 1);
  return out.elements() * (has_window(layer) ? layer.window.taps() : 1);
}

}  // namespace tessera::ops
