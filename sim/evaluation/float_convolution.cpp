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

// Of the output channels of a group.
struct WeightList {
  const std::vector<float>& values;
  std::size_t row, first;
  float operator()(int oc, std::size_t i) const { return values[(first + static_cast<std::size_t>(oc)) * row + i]; }
};

// A group of a convolution whose windows are the channels of pixels.
network::Layer over_patches(const network::Layer& layer) {
  network::Layer group = layer;
  group.window = {};
  group.groups = 1;
  group.in = {layer.out.h, layer.out.w, layer.window.taps() * layer.in.c / layer.groups};
  group.out.c = layer.out.c / layer.groups;
  return group;
}

}  // namespace

FloatConvolution::FloatConvolution(const network::Layer& layer, const import::LayerWeights& weights)
    : layer_(layer), direct_(layer.groups == 1 && layer.window.dh == 1 && layer.window.dw == 1), bias_(weights.bias) {
  const network::Layer group = direct_ ? layer : over_patches(layer);
  const std::vector<float> values = weights.values();
  const std::size_t row = static_cast<std::size_t>(layer.window.taps()) * layer.in.c / layer.groups;
  for (int g = 0; g < layer.groups; ++g)
    groups_.emplace_back(group, WeightList{values, row, static_cast<std::size_t>(g) * group.out.c});
}

std::vector<float> FloatConvolution::patches(const float* in, int group) const {
  const network::Window& k = layer_.window;
  const network::Shape &from = layer_.in, &to = layer_.out;
  const int ins = from.c / layer_.groups;
  std::vector<float> values(static_cast<std::size_t>(to.h) * to.w * k.taps() * ins, 0.0F);
  auto at = values.begin();
  for (int y = 0; y < to.h; ++y)
    for (int x = 0; x < to.w; ++x)
      for (int tap = 0; tap < k.taps(); ++tap, at += ins) {
        const int iy = y * k.sh - k.pad_top + tap / k.kw * k.dh, ix = x * k.sw - k.pad_left + tap % k.kw * k.dw;
        if (iy < 0 || ix < 0 || iy >= from.h || ix >= from.w) continue;
        std::copy_n(in + (static_cast<std::size_t>(iy) * from.w + ix) * from.c + std::size_t{1} * group * ins, ins, at);
      }
  return values;
}

void FloatConvolution::run(const float* in, float* out, std::vector<float>& scratch) const {
  for (int g = 0; g < layer_.groups; ++g) run_group(direct_ ? in : patches(in, g).data(), g, out, scratch);
}

void FloatConvolution::run_group(const float* in, int group, float* out, std::vector<float>& scratch) const {
  const int channels = layer_.out.c / layer_.groups, first = group * channels;
  groups_[static_cast<std::size_t>(group)].run(
      in, scratch, best_table(), [&](std::size_t pixel, int channel, const float* sums) {
        const int count = std::min(lanes, channels - channel);
        float* to = out + pixel * layer_.out.c + first + channel;
        for (int i = 0; i < count; ++i) {
          const float v = sums[i] + static_cast<float>(bias_[static_cast<std::size_t>(first + channel + i)]);
          to[i] = layer_.relu ? std::max(v, 0.0F) : v;
        }
      });
}

}  // namespace tessera::evaluation
