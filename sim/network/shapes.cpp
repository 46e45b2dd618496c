#include "sim/network/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace tessera::network {
namespace {

// Output positions of a window along one side, 0 when the kernel does not fit.
int positions(int size, int kernel, int stride, int before, int after) {
  const int padded = size + before + after;
  return padded < kernel ? 0 : (padded - kernel) / stride + 1;
}

bool infer_window(Layer& layer, const ReportProblem& report) {
  const Window& k = layer.window;
  layer.out.h = positions(layer.in.h, k.extent_h(), k.sh, k.pad_top, k.pad_bottom);
  layer.out.w = positions(layer.in.w, k.extent_w(), k.sw, k.pad_left, k.pad_right);
  if (layer.out.h == 0 || layer.out.w == 0) {
    report(fmt::format("kernel {}x{} does not fit into its input of {} with padding [{}, {}, {}, {}]", k.extent_h(),
                       k.extent_w(), shape_text(layer.in), k.pad_top, k.pad_left, k.pad_bottom, k.pad_right),
           fmt::format("at most {}x{}", layer.in.h + k.pad_top + k.pad_bottom, layer.in.w + k.pad_left + k.pad_right));
    return false;
  }
  if (layer.op == Op::maxpool && (!ops::all_meet(layer.in.h, k.kh, k.dh, k.sh, k.pad_top, layer.out.h) ||
                                  !ops::all_meet(layer.in.w, k.kw, k.dw, k.sw, k.pad_left, layer.out.w))) {
    report(fmt::format("has windows of which no tap lies in its input of {}", shape_text(layer.in)),
           "a dilation up to the sides of the input");
    return false;
  }
  if (!ops::sums_channels(layer)) {
    layer.out.c = layer.in.c;
    return true;
  }
  if (layer.in.c % layer.groups != 0 || layer.out.c % layer.groups != 0) {
    report(fmt::format("divides {} input and {} output channels into {} groups", layer.in.c, layer.out.c, layer.groups),
           "a number of groups that divides both");
    return false;
  }
  if (layer.groups > 1 && layer.scaling != Scaling::channel && layer.groups == layer.in.c &&
      layer.groups == layer.out.c) {
    layer.op = Op::depthwise;
    layer.groups = 1;
    return true;
  }
  const std::int64_t fan_in = std::int64_t{k.kh} * k.kw * (layer.in.c / layer.groups);
  if (fan_in <= max_fan_in) return true;
  report(fmt::format("{} products per output could overflow the int32 accumulator", fan_in),
         fmt::format("kernel height x width x input channels of at most {}", max_fan_in));
  return false;
}

bool infer_select(Layer& layer, const ReportProblem& report) {
  const auto outside = std::find_if(layer.source.begin(), layer.source.end(), [&](int c) { return c >= layer.in.c; });
  layer.out = {layer.in.h, layer.in.w, static_cast<int>(layer.source.size())};
  if (outside == layer.source.end()) return true;
  report(fmt::format("takes channel {} of an input of {}", *outside, shape_text(layer.in)),
         fmt::format("channels 0 to {}", layer.in.c - 1));
  return false;
}

bool infer_pick(Layer& layer, const ReportProblem& report) {
  const ops::Pixels& p = layer.pixels;
  std::int64_t low = p.from, high = p.from;
  for (std::size_t d = 0; d < p.sizes.size(); ++d) {
    const std::int64_t reach = (p.sizes[d] - std::int64_t{1}) * p.strides[d];
    (reach < 0 ? low : high) += reach;
  }
  layer.out.c = layer.in.c;
  bool good = true;
  const auto refuse = [&](std::string what, std::string legal) {
    report(std::move(what), std::move(legal));
    good = false;
  };
  if (low < 0 || high >= std::int64_t{layer.in.h} * layer.in.w)
    refuse(fmt::format("takes pixels {} to {} of {}", low, high, shape_text(layer.in)),
           fmt::format("pixels 0 to {}", std::int64_t{layer.in.h} * layer.in.w - 1));
  const std::int64_t pixels = std::int64_t{layer.out.h} * layer.out.w;
  if (std::int64_t{p.first} + p.count() > pixels)
    refuse(fmt::format("puts {} pixels from pixel {} on into {}x{}", p.count(), p.first, layer.out.h, layer.out.w),
           fmt::format("at most {} in all", pixels));
  return good;
}

bool infer_remap(Layer& layer, const ReportProblem& report) {
  layer.out = {static_cast<int>(layer.remap.rows.size()), static_cast<int>(layer.remap.columns.size()), layer.in.c};
  bool good = true;
  for (const auto& [positions, side, name] :
       {std::tuple{&layer.remap.rows, layer.in.h, "row"}, {&layer.remap.columns, layer.in.w, "column"}}) {
    const int most = *std::max_element(positions->begin(), positions->end());
    if (most <= (side - 1) * ops::position_steps) continue;
    report(
        fmt::format("takes {} {} of {}", name, most / static_cast<double>(ops::position_steps), shape_text(layer.in)),
        fmt::format("{}s 0 to {}", name, side - 1));
    good = false;
  }
  return good;
}

bool infer_transpose(Layer& layer, const ReportProblem& report) {
  const Shape& in = layer.in;
  if (layer.group_rows == 0) layer.group_rows = in.h;
  const std::int64_t rows = std::int64_t{in.h} / layer.group_rows * in.c;
  if (in.w != 1 || in.h % layer.group_rows != 0 || rows > max_side) {
    report(fmt::format("transposes groups of {} rows of {}", layer.group_rows, shape_text(in)),
           fmt::format("a single column, whole groups, and at most {} rows of the result", max_side));
    return false;
  }
  layer.out = {static_cast<int>(rows), 1, layer.group_rows};
  return true;
}

bool infer_spread(Layer& layer, const ReportProblem& report) {
  const std::int64_t h = std::int64_t{layer.in.h} * layer.factor_h, w = std::int64_t{layer.in.w} * layer.factor_w;
  if (h > max_side || w > max_side) {
    report(fmt::format("makes {}x{} pixels of {}", h, w, shape_text(layer.in)),
           fmt::format("at most {} in each dimension", max_side));
    return false;
  }
  layer.out = {static_cast<int>(h), static_cast<int>(w), layer.in.c};
  if (layer.op == Op::resize) return true;
  const std::int64_t parts = std::int64_t{layer.factor_h} * layer.factor_w;
  layer.out.c = static_cast<int>(layer.in.c / parts);
  if (layer.in.c % parts == 0) return true;
  report(fmt::format("deals {} channels out to {} pixels", layer.in.c, parts), "a multiple of them");
  return false;
}

// Of a matmul of heads: rows and depth that the file leaves open are those of the whole.
bool infer_matmul(Layer& layer, const std::vector<Shape>& in, const std::vector<std::string>& names,
                  const ReportProblem& report) {
  ops::MatMul& m = layer.matmul;
  const Shape &a = in[0], &b = in[1];
  layer.second = b;
  if (m.depth == 0) m.depth = (m.by_rows ? a.c : b.c) / m.heads;
  if (m.rows == 0) m.rows = a.h;
  if (m.second_rows == 0) m.second_rows = b.h;
  const std::int64_t width = std::int64_t{m.heads} * m.depth;
  bool good = true;
  const auto need = [&](bool is, std::string what, std::string legal) {
    if (!is) report(std::move(what), std::move(legal));
    good = good && is;
  };
  need(b.w == 1 && m.second + width <= b.c && m.depth > 0,
       fmt::format("multiplies with '{}' of {}", names[1], shape_text(b)),
       fmt::format("rows x 1 x at least {} channels", m.second + width));
  if (m.by_rows)
    need(a.w == 1 && m.first + width <= a.c, fmt::format("multiplies '{}' of {}", names[0], shape_text(a)),
         fmt::format("rows x 1 x at least {} channels", m.first + width));
  else
    need(a.w == m.heads && a.c == m.second_rows && m.first == 0,
         fmt::format("multiplies '{}' of {}", names[0], shape_text(a)),
         fmt::format("rows x {} heads x {} channels", m.heads, m.second_rows));
  need(m.rows > 0 && m.second_rows > 0 && a.h % m.rows == 0 && b.h % m.second_rows == 0 &&
           a.h / m.rows == b.h / m.second_rows,
       fmt::format("has groups of {} and {} rows of {} and {}", m.rows, m.second_rows, a.h, b.h),
       "as many groups of both");
  need((m.heads == 1 || m.depth % 8 == 0) && m.first % 8 == 0 && m.second % 8 == 0,
       fmt::format("has {} heads of {} channels from channels {} and {} on", m.heads, m.depth, m.first, m.second),
       "heads that begin at a multiple of 8 channels");
  need((m.by_rows ? m.depth : m.second_rows) <= max_fan_in, "sums too many products for the int32 accumulator",
       fmt::format("at most {}", max_fan_in));
  layer.out = {a.h, m.by_rows ? m.heads : 1, m.by_rows ? m.second_rows : static_cast<int>(width)};
  return good;
}

bool infer_binary(Layer& layer, const std::vector<Shape>& in, const std::vector<std::string>& names,
                  const ReportProblem& report) {
  layer.out = in[0];
  layer.second = in[1];
  const auto fits = [](int second, int first) { return second == first || second == 1; };
  if (in[1].c == in[0].c && fits(in[1].h, in[0].h) && fits(in[1].w, in[0].w)) return true;
  report(fmt::format("{}s '{}' of {} to '{}' of {}", op_name(layer.op), names[1], shape_text(in[1]), names[0],
                     shape_text(in[0])),
         "both inputs must have the same shape; the second one may have a single row or column");
  return false;
}

bool infer_concat(Layer& layer, const std::vector<Shape>& in, const std::vector<std::string>& names,
                  const ReportProblem& report) {
  bool good = true;
  layer.out = {in[0].h, in[0].w, 0};
  for (std::size_t i = 0; i < in.size(); ++i) {
    layer.out.c += in[i].c;
    if (in[i].h != in[0].h || in[i].w != in[0].w) {
      report(fmt::format("concatenates '{}' of {} with '{}' of {}", names[i], shape_text(in[i]), names[0],
                         shape_text(in[0])),
             "all inputs must have the same height and width");
      good = false;
    }
  }
  return good;
}

bool check_size(const Layer& layer, const ReportProblem& report) {
  bool good = true;
  const auto check = [&](double size, double most, const char* what, const char* unit) {
    if (size <= most) return;
    report(fmt::format("{} {:.4g} {}", what, size, unit), fmt::format("at most {:.4g} {}", most, unit));
    good = false;
  };
  check(stored_output_bytes(layer), max_tensor_bytes, "produces a tensor of", "bytes");
  check(stored_weight_bytes(layer), max_tensor_bytes, "has weights of", "bytes");
  check(multiply_accumulates(layer), max_macs, "takes", "multiply-accumulates");
  return good;
}

bool infer_any(Layer& layer, const std::vector<Shape>& in, const std::vector<std::string>& names,
               const ReportProblem& report) {
  switch (layer.op) {
    case Op::input:
      return true;
    case Op::conv2d:
    case Op::depthwise:
    case Op::maxpool:
    case Op::avgpool:
      return infer_window(layer, report);
    case Op::add:
    case Op::sub:
    case Op::mul:
      return infer_binary(layer, in, names, report);
    case Op::lookup:
    case Op::softmax:
    case Op::layernorm:
      layer.out = layer.in;
      return true;
    case Op::constant:
      return true;
    case Op::pick:
      return infer_pick(layer, report);
    case Op::resize:
    case Op::depth_to_space:
      return infer_spread(layer, report);
    case Op::remap:
      return infer_remap(layer, report);
    case Op::transpose:
      return infer_transpose(layer, report);
    case Op::matmul:
      return infer_matmul(layer, in, names, report);
    case Op::select:
      return infer_select(layer, report);
    case Op::concat:
      return infer_concat(layer, in, names, report);
  }
  return false;
}

}  // namespace

std::string shape_text(const Shape& s) { return fmt::format("{}x{}x{}", s.h, s.w, s.c); }

double stored_output_bytes(const Layer& l) { return 1.0 * l.out.h * l.out.w * stored_channels(l.out.c); }
double stored_weight_bytes(const Layer& l) {
  return ops::has_blocks(l)
             ? 1.0 * stored_channels(l.out.c) * stored_channels(l.in.c) * l.window.kh * l.window.kw / l.groups
             : 1.0 * stored_channels(l.out.c) * channel_bytes(l);
}
double multiply_accumulates(const Layer& l) {
  if (l.op == Op::matmul) return 1.0 * l.out.elements() * (l.matmul.by_rows ? l.matmul.depth : l.matmul.second_rows);
  if (!ops::has_window(l) || !ops::has_weights(l)) return 0;
  const double ins = ops::sums_channels(l) ? 1.0 * l.in.c / l.groups : 1.0;
  return ins * l.out.h * l.out.w * l.out.c * l.window.kh * l.window.kw;
}

Bytes input_pixel_bytes(const Layer& l, bool products) {
  return products && l.is_gemm ? bytes_of(l.in_type, l.in.c) : stored_channels(l.in.c);
}
Bytes output_pixel_bytes(const Layer& l, bool products) {
  return products && l.is_gemm ? bytes_of(l.out_type, l.out.c) : stored_channels(l.out.c);
}

bool infer_shape(Layer& layer, const std::vector<Shape>& inputs, const std::vector<std::string>& input_names,
                 const ReportProblem& report) {
  if (!inputs.empty()) layer.in = inputs[0];
  if (!infer_any(layer, inputs, input_names, report)) return false;
  if (layer.out.h <= max_side && layer.out.w <= max_side && layer.out.c <= max_side) return check_size(layer, report);
  report("produces a tensor of " + shape_text(layer.out), fmt::format("at most {} in each dimension", max_side));
  return false;
}

}  // namespace tessera::network
