#include "sim/network/shapes.h"

#include <fmt/format.h>

namespace tessera::network {
namespace {

// Output positions of a window along one side, 0 when the kernel does not fit.
int positions(int size, int kernel, int stride, int before, int after) {
  const int padded = size + before + after;
  return padded < kernel ? 0 : (padded - kernel) / stride + 1;
}

bool infer_window(Layer& layer, const ReportProblem& report) {
  const Window& k = layer.window;
  layer.out.h = positions(layer.in.h, k.kh, k.sh, k.pad_top, k.pad_bottom);
  layer.out.w = positions(layer.in.w, k.kw, k.sw, k.pad_left, k.pad_right);
  if (layer.out.h == 0 || layer.out.w == 0) {
    report(fmt::format("kernel {}x{} does not fit into its input of {} with padding [{}, {}, {}, {}]", k.kh, k.kw,
                       shape_text(layer.in), k.pad_top, k.pad_left, k.pad_bottom, k.pad_right),
           fmt::format("at most {}x{}", layer.in.h + k.pad_top + k.pad_bottom, layer.in.w + k.pad_left + k.pad_right));
    return false;
  }
  if (layer.op != Op::conv2d) {
    layer.out.c = layer.in.c;
    return true;
  }
  const std::int64_t fan_in = std::int64_t{k.kh} * k.kw * layer.in.c;
  if (fan_in <= max_fan_in) return true;
  report(fmt::format("{} products per output could overflow the int32 accumulator", fan_in),
         fmt::format("kernel height x width x input channels of at most {}", max_fan_in));
  return false;
}

bool infer_add(Layer& layer, const std::vector<Shape>& in, const std::vector<std::string>& names,
               const ReportProblem& report) {
  layer.out = in[0];
  if (in[1] == in[0]) return true;
  report(fmt::format("adds '{}' of {} to '{}' of {}", names[1], shape_text(in[1]), names[0], shape_text(in[0])),
         "both inputs must have the same shape");
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
    if (i + 1 < in.size() && in[i].c % 8 != 0) {
      report(fmt::format("input '{}' has {} channels; activations are stored in groups of 8 channels, and the next "
                         "input could not start at a group's border",
                         names[i], in[i].c),
             "a multiple of 8 channels for every input but the last");
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
    case Op::maxpool:
    case Op::avgpool:
      return infer_window(layer, report);
    case Op::add:
      return infer_add(layer, in, names, report);
    case Op::concat:
      return infer_concat(layer, in, names, report);
  }
  return false;
}

}  // namespace

std::string shape_text(const Shape& s) { return fmt::format("{}x{}x{}", s.h, s.w, s.c); }

double stored_output_bytes(const Layer& l) { return 1.0 * l.out.h * l.out.w * stored_channels(l.out.c); }
double stored_weight_bytes(const Layer& l) {
  return l.op == Op::conv2d ? 1.0 * stored_channels(l.out.c) * stored_channels(l.in.c) * l.window.kh * l.window.kw : 0;
}
double multiply_accumulates(const Layer& l) {
  return l.op == Op::conv2d ? 1.0 * l.out.h * l.out.w * l.out.c * l.in.c * l.window.kh * l.window.kw : 0;
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
