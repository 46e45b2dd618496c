#include "sim/reference/attention.h"

#include <algorithm>
#include <cmath>

#include "sim/ops/rescale.h"

namespace tessera::reference {
namespace {

Tensor empty_output(const network::Layer& layer) {
  return {layer.out, std::vector<std::int8_t>(static_cast<std::size_t>(layer.out.elements()), 0)};
}

std::int8_t at(const Tensor& t, int h, int w, int c) {
  return t.values[(static_cast<std::size_t>(h) * static_cast<std::size_t>(t.shape.w) + static_cast<std::size_t>(w)) *
                      static_cast<std::size_t>(t.shape.c) +
                  static_cast<std::size_t>(c)];
}

}  // namespace

// Group by group and head by head, as matrices.
Tensor multiply_tensors(const network::Layer& layer, const Tensor& first, const Tensor& second) {
  const ops::MatMul& m = layer.matmul;
  Tensor out = empty_output(layer);
  const auto put = [&](int h, int w, int c, std::int32_t sum) {
    out.values[(static_cast<std::size_t>(h) * static_cast<std::size_t>(layer.out.w) + static_cast<std::size_t>(w)) *
                   static_cast<std::size_t>(layer.out.c) +
               static_cast<std::size_t>(c)] = requantized(layer, sum);
  };
  for (int group = 0; group < layer.out.h / m.rows; ++group)
    for (int head = 0; head < m.heads; ++head)
      for (int row = 0; row < m.rows; ++row)
        for (int column = 0; column < (m.by_rows ? m.second_rows : m.depth); ++column) {
          const int h = group * m.rows + row, channel = head * m.depth;
          std::int32_t sum = 0;
          for (int k = 0; k < (m.by_rows ? m.depth : m.second_rows); ++k)
            sum += m.by_rows
                       ? at(first, h, 0, m.first + channel + k) *
                             at(second, group * m.second_rows + column, 0, m.second + channel + k)
                       : at(first, h, head, k) * at(second, group * m.second_rows + k, 0, m.second + channel + column);
          put(h, m.by_rows ? head : 0, m.by_rows ? column : channel + column, sum);
        }
  return out;
}

Tensor softmax(const network::Layer& layer, const Tensor& in) {
  Tensor out = empty_output(layer);
  const auto n = static_cast<std::size_t>(layer.out.c);
  for (std::size_t p = 0; p < in.values.size(); p += n) {
    const std::int8_t* x = &in.values[p];
    const int largest = *std::max_element(x, x + n);
    const auto exponential = [&](std::size_t c) {
      return std::lround(32768 * std::exp((x[c] - largest) * layer.lookup.from));
    };
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < n; ++c) sum += exponential(c);
    for (std::size_t c = 0; c < n; ++c) out.values[p + c] = softmax_share(exponential(c), sum);
  }
  return out;
}

Tensor layer_normalization(const network::Layer& layer, const Tensor& in, const sparsity::WeightTensor& weights) {
  Tensor out = empty_output(layer);
  const auto n = static_cast<std::size_t>(layer.out.c);
  for (std::size_t p = 0; p < in.values.size(); p += n) {
    std::int64_t sum = 0, deviation = 0;  // n times the variance, by pairs: sum of (n x - s)^2 = n (n q - s^2)
    for (std::size_t c = 0; c < n; ++c) sum += layer.mean ? in.values[p + c] : 0;
    for (std::size_t c = 0; c < n; ++c) {
      const std::int64_t centred = static_cast<std::int64_t>(n) * in.values[p + c] - sum;
      deviation += centred * centred;
    }
    const std::int64_t root =
        std::max<std::int64_t>(1, integer_root(deviation / static_cast<std::int64_t>(n) + ops::epsilon_term(layer)));
    for (std::size_t c = 0; c < n; ++c) {
      const std::int64_t centred = static_cast<std::int64_t>(n) * in.values[p + c] - sum;
      out.values[p + c] = requantized(layer, normalized(centred, root) * weights.values[c] + weights.bias[c]);
    }
  }
  return out;
}

Tensor pick_pixels(const network::Layer& layer, const Tensor& in) {
  Tensor out = empty_output(layer);
  const ops::Pixels& p = layer.pixels;
  const auto channels = static_cast<std::size_t>(layer.out.c);
  std::vector<int> digits(p.sizes.size(), 0);  // counted up, the last one fastest
  for (int t = 0; t < p.count(); ++t) {
    int pixel = p.from;
    for (std::size_t d = 0; d < digits.size(); ++d) pixel += digits[d] * p.strides[d];
    std::copy_n(&in.values[static_cast<std::size_t>(pixel) * channels], channels,
                &out.values[static_cast<std::size_t>(t + p.first) * channels]);
    for (std::size_t d = digits.size(); d-- > 0;) {
      if (++digits[d] < p.sizes[d]) break;
      digits[d] = 0;
    }
  }
  return out;
}

Tensor resize(const network::Layer& layer, const Tensor& in) {
  Tensor out = empty_output(layer);
  std::size_t next = 0;
  for (int h = 0; h < layer.out.h; ++h)
    for (int w = 0; w < layer.out.w; ++w)
      for (int c = 0; c < layer.out.c; ++c) out.values[next++] = at(in, h / layer.factor_h, w / layer.factor_w, c);
  return out;
}

Tensor remap(const network::Layer& layer, const Tensor& in) {
  Tensor out = empty_output(layer);
  std::size_t next = 0;
  for (const int y : layer.remap.rows)
    for (const int x : layer.remap.columns)
      for (int c = 0; c < layer.out.c; ++c, ++next) {
        if (y < 0 || x < 0) continue;
        const int fy = y % ops::position_steps, fx = x % ops::position_steps, top = y / ops::position_steps,
                  left = x / ops::position_steps, bottom = top + (fy > 0 ? 1 : 0), right = left + (fx > 0 ? 1 : 0);
        out.values[next] = interpolate(
            {at(in, top, left, c), at(in, top, right, c), at(in, bottom, left, c), at(in, bottom, right, c)}, fy, fx);
      }
  return out;
}

Tensor transpose(const network::Layer& layer, const Tensor& in) {
  Tensor out = empty_output(layer);
  std::size_t next = 0;
  for (int group = 0; group < in.shape.h; group += layer.group_rows)
    for (int c = 0; c < in.shape.c; ++c)
      for (int row = 0; row < layer.group_rows; ++row) out.values[next++] = at(in, group + row, 0, c);
  return out;
}

Tensor depth_to_space(const network::Layer& layer, const Tensor& in) {
  Tensor out = empty_output(layer);
  const int fh = layer.factor_h, fw = layer.factor_w;
  for (int h = 0; h < in.shape.h; ++h)
    for (int w = 0; w < in.shape.w; ++w)
      for (int c = 0; c < in.shape.c; ++c) {
        const int part = c / layer.out.c, y = h * fh + part / fw, x = w * fw + part % fw;
        out.values[(static_cast<std::size_t>(y) * static_cast<std::size_t>(layer.out.w) + static_cast<std::size_t>(x)) *
                       static_cast<std::size_t>(layer.out.c) +
                   static_cast<std::size_t>(c % layer.out.c)] = at(in, h, w, c);
      }
  return out;
}

}  // namespace tessera::reference
