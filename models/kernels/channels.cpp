#include "models/kernels/channels.h"

#include <algorithm>
#include <cstring>

#include "sim/ops/rescale.h"

namespace tessera::models {

void depthwise(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
               const std::uint8_t* bias, const std::uint8_t* weights, std::int32_t* acc) {
  const network::Window win = packed_window(layer, call.out.h1 - call.out.h0, call.out.w1 - call.out.w0);
  const int channels = call.out.c1 - call.out.c0, taps = win.taps();
  const auto* numbers = reinterpret_cast<const std::int8_t*>(weights);
  for (int oh = 0; oh < call.out.h1 - call.out.h0; ++oh)
    for (int ow = 0; ow < call.out.w1 - call.out.w0; ++ow, acc += channels) {
      std::memcpy(acc, bias, static_cast<std::size_t>(channels) * 4);
      for (int tap = 0; tap < taps; ++tap) {
        const int h = oh * win.sh + tap / win.kw * win.dh, w = ow * win.sw + tap % win.kw * win.dw;
        const std::int8_t* x = in + (std::int64_t{h} * call.in_w + w) * call.in_c;
        for (int c = 0; c < channels; ++c)
          acc[c] +=
              std::int32_t{x[c]} *
              numbers[(c / sparsity::kernel_block * taps + tap) * sparsity::kernel_block + c % sparsity::kernel_block];
      }
    }
}

void combine(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* a, const std::int8_t* b,
             std::int8_t* result) {
  const program::Region second = reads(layer, 1, call.out);
  const int h = call.out.h1 - call.out.h0, w = call.out.w1 - call.out.w0, channels = call.out.c1 - call.out.c0;
  const int h2 = second.h1 - second.h0, w2 = second.w1 - second.w0;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x, a += channels, result += channels) {
      const std::int8_t* other = b + (std::int64_t{h2 == h ? y : 0} * w2 + (w2 == w ? x : 0)) * channels;
      for (int c = 0; c < channels; ++c) {
        const std::int8_t v = call.kind == program::KernelKind::mul ? requantized(layer, a[c] * other[c])
                                                                    : combined(layer, a[c], other[c]);
        result[c] = layer.relu ? std::max<std::int8_t>(v, 0) : v;
      }
    }
}

bool select_channels(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                     const std::uint8_t* numbers, std::int8_t* result) {
  const int channels = call.out.c1 - call.out.c0;
  std::vector<int> from(static_cast<std::size_t>(channels));
  for (int c = 0; c < channels; ++c) {
    const std::uint8_t* of_eight = numbers + c / sparsity::kernel_block * 2 * sparsity::kernel_block;
    const int number =
        of_eight[c % sparsity::kernel_block] | of_eight[sparsity::kernel_block + c % sparsity::kernel_block] << 8;
    if (number >= call.in_c && number != 65535) return false;
    from[static_cast<std::size_t>(c)] = number == 65535 || call.out.c0 + c >= layer.out.c ? -1 : number;
  }
  const std::int64_t pixels = std::int64_t{call.in_h} * call.in_w;
  for (std::int64_t p = 0; p < pixels; ++p, in += call.in_c)
    for (const int c : from) *result++ = c < 0 ? std::int8_t{0} : in[c];
  return true;
}

}  // namespace tessera::models
