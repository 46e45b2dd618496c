#include "sim/reference/channels.h"

#include <algorithm>

#include "sim/ops/rescale.h"

namespace tessera::reference {
namespace {

std::size_t place(const network::Shape& s, int h, int w, int c) {
  return (static_cast<std::size_t>(h) * static_cast<std::size_t>(s.w) + static_cast<std::size_t>(w)) *
             static_cast<std::size_t>(s.c) +
         static_cast<std::size_t>(c);
}

// Calls f(h, w, c, value) for every element of the layer's output, in order.
template <class F>
Tensor each_element(const network::Layer& layer, F value) {
  Tensor out{layer.out, {}};
  out.values.reserve(static_cast<std::size_t>(layer.out.elements()));
  for (int h = 0; h < layer.out.h; ++h)
    for (int w = 0; w < layer.out.w; ++w)
      for (int c = 0; c < layer.out.c; ++c) out.values.push_back(value(h, w, c));
  return out;
}

}  // namespace

Tensor finished(const network::Layer& layer, Tensor t) {
  if (layer.relu)
    for (std::int8_t& v : t.values) v = static_cast<std::int8_t>(std::clamp<int>(v, 0, layer.most));
  return layer.lookup ? look_up(layer, t) : t;
}

Tensor grouped_convolution(const network::Layer& layer, const Tensor& in, const sparsity::WeightTensor& weights) {
  const network::Window& k = layer.window;
  const int ins = weights.group_inputs(), outs = layer.out.c / weights.groups;
  return finished(layer, each_element(layer, [&](int h, int w, int c) {
                    std::int32_t sum = weights.bias[static_cast<std::size_t>(c)];
                    for (int y = 0; y < k.kh; ++y)
                      for (int x = 0; x < k.kw; ++x) {
                        const int ih = h * k.sh - k.pad_top + y * k.dh, iw = w * k.sw - k.pad_left + x * k.dw;
                        if (ih < 0 || iw < 0 || ih >= in.shape.h || iw >= in.shape.w) continue;
                        const std::int8_t* pixel = &in.values[place(in.shape, ih, iw, c / outs * ins)];
                        const std::int8_t* weight =
                            &weights.values[(static_cast<std::size_t>(c) * static_cast<std::size_t>(k.taps()) +
                                             static_cast<std::size_t>(y * k.kw + x)) *
                                            static_cast<std::size_t>(ins)];
                        for (int i = 0; i < ins; ++i) sum += std::int32_t{pixel[i]} * weight[i];
                      }
                    return layer.scaling == network::Scaling::channel
                               ? requantize(sum, weights.multiplier[static_cast<std::size_t>(c)], layer.shift)
                               : requantized(layer, sum);
                  }));
}

Tensor combine_tensors(const network::Layer& layer, const Tensor& a, const Tensor& b) {
  return finished(layer, each_element(layer, [&](int h, int w, int c) {
                    const std::int8_t p = a.values[place(a.shape, h, w, c)];
                    const std::int8_t q = b.values[place(b.shape, b.shape.h == 1 ? 0 : h, b.shape.w == 1 ? 0 : w, c)];
                    return layer.op == network::Op::mul ? requantized(layer, p * q) : combined(layer, p, q);
                  }));
}

Tensor look_up(const network::Layer& layer, const Tensor& in) {
  Tensor out{layer.out, in.values};
  const ops::Table table = ops::table_of(layer.lookup);
  for (std::int8_t& v : out.values) v = table[static_cast<std::size_t>(v + 128)];
  return out;
}

Tensor select_channels(const network::Layer& layer, const Tensor& in) {
  return each_element(layer, [&](int h, int w, int c) {
    const int from = layer.source[static_cast<std::size_t>(c)];
    return from < 0 ? std::int8_t{0} : in.values[place(in.shape, h, w, from)];
  });
}

}  // namespace tessera::reference
