#include "sim/evaluation/integer_convolution.h"

#include <cstring>

#include "sim/base/arithmetic.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tessera::evaluation {
namespace {

using IntegerTile = Tile<std::int16_t>;
using IntegerTable = TileTable<std::int16_t, std::int32_t>;

template <int pixels, int blocks>
void plain_tile(const IntegerTile& t, std::int32_t* sums) {
  std::fill_n(sums, pixels * blocks * lanes, 0);
  for (int p = 0; p < pixels; ++p)
    for (int r = 0; r < t.rows; ++r)
      for (int g = 0; g < t.groups; ++g) {
        const std::int16_t* x = t.x + p * t.pixel_step + r * t.row_step + 2 * g;
        for (int b = 0; b < blocks; ++b) {
          const std::int16_t* w = t.weights + b * t.block_step + (std::size_t{1} * r * t.groups + g) * lanes * 2;
          for (int l = 0; l < lanes; ++l) sums[(p * blocks + b) * lanes + l] += x[0] * w[2 * l] + x[1] * w[2 * l + 1];
        }
      }
}

constexpr IntegerTable plain{{{plain_tile<1, 1>, plain_tile<2, 1>, plain_tile<4, 1>, plain_tile<8, 1>}, {}}};

#if defined(__x86_64__)
// Two neighbouring inputs, for every lane.
inline std::int32_t input_pair(const std::int16_t* x) {
  std::int32_t v;
  std::memcpy(&v, x, sizeof v);
  return v;
}

template <int pixels, int blocks>
__attribute__((target("avx512f,avx512bw"))) void avx512_tile(const IntegerTile& t, std::int32_t* sums) {
  __m512i acc[pixels][blocks];
#pragma GCC unroll 8
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
    for (int b = 0; b < blocks; ++b) acc[p][b] = _mm512_setzero_si512();
  for (int r = 0; r < t.rows; ++r) {
    const std::int16_t *x = t.x + r * t.row_step, *w = t.weights + std::size_t{1} * r * t.groups * lanes * 2;
    for (int g = 0; g < t.groups; ++g, x += 2, w += lanes * 2) {
      __m512i factor[blocks];
#pragma GCC unroll 2
      for (int b = 0; b < blocks; ++b) factor[b] = _mm512_loadu_si512(w + b * t.block_step);
#pragma GCC unroll 8
      for (int p = 0; p < pixels; ++p) {
        const __m512i in = _mm512_set1_epi32(input_pair(x + p * t.pixel_step));
#pragma GCC unroll 2
        for (int b = 0; b < blocks; ++b) acc[p][b] = _mm512_add_epi32(acc[p][b], _mm512_madd_epi16(in, factor[b]));
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
    for (int b = 0; b < blocks; ++b) _mm512_storeu_si512(sums + (p * blocks + b) * lanes, acc[p][b]);
}

// Half a block at a time, up to four pixels: eight sums in sixteen registers.
template <int pixels>
__attribute__((target("avx2"))) void avx2_tile(const IntegerTile& t, std::int32_t* sums) {
  constexpr int at_once = pixels > 4 ? 4 : pixels;
  for (int p0 = 0; p0 < pixels; p0 += at_once) {
    __m256i acc[at_once][2];
#pragma GCC unroll 4
    for (int p = 0; p < at_once; ++p) acc[p][0] = acc[p][1] = _mm256_setzero_si256();
    for (int r = 0; r < t.rows; ++r) {
      const std::int16_t *x = t.x + p0 * t.pixel_step + r * t.row_step,
                         *w = t.weights + std::size_t{1} * r * t.groups * lanes * 2;
      for (int g = 0; g < t.groups; ++g, x += 2, w += lanes * 2) {
        const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)),
                      high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + lanes));
#pragma GCC unroll 4
        for (int p = 0; p < at_once; ++p) {
          const __m256i in = _mm256_set1_epi32(input_pair(x + p * t.pixel_step));
          acc[p][0] = _mm256_add_epi32(acc[p][0], _mm256_madd_epi16(in, low));
          acc[p][1] = _mm256_add_epi32(acc[p][1], _mm256_madd_epi16(in, high));
        }
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < at_once; ++p)
      for (int half = 0; half < 2; ++half)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + (p0 + p) * lanes + half * 8), acc[p][half]);
  }
}

constexpr IntegerTable avx512{{{avx512_tile<1, 1>, avx512_tile<2, 1>, avx512_tile<4, 1>, avx512_tile<8, 1>},
                               {avx512_tile<1, 2>, avx512_tile<2, 2>, avx512_tile<4, 2>, avx512_tile<8, 2>}}};
constexpr IntegerTable avx2{{{avx2_tile<1>, avx2_tile<2>, avx2_tile<4>, avx2_tile<8>}, {}}};
#endif

const IntegerTable& table_of(Instructions instructions) {
#if defined(__x86_64__)
  if (instructions == Instructions::avx512) return avx512;
  if (instructions == Instructions::avx2) return avx2;
#endif
  (void)instructions;
  return plain;
}

}  // namespace

Instructions best_instructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return Instructions::avx512;
  if (__builtin_cpu_supports("avx2")) return Instructions::avx2;
#endif
  return Instructions::plain;
}

IntegerConvolution::IntegerConvolution(const network::Layer& layer, const sparsity::WeightTensor& weights,
                                       Instructions instructions)
    : packed_(layer,
              [&](int oc, std::size_t i) {
                return weights.values[static_cast<std::size_t>(oc) * weights.taps * weights.cin + i];
              }),
      table_(table_of(instructions)),
      bias_(weights.bias),
      multiplier_(weights.multiplier) {
  const auto padded = static_cast<std::size_t>((layer.out.c + lanes - 1) / lanes * lanes);
  if (layer.scaling == network::Scaling::tensor) multiplier_.assign(bias_.size(), layer.multiplier[0]);
  bias_.resize(padded);
  multiplier_.resize(padded);
}

void IntegerConvolution::run(const std::int8_t* in, std::int8_t* out, std::vector<std::int16_t>& scratch) const {
  const network::Layer& layer = packed_.layer();
  const bool power = layer.scaling == network::Scaling::power;
  packed_.run(in, scratch, table_, [&](std::size_t pixel, int channel, const std::int32_t* sums) {
    const int count = std::min(lanes, layer.out.c - channel);
    std::int8_t* to = out + pixel * layer.out.c + channel;
    for (int i = 0; i < count; ++i) {
      const std::int32_t sum = sums[i] + bias_[static_cast<std::size_t>(channel + i)];
      const std::int8_t v = power ? requantize(sum, layer.shift)
                                  : requantize(sum, multiplier_[static_cast<std::size_t>(channel + i)], layer.shift);
      to[i] = layer.relu && v < 0 ? std::int8_t{0} : v;
    }
  });
}

}  // namespace tessera::evaluation
