#include "models/kernels/conv.h"

#include <cstring>
#include <vector>

namespace tessera::models {
namespace {

// Eight output channels side by side; compilers split it where registers are narrower. Memory is accessed through
// memcpy only: nothing outside this file need know of its alignment.
typedef std::int32_t Lanes __attribute__((vector_size(32)));

__attribute__((always_inline)) inline void accumulate(const ConvTile& t, const std::int8_t* in,
                                                      const std::vector<WeightBlock>& blocks, std::int32_t* acc) {
  const int taps = t.window.kh * t.window.kw;
  const std::size_t row_step = static_cast<std::size_t>(t.in_w) * t.in_c;
  std::vector<std::int32_t> weights(static_cast<std::size_t>(taps) * sparsity::kernel_block * sparsity::kernel_block);
  std::vector<std::size_t> offsets(static_cast<std::size_t>(taps));
  for (int kh = 0; kh < t.window.kh; ++kh)
    for (int kw = 0; kw < t.window.kw; ++kw)
      offsets[static_cast<std::size_t>(kh * t.window.kw + kw)] =
          static_cast<std::size_t>(kh * t.window.dh) * row_step + static_cast<std::size_t>(kw * t.window.dw) * t.in_c;
  for (const WeightBlock& b : blocks) {
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = b.data[i];
    for (int h = 0; h < t.out_h; ++h)
      for (int w = 0; w < t.out_w; ++w) {
        const std::int8_t* pixel = in + static_cast<std::size_t>(h) * t.window.sh * row_step +
                                   static_cast<std::size_t>(w) * t.window.sw * t.in_c + b.col * sparsity::kernel_block;
        std::int32_t* out =
            acc + (static_cast<std::size_t>(h) * t.out_w + w) * t.out_c + b.row * sparsity::kernel_block;
        Lanes sum;
        std::memcpy(&sum, out, sizeof sum);
        for (int tap = 0; tap < taps; ++tap) {
          const std::int8_t* x = pixel + offsets[static_cast<std::size_t>(tap)];
          const std::int32_t* k = weights.data() + tap * sparsity::kernel_block * sparsity::kernel_block;
          for (int i = 0; i < sparsity::kernel_block; ++i, k += sparsity::kernel_block) {
            Lanes lanes;
            std::memcpy(&lanes, k, sizeof lanes);
            sum += lanes * std::int32_t{x[i]};
          }
        }
        std::memcpy(out, &sum, sizeof sum);
      }
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void accumulate_avx2(const ConvTile& t, const std::int8_t* in,
                                                     const std::vector<WeightBlock>& blocks, std::int32_t* acc) {
  accumulate(t, in, blocks, acc);
}
#endif

}  // namespace

void conv_accumulate(const ConvTile& tile, const std::int8_t* in, const std::vector<WeightBlock>& blocks,
                     std::int32_t* acc) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return accumulate_avx2(tile, in, blocks, acc);
#endif
  accumulate(tile, in, blocks, acc);
}

}  // namespace tessera::models
