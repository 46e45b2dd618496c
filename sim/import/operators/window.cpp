#include "sim/import/operators/window.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

void check_list(Call& call, const char* name, const Dims& list, std::size_t length, std::int64_t low) {
  bool good = list.size() == length;
  for (const std::int64_t n : list) good = good && n >= low && n <= max_window_side;
  if (!good)
    call.refuse(name, fmt::format("is [{}]", fmt::join(list, ", ")),
                fmt::format("{} numbers from {} to {}", length, low, max_window_side));
}

// Padding that gives ceil(in / stride) positions.
void pad_to_same(Windows& w, std::size_t d, bool upper) {
  const std::int64_t out = (w.in[d] + w.stride[d] - 1) / w.stride[d];
  const std::int64_t covered = (out - 1) * w.stride[d] + w.dilation[d] * (w.kernel[d] - 1) + 1;
  const std::int64_t pad = std::max<std::int64_t>(0, covered - w.in[d]);
  w.before[d] = upper ? pad / 2 : pad - pad / 2;
  w.after[d] = pad - w.before[d];
}

}  // namespace

Dims spatial(Call& call, int input) {
  const Dims& shape = call.shape(input);
  if (shape.size() >= 3) return {shape.begin() + 2, shape.end()};
  call.refuse("", fmt::format("input {} is {}", input, dims_text(shape)), "batch x channels x sides");
  return {};
}

std::array<std::int64_t, 3> three(const Dims& list, std::int64_t filling) {
  std::array<std::int64_t, 3> out{filling, filling, filling};
  for (std::size_t d = 0; d < list.size(); ++d) out[3 - list.size() + d] = list[d];
  return out;
}

Windows read_window_attributes(Call& call, std::size_t rank, const Dims& kernel) {
  Windows w;
  w.kernel = call.integers("kernel_shape", kernel);
  w.stride = call.integers("strides", Dims(rank, 1));
  w.dilation = call.integers("dilations", Dims(rank, 1));
  const Dims pads = call.integers("pads", Dims(2 * rank, 0));
  check_list(call, "kernel_shape", w.kernel, rank, 1);
  check_list(call, "strides", w.stride, rank, 1);
  check_list(call, "dilations", w.dilation, rank, 1);
  check_list(call, "pads", pads, 2 * rank, 0);
  if (call.refused()) return w;
  if (!kernel.empty() && w.kernel != kernel)
    call.refuse("kernel_shape", fmt::format("is [{}]", fmt::join(w.kernel, ", ")),
                fmt::format("[{}], as the weights have it", fmt::join(kernel, ", ")));
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::int64_t>(rank));
  w.after.assign(pads.begin() + static_cast<std::int64_t>(rank), pads.end());
  const std::string pad = call.word("auto_pad", {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"});
  if (pad == "VALID") w.before = w.after = Dims(rank, 0);
  return w;
}

Windows read_windows(Call& call, const Dims& in, const Dims& kernel) {
  Windows w = read_window_attributes(call, in.size(), kernel);
  w.in = in;
  const bool ceil = call.integer("ceil_mode", 0) != 0;
  const std::string pad = call.text("auto_pad", "NOTSET");
  for (std::size_t d = 0; d < in.size() && !call.refused(); ++d) {
    if (pad == "SAME_UPPER" || pad == "SAME_LOWER") pad_to_same(w, d, pad == "SAME_UPPER");
    const std::int64_t room = in[d] + w.before[d] + w.after[d] - w.dilation[d] * (w.kernel[d] - 1) - 1;
    if (room < 0)
      call.refuse(
          "kernel_shape",
          fmt::format("is [{}], more than the map of {} with its padding", fmt::join(w.kernel, ", "), dims_text(in)),
          "a window that fits");
    std::int64_t out = (room + (ceil ? w.stride[d] - 1 : 0)) / w.stride[d] + 1;
    if (ceil && (out - 1) * w.stride[d] >= in[d] + w.before[d]) --out;
    w.out.push_back(out);
    const std::int64_t reached = (out - 1) * w.stride[d] + w.dilation[d] * (w.kernel[d] - 1) + 1;
    w.after[d] = std::min(w.after[d], std::max<std::int64_t>(0, reached - w.before[d] - in[d]));
  }
  return w;
}

namespace {

void infer_pool(Call& call) {
  const Dims in = spatial(call, 0);
  if (call.refused()) return;
  const Windows w = read_windows(call, in, {});
  if (call.refused()) return;
  Dims shape{call.shape(0)[0], call.shape(0)[1]};
  shape.insert(shape.end(), w.out.begin(), w.out.end());
  call.set(0, call.type(0), shape);
  if (call.node().op == "MaxPool" && call.wanted_outputs() > 1) call.set(1, DataType::i64, shape);
}

void infer_global(Call& call) {
  const Dims in = spatial(call, 0);
  if (call.refused()) return;
  Dims shape = call.shape(0);
  std::fill(shape.begin() + 2, shape.end(), 1);
  call.set(0, call.type(0), shape);
}

// What a window makes of its elements, fed one after the other.
struct Maximum {
  double value = -std::numeric_limits<double>::infinity();
  void take(double x) { value = std::max(value, x); }
  double result(std::int64_t) const { return value; }
};
struct Average {
  double value = 0;
  void take(double x) { value += x; }
  double result(std::int64_t count) const { return value / static_cast<double>(count); }
};

// One map under one pool. `counted`: the padding counts as elements.
template <class Fold>
void pool_map(const Windows& w, const double* map, double* out, bool counted) {
  const auto in = three(w.in, 1), to = three(w.out, 1), k = three(w.kernel, 1), s = three(w.stride, 1),
             g = three(w.dilation, 1), b = three(w.before, 0), a = three(w.after, 0);
  std::array<std::int64_t, 3> o{};
  for (o[0] = 0; o[0] < to[0]; ++o[0])
    for (o[1] = 0; o[1] < to[1]; ++o[1])
      for (o[2] = 0; o[2] < to[2]; ++o[2]) {
        Fold fold;
        std::int64_t inside = 0, padded = 0;
        std::array<std::int64_t, 3> t{};
        for (t[0] = 0; t[0] < k[0]; ++t[0])
          for (t[1] = 0; t[1] < k[1]; ++t[1])
            for (t[2] = 0; t[2] < k[2]; ++t[2]) {
              bool in_map = true, in_padding = true;
              std::int64_t offset = 0;
              for (std::size_t d = 0; d < 3; ++d) {
                const std::int64_t p = o[d] * s[d] + t[d] * g[d] - b[d];
                in_map = in_map && p >= 0 && p < in[d];
                in_padding = in_padding && p < in[d] + a[d];
                offset = offset * in[d] + p;
              }
              padded += in_padding ? 1 : 0;
              inside += in_map ? 1 : 0;
              if (in_map) fold.take(map[offset]);
            }
        *out++ = fold.result(counted ? padded : std::max<std::int64_t>(inside, 1));
      }
}

template <class Fold>
std::vector<Tensor> pool_with(Call& call, const Windows& w) {
  const std::vector<double> values = reals(*call.constant(0));
  const Dims& shape = call.output().shape;
  std::vector<double> out(static_cast<std::size_t>(element_count(shape)));
  const bool counted = call.integer("count_include_pad", 0) != 0;
  const std::int64_t maps = shape[0] * shape[1];
  for (std::int64_t m = 0; m < maps; ++m)
    pool_map<Fold>(w, &values[static_cast<std::size_t>(m * element_count(w.in))],
                   &out[static_cast<std::size_t>(m * element_count(w.out))], counted);
  return {make_tensor(call.output().type, shape, out)};
}

std::vector<Tensor> pool(Call& call) {
  const Windows w = read_windows(call, spatial(call, 0), {});
  if (w.in.size() > 3 || call.wanted_outputs() > 1) return {};
  return call.node().op == "MaxPool" ? pool_with<Maximum>(call, w) : pool_with<Average>(call, w);
}

std::vector<Tensor> pool_all(Call& call) {
  Windows w;
  w.in = w.kernel = spatial(call, 0);
  const std::size_t rank = w.in.size();
  if (rank > 3) return {};
  w.stride = w.dilation = w.out = Dims(rank, 1);
  w.before = w.after = Dims(rank, 0);
  return call.node().op == "GlobalMaxPool" ? pool_with<Maximum>(call, w) : pool_with<Average>(call, w);
}

}  // namespace

const std::vector<Operator>& window_operators() {
  static const std::vector<Operator> table = {
      {"AveragePool", 1, 1, infer_pool, pool,
       "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides"},
      {"GlobalAveragePool", 1, 1, infer_global, pool_all},
      {"GlobalMaxPool", 1, 1, infer_global, pool_all},
      {"MaxPool", 1, 1, infer_pool, pool, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides"},
  };
  return table;
}

}  // namespace tessera::import
