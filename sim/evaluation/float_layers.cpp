#include "sim/evaluation/float_layers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tessera::evaluation {
namespace {

using network::Layer;
using network::Op;
using network::Shape;

std::size_t place(const Shape& s, int h, int w, int c) {
  return (static_cast<std::size_t>(h) * static_cast<std::size_t>(s.w) + static_cast<std::size_t>(w)) *
             static_cast<std::size_t>(s.c) +
         static_cast<std::size_t>(c);
}

// Calls use(y, x, tap, place of the input pixel's first channel) for the taps of every window that lie in the map.
template <class Use>
void each_tap(const Layer& layer, const Use& use) {
  const network::Window& k = layer.window;
  for (int y = 0; y < layer.out.h; ++y)
    for (int x = 0; x < layer.out.w; ++x)
      for (int tap = 0; tap < k.taps(); ++tap) {
        const int iy = y * k.sh - k.pad_top + tap / k.kw * k.dh, ix = x * k.sw - k.pad_left + tap % k.kw * k.dw;
        if (iy >= 0 && ix >= 0 && iy < layer.in.h && ix < layer.in.w) use(y, x, tap, place(layer.in, iy, ix, 0));
      }
}

// A pool over the part of each window that lies in the map; an average counts the padding.
Values pool(const Layer& layer, const Values& in, float factor) {
  const bool average = layer.op == Op::avgpool;
  Values out(static_cast<std::size_t>(layer.out.elements()), average ? 0.0F : -std::numeric_limits<float>::infinity());
  each_tap(layer, [&](int y, int x, int, std::size_t from) {
    float* to = &out[place(layer.out, y, x, 0)];
    for (int c = 0; c < layer.out.c; ++c) {
      const float v = in[from + static_cast<std::size_t>(c)];
      to[c] = average ? to[c] + v : std::max(to[c], v);
    }
  });
  if (average)
    for (float& v : out) v *= factor / static_cast<float>(layer.window.taps());
  return out;
}

Values depthwise(const Layer& layer, const FloatParameters& p, const Values& in) {
  Values out(static_cast<std::size_t>(layer.out.elements()));
  const auto channels = static_cast<std::size_t>(layer.out.c), taps = static_cast<std::size_t>(layer.window.taps());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(p.bias[i % channels]);
  each_tap(layer, [&](int y, int x, int tap, std::size_t from) {
    float* to = &out[place(layer.out, y, x, 0)];
    for (std::size_t c = 0; c < channels; ++c)
      to[c] += p.factor(0) * in[from + c] * p.weights[c * taps + static_cast<std::size_t>(tap)];
  });
  return out;
}

// A second operand of one row or column stands for all.
Values combine(const Layer& layer, const FloatParameters& p, const Values& a, const Values& b) {
  Values out(a.size());
  std::size_t next = 0;
  for (int h = 0; h < layer.out.h; ++h)
    for (int w = 0; w < layer.out.w; ++w)
      for (int c = 0; c < layer.out.c; ++c, ++next) {
        const float x = p.factor(0) * a[next],
                    y = p.factor(1) *
                        b[place(layer.second, layer.second.h == 1 ? 0 : h, layer.second.w == 1 ? 0 : w, c)];
        out[next] = layer.op == Op::mul ? x * y : layer.op == Op::sub ? x - y : x + y;
      }
  return out;
}

Values concatenate(const Layer& layer, const std::vector<const Values*>& in) {
  Values out(static_cast<std::size_t>(layer.out.elements()));
  const auto pixels = static_cast<std::size_t>(layer.out.h) * static_cast<std::size_t>(layer.out.w);
  auto to = out.begin();
  for (std::size_t pixel = 0; pixel < pixels; ++pixel)
    for (const Values* part : in) {
      const std::size_t c = part->size() / pixels;
      to = std::copy_n(part->begin() + static_cast<std::ptrdiff_t>(pixel * c), c, to);
    }
  return out;
}

Values softmax(const Layer& layer, const FloatParameters& p, const Values& in) {
  Values out(in.size());
  const auto n = static_cast<std::size_t>(layer.out.c);
  for (std::size_t row = 0; row < in.size(); row += n) {
    double sum = 0;
    float largest = p.factor(0) * in[row];
    for (std::size_t c = 0; c < n; ++c) largest = std::max(largest, p.factor(0) * in[row + c]);
    for (std::size_t c = 0; c < n; ++c) sum += out[row + c] = std::exp(p.factor(0) * in[row + c] - largest);
    for (std::size_t c = 0; c < n; ++c) out[row + c] = static_cast<float>(out[row + c] / sum);
  }
  return out;
}

Values normalize(const Layer& layer, const FloatParameters& p, const Values& in) {
  Values out(in.size());
  const auto n = static_cast<std::size_t>(layer.out.c);
  for (std::size_t row = 0; row < in.size(); row += n) {
    double mean = 0, variance = 0;
    for (std::size_t c = 0; c < n; ++c) mean += layer.mean ? p.factor(0) * in[row + c] / static_cast<double>(n) : 0;
    for (std::size_t c = 0; c < n; ++c)
      variance += std::pow(p.factor(0) * in[row + c] - mean, 2) / static_cast<double>(n);
    const double root = std::sqrt(variance + p.epsilon);
    for (std::size_t c = 0; c < n; ++c)
      out[row + c] =
          static_cast<float>((p.factor(0) * in[row + c] - mean) / (root > 0 ? root : 1) * p.weights[c] + p.bias[c]);
  }
  return out;
}

// Group by group and head by head, see ops::MatMul.
Values multiply(const Layer& layer, const FloatParameters& p, const Values& first, const Values& second) {
  const ops::MatMul& m = layer.matmul;
  Values out(static_cast<std::size_t>(layer.out.elements()), 0.0F);
  const float factor = p.factor(0) * p.factor(1);
  for (int row = 0; row < layer.out.h; ++row)
    for (int head = 0; head < m.heads; ++head)
      for (int n = 0; n < m.second_rows; ++n) {
        const int channel = head * m.depth;
        const float* b = &second[place(layer.second, row / m.rows * m.second_rows + n, 0, m.second + channel)];
        if (m.by_rows) {
          const float* a = &first[place(layer.in, row, 0, m.first + channel)];
          double sum = 0;
          for (int k = 0; k < m.depth; ++k) sum += static_cast<double>(a[k]) * b[k];
          out[place(layer.out, row, head, n)] = static_cast<float>(sum) * factor;
        } else {
          const float share = first[place(layer.in, row, head, n)] * factor;
          float* to = &out[place(layer.out, row, 0, channel)];
          for (int k = 0; k < m.depth; ++k) to[k] += share * b[k];
        }
      }
  return out;
}

// Rows and columns between which a position of ops::Remap stands, and the share of the second.
struct Between {
  int first, second;
  float share;
};
Between between(int position) {
  const int first = position / ops::position_steps, rest = position % ops::position_steps;
  return {first, first + (rest > 0 ? 1 : 0), static_cast<float>(rest) / ops::position_steps};
}

Values remap(const Layer& layer, const Values& in) {
  Values out(static_cast<std::size_t>(layer.out.elements()), 0.0F);
  std::size_t next = 0;
  for (const int row : layer.remap.rows)
    for (const int column : layer.remap.columns) {
      const Between y = between(row), x = between(column);
      for (int c = 0; c < layer.out.c; ++c, ++next) {
        if (row < 0 || column < 0) continue;
        const auto at = [&](int h, int w) { return in[place(layer.in, h, w, c)]; };
        const float top = at(y.first, x.first) * (1 - x.share) + at(y.first, x.second) * x.share,
                    bottom = at(y.second, x.first) * (1 - x.share) + at(y.second, x.second) * x.share;
        out[next] = top * (1 - y.share) + bottom * y.share;
      }
    }
  return out;
}

// The element of the input that stands at a place of the output of a layer that moves elements; nothing: zero.
std::optional<std::size_t> source(const Layer& layer, int h, int w, int c) {
  const Shape& in = layer.in;
  switch (layer.op) {
    case Op::select: {
      const int from = layer.source[static_cast<std::size_t>(c)];
      return from < 0 ? std::nullopt : std::optional(place(in, h, w, from));
    }
    case Op::pick: {
      const int from = layer.pixels.source(h * layer.out.w + w);
      return from < 0 ? std::nullopt : std::optional(place(in, 0, from, c));
    }
    case Op::resize:
      return place(in, h / layer.factor_h, w / layer.factor_w, c);
    case Op::depth_to_space:
      return place(in, h / layer.factor_h, w / layer.factor_w,
                   (h % layer.factor_h * layer.factor_w + w % layer.factor_w) * layer.out.c + c);
    default: {  // transpose: groups of rows whose channels become the pixels
      const int group = h / in.c * layer.group_rows;
      return place(in, group + c, 0, h % in.c);
    }
  }
}

Values move(const Layer& layer, const Values& in) {
  Values out;
  out.reserve(static_cast<std::size_t>(layer.out.elements()));
  for (int h = 0; h < layer.out.h; ++h)
    for (int w = 0; w < layer.out.w; ++w)
      for (int c = 0; c < layer.out.c; ++c) {
        const std::optional<std::size_t> from = source(layer, h, w, c);
        out.push_back(from ? in[*from] : 0.0F);
      }
  return out;
}

Values look_up(const Layer& layer, const FloatParameters& p, const Values& in) {
  Values out(in);
  for (float& v : out) v = static_cast<float>(ops::evaluate(layer.lookup, p.factor(0) * v));
  return out;
}

Values computed(const Layer& layer, const FloatParameters& p, const std::vector<const Values*>& in) {
  switch (layer.op) {
    case Op::depthwise:
      return depthwise(layer, p, *in[0]);
    case Op::maxpool:
    case Op::avgpool:
      return pool(layer, *in[0], p.factor(0));
    case Op::add:
    case Op::sub:
    case Op::mul:
      return combine(layer, p, *in[0], *in[1]);
    case Op::concat:
      return concatenate(layer, in);
    case Op::lookup:
      return look_up(layer, p, *in[0]);
    case Op::softmax:
      return softmax(layer, p, *in[0]);
    case Op::layernorm:
      return normalize(layer, p, *in[0]);
    case Op::matmul:
      return multiply(layer, p, *in[0], *in[1]);
    case Op::remap:
      return remap(layer, *in[0]);
    default:
      return move(layer, *in[0]);
  }
}

}  // namespace

Values compute_in_float(const Layer& layer, const FloatParameters& p, const std::vector<const Values*>& in) {
  Values out = computed(layer, p, in);
  if (layer.relu)
    for (float& v : out) v = std::max(v, 0.0F);
  return out;
}

}  // namespace tessera::evaluation
