// Convolutions of float, integer and quantized tensors, and the transposed convolution.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"
#include "sim/import/operators/quantized.h"
#include "sim/import/operators/window.h"

namespace tessera::import {
namespace {

// Places of the operands among the inputs: QLinearConv has scales and zero points between them.
struct Places {
  int x = 0, w = 1, bias = 2;
};
Places places(const Call& call) {
  if (call.node().op == "QLinearConv") return {0, 3, 8};
  return {0, 1, call.node().op == "ConvInteger" ? 100 : 2};
}

Dims kernel_of(Call& call, int w) { return {call.shape(w).begin() + 2, call.shape(w).end()}; }

// Channels, groups and bias; the transposed convolution has its weights [in][out / group].
bool check_channels(Call& call, const Places& at, bool transposed) {
  const Dims &x = call.shape(at.x), &w = call.shape(at.w);
  const std::int64_t group = call.integer("group", 1);
  if (x.size() < 3 || w.size() != x.size()) {
    call.refuse("", fmt::format("convolves {} with weights of {}", dims_text(x), dims_text(w)),
                "batch x channels x sides, and weights of the same rank");
    return false;
  }
  const bool good = group >= 1 && (transposed ? w[0] == x[1] : x[1] == w[1] * group) && w[0] > 0 && w[0] % group == 0;
  if (!good)
    call.refuse("group", fmt::format("is {} for {} channels and weights of {}", group, x[1], dims_text(w)),
                "groups that divide both channels");
  const std::int64_t outputs = transposed ? w[1] * std::max<std::int64_t>(group, 1) : w[0];
  if (good && call.has(at.bias) && call.shape(at.bias) != Dims{outputs})
    call.refuse("B", "has the shape " + dims_text(call.shape(at.bias)), fmt::format("{} numbers", outputs));
  return !call.refused();
}

void infer_conv(Call& call) {
  const Places at = places(call);
  if (call.node().op == "Conv") check_factors(call);
  if (!check_channels(call, at, false)) return;
  const Windows w = read_windows(call, spatial(call, at.x), kernel_of(call, at.w));
  if (call.refused()) return;
  Dims shape{call.shape(at.x)[0], call.shape(at.w)[0]};
  shape.insert(shape.end(), w.out.begin(), w.out.end());
  const std::string& op = call.node().op;
  call.set(0, op == "ConvInteger" ? DataType::i32 : op == "QLinearConv" ? call.type(7) : call.type(0), shape);
}

// Sums of products, [batch][out channels][sides].
std::vector<double> convolve(const Windows& w, const Dims& xs, const Dims& ws, const std::vector<double>& x,
                             const std::vector<double>& weights) {
  const std::int64_t inside = element_count(w.in), outside = element_count(w.out), taps = element_count(w.kernel);
  const std::int64_t per_group = ws[1], groups = xs[1] / per_group, outputs = ws[0];
  const auto in = three(w.in, 1), to = three(w.out, 1), k = three(w.kernel, 1), s = three(w.stride, 1),
             g = three(w.dilation, 1), b = three(w.before, 0);
  std::vector<double> out(static_cast<std::size_t>(xs[0] * outputs * outside), 0);
  for (std::int64_t plane = 0; plane < xs[0] * outputs * per_group; ++plane) {
    const std::int64_t c = plane % per_group, oc = plane / per_group % outputs, n = plane / per_group / outputs;
    const std::int64_t channel = oc / (outputs / groups) * per_group + c;
    const double* map = &x[static_cast<std::size_t>((n * xs[1] + channel) * inside)];
    const double* kernel = &weights[static_cast<std::size_t>((oc * per_group + c) * taps)];
    double* sums = &out[static_cast<std::size_t>((n * outputs + oc) * outside)];
    for (std::int64_t t = 0; t < taps; ++t) {
      const std::int64_t t0 = t / (k[1] * k[2]) * g[0] - b[0], t1 = t / k[2] % k[1] * g[1] - b[1],
                         t2 = t % k[2] * g[2] - b[2];
      for (std::int64_t o0 = 0; o0 < to[0]; ++o0)
        for (std::int64_t o1 = 0; o1 < to[1]; ++o1) {
          const std::int64_t p0 = o0 * s[0] + t0, p1 = o1 * s[1] + t1;
          if (p0 < 0 || p0 >= in[0] || p1 < 0 || p1 >= in[1]) continue;
          const double* row = map + (p0 * in[1] + p1) * in[2];
          double* sum = sums + (o0 * to[1] + o1) * to[2];
          for (std::int64_t o2 = 0; o2 < to[2]; ++o2) {
            const std::int64_t p2 = o2 * s[2] + t2;
            if (p2 >= 0 && p2 < in[2]) sum[o2] += row[p2] * kernel[t];
          }
        }
    }
  }
  return out;
}

// Adds bias[channel] to [batch][channels][outside].
void add_bias(std::vector<double>& out, const std::vector<double>& bias, std::int64_t outside) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += bias[i / static_cast<std::size_t>(outside) % bias.size()];
}

std::vector<Tensor> conv(Call& call) {
  const Places at = places(call);
  const Windows w = read_windows(call, spatial(call, at.x), kernel_of(call, at.w));
  if (w.in.size() > 3) return {};
  const std::string& op = call.node().op;
  const bool linear = op == "QLinearConv", integer = op == "ConvInteger";
  const std::vector<double> x = linear    ? centered(call, 0, 2, 1)
                                : integer ? centered(call, 0, 2, 1)
                                          : reals(*call.constant(0));
  const std::vector<double> weights = linear    ? centered(call, 3, 5, 0)
                                      : integer ? centered(call, 1, 3, 0)
                                                : reals(*call.constant(1));
  std::vector<double> out = convolve(w, call.shape(at.x), call.shape(at.w), x, weights);
  if (call.has(at.bias)) add_bias(out, reals(*call.constant(at.bias)), element_count(w.out));
  if (linear) requantize_linear(call, out, {1, 4, 6, 7}, element_count(w.out));
  return {make_tensor(call.output().type, call.output().shape, out)};
}

}  // namespace

Windows transposed_windows(Call& call) {
  const Dims in = spatial(call, 0);
  Windows w = read_window_attributes(call, in.size(), kernel_of(call, 1));
  w.in = in;
  const Dims extra = call.integers("output_padding", Dims(in.size(), 0)), wanted = call.integers("output_shape", {});
  const bool sized = !wanted.empty();
  if (extra.size() != in.size() || (sized && wanted.size() != in.size()))
    call.refuse(sized ? "output_shape" : "output_padding", "has the wrong length",
                fmt::format("{} numbers", in.size()));
  const std::string pad = call.text("auto_pad", "NOTSET");
  const bool same = pad == "SAME_UPPER" || pad == "SAME_LOWER";
  for (std::size_t d = 0; d < in.size() && !call.refused(); ++d) {
    const std::int64_t full =
        w.stride[d] * (in[d] - 1) + std::min(extra[d], max_window_side) + w.dilation[d] * (w.kernel[d] - 1) + 1;
    if (sized || same) {
      const std::int64_t out = sized ? wanted[d] : in[d] * w.stride[d];
      const std::int64_t total = std::max<std::int64_t>(0, full - std::min(out, full));
      w.before[d] = pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.after[d] = total - w.before[d];
      w.out.push_back(out);
    } else {
      w.out.push_back(full - w.before[d] - w.after[d]);
    }
    if (w.out.back() < 1) call.refuse("pads", "leave no output", "less padding");
  }
  return w;
}

namespace {

void infer_transposed(Call& call) {
  check_factors(call);
  if (!check_channels(call, {}, true)) return;
  const Windows w = transposed_windows(call);
  if (call.refused()) return;
  Dims shape{call.shape(0)[0], call.shape(1)[1] * call.integer("group", 1)};
  shape.insert(shape.end(), w.out.begin(), w.out.end());
  call.set(0, call.type(0), shape);
}

std::vector<Tensor> transposed(Call& call) {
  const Windows w = transposed_windows(call);
  if (w.in.size() > 3) return {};
  const Dims &xs = call.shape(0), &ws = call.shape(1);
  const std::vector<double> x = reals(*call.constant(0)), weights = reals(*call.constant(1));
  const std::int64_t outputs = call.output().shape[1], per_group = ws[1], in_per_group = xs[1] / (outputs / per_group);
  const auto in = three(w.in, 1), to = three(w.out, 1), s = three(w.stride, 1), g = three(w.dilation, 1),
             b = three(w.before, 0), k = three(w.kernel, 1);
  const std::int64_t inside = element_count(w.in), outside = element_count(w.out), taps = element_count(w.kernel);
  std::vector<double> out(static_cast<std::size_t>(xs[0] * outputs * outside), 0);
  for (std::int64_t at = 0; at < xs[0] * xs[1] * inside; ++at) {
    const std::int64_t p = at % inside, c = at / inside % xs[1], n = at / inside / xs[1];
    for (std::int64_t m = 0; m < per_group * taps; ++m) {
      const std::int64_t t = m % taps, oc = c / in_per_group * per_group + m / taps;
      const std::int64_t o0 = p / (in[1] * in[2]) * s[0] + t / (k[1] * k[2]) * g[0] - b[0];
      const std::int64_t o1 = p / in[2] % in[1] * s[1] + t / k[2] % k[1] * g[1] - b[1];
      const std::int64_t o2 = p % in[2] * s[2] + t % k[2] * g[2] - b[2];
      if (o0 < 0 || o0 >= to[0] || o1 < 0 || o1 >= to[1] || o2 < 0 || o2 >= to[2]) continue;
      out[static_cast<std::size_t>((n * outputs + oc) * outside + (o0 * to[1] + o1) * to[2] + o2)] +=
          x[static_cast<std::size_t>(at)] * weights[static_cast<std::size_t>(c * per_group * taps + m)];
    }
  }
  if (call.has(2)) add_bias(out, reals(*call.constant(2)), outside);
  return {make_tensor(call.output().type, call.output().shape, out)};
}

}  // namespace

const std::vector<Operator>& convolution_operators() {
  static const std::vector<Operator> table = {
      {"Conv", 2, 3, infer_conv, conv, "auto_pad dilations group kernel_shape pads strides"},
      {"ConvInteger", 2, 4, infer_conv, conv, "auto_pad dilations group kernel_shape pads strides"},
      {"ConvTranspose", 2, 3, infer_transposed, transposed,
       "auto_pad dilations group kernel_shape output_padding output_shape pads strides"},
      {"QLinearConv", 8, 9, infer_conv, conv, "auto_pad dilations group kernel_shape pads strides"},
  };
  return table;
}

}  // namespace tessera::import
