#include "sim/evaluation/float_convolution.h"

#include <cstring>

namespace tessera::evaluation {
namespace {

using FloatTile = Tile<float>;
using FloatTable = TileTable<float, float>;

// Sixteen output channels side by side; compilers split them where registers are narrower.
typedef float FloatLanes __attribute__((vector_size(64)));

template <int pixels>
__attribute__((always_inline)) inline void multiply(const FloatTile& t, float* sums) {
  FloatLanes acc[pixels];
#pragma GCC unroll 8
  for (int p = 0; p < pixels; ++p) acc[p] = FloatLanes{};
  for (int r = 0; r < t.rows; ++r) {
    const float *x = t.x + r * t.row_step, *w = t.weights + std::size_t{1} * r * t.groups * lanes;
    for (int g = 0; g < t.groups; ++g, ++x, w += lanes) {
      FloatLanes factor;
      std::memcpy(&factor, w, sizeof factor);
#pragma GCC unroll 8
      for (int p = 0; p < pixels; ++p) acc[p] += factor * x[p * t.pixel_step];
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < pixels; ++p) std::memcpy(sums + p * lanes, &acc[p], sizeof acc[p]);
}

template <int pixels>
void plain_tile(const FloatTile& t, float* sums) {
  multiply<pixels>(t, sums);
}
constexpr FloatTable plain_floats{{{plain_tile<1>, plain_tile<2>, plain_tile<4>, plain_tile<8>}, {}}};

#if defined(__x86_64__)
template <int pixels>
__attribute__((target("avx512f"))) void avx512_tile(const FloatTile& t, float* sums) {
  multiply<pixels>(t, sums);
}
template <int pixels>
__attribute__((target("avx2,fma"))) void avx2_tile(const FloatTile& t, float* sums) {
  multiply<pixels>(t, sums);
}
constexpr FloatTable avx512_floats{{{avx512_tile<1>, avx512_tile<2>, avx512_tile<4>, avx512_tile<8>}, {}}};
constexpr FloatTable avx2_floats{{{avx2_tile<1>, avx2_tile<2>, avx2_tile<4>, avx2_tile<8>}, {}}};
#endif

const FloatTable& best_table() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return avx512_floats;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_floats;
#endif
  return plain_floats;
}

struct WeightList {
  std::vector<float> values;
  std::size_t row;
  float operator()(int oc, std::size_t i) const { return values[static_cast<std::size_t>(oc) * row + i]; }
};

}  // namespace

FloatConvolution::FloatConvolution(const network::Layer& layer, const import::LayerWeights& weights)
    : packed_(layer,
              WeightList{weights.values(), static_cast<std::size_t>(layer.window.kh) * layer.window.kw * layer.in.c}),
      bias_(weights.bias) {}

void FloatConvolution::run(const float* in, float* out, std::vector<float>& scratch) const {
  const network::Layer& layer = packed_.layer();
  packed_.run(in, scratch, best_table(), [&](std::size_t pixel, int channel, const float* sums) {
    const int count = std::min(lanes, layer.out.c - channel);
    float* to = out + pixel * layer.out.c + channel;
    for (int i = 0; i < count; ++i) {
      const float v = sums[i] + static_cast<float>(bias_[static_cast<std::size_t>(channel + i)]);
      to[i] = layer.relu ? std::max(v, 0.0F) : v;
    }
  });
}

}  // namespace tessera::evaluation
