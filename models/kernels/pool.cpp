#include "models/kernels/pool.h"

#include <algorithm>

#include "sim/base/arithmetic.h"

namespace tessera::models {
namespace {

// Calls take(values, h, w) for every pixel of the window of one output pixel; h and w in the layer's input.
template <class F>
void for_window(const program::KernelCall& call, const network::Window& win, int oh, int ow, const std::int8_t* in,
                F take) {
  for (int kh = 0; kh < win.kh; ++kh)
    for (int kw = 0; kw < win.kw; ++kw) {
      const int th = oh * win.sh + kh * win.dh, tw = ow * win.sw + kw * win.dw;
      take(in + (std::int64_t{th} * call.in_w + tw) * call.in_c, call.out.h0 * win.sh - win.pad_top + th,
           call.out.w0 * win.sw - win.pad_left + tw);
    }
}

}  // namespace

bool inside_input(const network::Layer& layer, int h, int w) {
  return h >= 0 && h < layer.in.h && w >= 0 && w < layer.in.w;
}

void max_pool(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in, std::int8_t* out) {
  const int channels = call.out.c1 - call.out.c0;
  for (int oh = 0; oh < call.out.h1 - call.out.h0; ++oh)
    for (int ow = 0; ow < call.out.w1 - call.out.w0; ++ow, out += channels) {
      std::fill(out, out + channels, std::int8_t{-128});
      for_window(call, layer.window, oh, ow, in, [&](const std::int8_t* x, int h, int w) {
        if (!inside_input(layer, h, w)) return;
        for (int c = 0; c < channels; ++c) out[c] = std::max(out[c], x[c]);
      });
    }
}

void average_pool(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                  std::int8_t* out) {
  const int channels = call.out.c1 - call.out.c0;
  std::vector<std::int32_t> sum(static_cast<std::size_t>(channels));
  for (int oh = 0; oh < call.out.h1 - call.out.h0; ++oh)
    for (int ow = 0; ow < call.out.w1 - call.out.w0; ++ow, out += channels) {
      std::fill(sum.begin(), sum.end(), 0);
      for_window(call, layer.window, oh, ow, in, [&](const std::int8_t* x, int, int) {
        for (int c = 0; c < channels; ++c) sum[static_cast<std::size_t>(c)] += x[c];
      });
      for (int c = 0; c < channels; ++c)
        out[c] = layer.scaling == network::Scaling::power
                     ? average(sum[static_cast<std::size_t>(c)], layer.window.kh * layer.window.kw)
                     : requantize(sum[static_cast<std::size_t>(c)], layer.multiplier[0], layer.shift);
    }
}

}  // namespace tessera::models
