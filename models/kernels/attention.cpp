#include "models/kernels/attention.h"

#include <algorithm>
#include <cstring>

#include "sim/ops/rescale.h"

namespace tessera::models {

void multiply_tensors(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* first,
                      const std::int8_t* second, std::int32_t* sums) {
  const ops::MatMul& m = layer.matmul;
  const program::Region a = factor_of(call, layer, 0), b = factor_of(call, layer, 1);
  const bool whole = call.first && call.last;
  const int all = m.by_rows ? m.depth : m.second_rows, steps = whole ? all : std::min(all - call.ic0, call.in_c);
  const int a_width = a.w1 - a.w0, a_channels = a.c1 - a.c0, b_channels = b.c1 - b.c0;
  for (int h = call.out.h0; h < call.out.h1; ++h)
    for (int w = call.out.w0; w < call.out.w1; ++w)
      for (int c = call.out.c0; c < call.out.c1; ++c, ++sums) {
        if (c >= layer.out.c) continue;
        const int group = h / m.rows * m.second_rows, head = m.by_rows ? w : c / m.depth;
        const std::int8_t* x = first + (std::int64_t{h - a.h0} * a_width + (m.by_rows ? 0 : head - a.w0)) * a_channels +
                               (m.by_rows ? (w - call.out.w0) * m.depth : 0);
        const std::int8_t* y = m.by_rows
                                   ? second + std::int64_t{group + c - b.h0} * b_channels + (w - call.out.w0) * m.depth
                                   : second + std::int64_t{whole ? group - b.h0 : 0} * b_channels + (c - call.out.c0);
        const int step = m.by_rows ? 1 : b_channels;
        for (int k = 0; k < steps; ++k, y += step) *sums += std::int32_t{x[k]} * *y;
      }
}

void softmax(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
             const std::uint8_t* table, std::int8_t* result) {
  const std::int64_t pixels = std::int64_t{call.in_h} * call.in_w;
  std::vector<std::int64_t> shares(static_cast<std::size_t>(layer.out.c));
  for (std::int64_t p = 0; p < pixels; ++p, in += call.in_c, result += call.in_c) {
    const int largest = *std::max_element(in, in + layer.out.c);
    std::int64_t sum = 0;
    for (int c = 0; c < layer.out.c; ++c) {
      std::uint16_t e = 0;
      std::memcpy(&e, table + 2 * (largest - in[c]), 2);
      shares[static_cast<std::size_t>(c)] = e;
      sum += e;
    }
    for (int c = 0; c < call.in_c; ++c)
      result[c] = c < layer.out.c ? softmax_share(shares[static_cast<std::size_t>(c)], sum) : std::int8_t{0};
  }
}

void layer_normalization(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                         const std::uint8_t* bias, const std::uint8_t* factors, std::int8_t* result) {
  const std::int64_t pixels = std::int64_t{call.in_h} * call.in_w, n = layer.out.c;
  const std::int64_t epsilon = ops::epsilon_term(layer);
  const auto* of = reinterpret_cast<const std::int8_t*>(factors);
  for (std::int64_t p = 0; p < pixels; ++p, in += call.in_c, result += call.in_c) {
    std::int64_t sum = 0, squares = 0;
    for (int c = 0; c < n; ++c) {
      sum += in[c];
      squares += in[c] * in[c];
    }
    if (!layer.mean) sum = 0;
    const std::int64_t root = std::max<std::int64_t>(1, integer_root(n * squares - sum * sum + epsilon));
    for (int c = 0; c < call.in_c; ++c) {
      std::int32_t b = 0;
      std::memcpy(&b, bias + 4 * c, 4);
      result[c] = c < n ? requantized(layer, normalized(n * in[c] - sum, root) * of[c] + b) : std::int8_t{0};
    }
  }
}

void pick_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                 std::int8_t* result) {
  const program::Region read = reads(layer, 0, call.out);
  for (int h = call.out.h0; h < call.out.h1; ++h)
    for (int w = call.out.w0; w < call.out.w1; ++w, result += call.in_c) {
      const int pixel = layer.pixels.source(h * layer.out.w + w);
      if (pixel < 0) {
        std::fill_n(result, call.in_c, std::int8_t{0});
        continue;
      }
      const std::int64_t row = pixel / layer.in.w - read.h0, column = pixel % layer.in.w - read.w0;
      std::copy_n(in + (row * call.in_w + column) * call.in_c, call.in_c, result);
    }
}

void remap_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                  std::int8_t* result) {
  const program::Region read = reads(layer, 0, call.out);
  const ops::Remap& m = layer.remap;
  const auto pixel = [&](int row, int column) {
    return in + (std::int64_t{row - read.h0} * call.in_w + (column - read.w0)) * call.in_c;
  };
  for (int h = call.out.h0; h < call.out.h1; ++h)
    for (int w = call.out.w0; w < call.out.w1; ++w, result += call.in_c) {
      const int y = m.rows[static_cast<std::size_t>(h)], x = m.columns[static_cast<std::size_t>(w)];
      if (y < 0 || x < 0) {
        std::fill_n(result, call.in_c, std::int8_t{0});
        continue;
      }
      const int y0 = y >> ops::position_bits, x0 = x >> ops::position_bits, fy = y % ops::position_steps,
                fx = x % ops::position_steps;
      const std::int8_t *top = pixel(y0, x0), *bottom = fy == 0 ? top : pixel(y0 + 1, x0);
      const int right = fx == 0 ? 0 : call.in_c;
      for (int c = 0; c < call.in_c; ++c)
        result[c] = interpolate({top[c], top[c + right], bottom[c], bottom[c + right]}, fy, fx);
    }
}

void transpose_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                      std::int8_t* result) {
  const program::Region read = reads(layer, 0, call.out);
  for (int h = call.out.h0; h < call.out.h1; ++h) {
    const int group = h / layer.in.c * layer.group_rows, channel = h % layer.in.c - read.c0;
    for (int c = call.out.c0; c < call.out.c1; ++c, ++result)
      *result = c < layer.out.c ? in[std::int64_t{group + c - read.h0} * call.in_c + channel] : std::int8_t{0};
  }
}

void spread_pixels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                   std::int8_t* result) {
  const program::Region read = reads(layer, 0, call.out);
  const int channels = call.out.c1 - call.out.c0;
  const bool blocks = layer.op == network::Op::depth_to_space;
  for (int h = call.out.h0; h < call.out.h1; ++h)
    for (int w = call.out.w0; w < call.out.w1; ++w, result += channels) {
      const std::int64_t pixel =
          std::int64_t{h / layer.factor_h - read.h0} * call.in_w + (w / layer.factor_w - read.w0);
      const int part = h % layer.factor_h * layer.factor_w + w % layer.factor_w;
      for (int c = 0; c < channels; ++c) {
        const int channel = call.out.c0 + c;
        result[c] = !blocks                 ? in[pixel * call.in_c + c]
                    : channel < layer.out.c ? in[pixel * call.in_c + part * layer.out.c + channel]
                                            : std::int8_t{0};
      }
    }
}

}  // namespace tessera::models
