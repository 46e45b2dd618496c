#include "sim/reference/convolution.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "sim/base/arithmetic.h"

namespace tessera::reference {
namespace {

constexpr int group = 4;  // output channels summed side by side: each input value is read once for all

// The input with its zero padding around it, widened for 16-bit multiply-add.
struct PaddedInput {
  int w = 0, c = 0;
  std::vector<std::int16_t> values;
  const std::int16_t* at(int y, int x) const { return &values[(static_cast<std::size_t>(y) * w + x) * c]; }
};

PaddedInput pad(const network::Layer& layer, const Tensor& input) {
  const network::Window& k = layer.window;
  const network::Shape& s = input.shape;
  PaddedInput p;
  p.w = s.w + k.pad_left + k.pad_right;
  p.c = s.c;
  p.values.assign(static_cast<std::size_t>(s.h + k.pad_top + k.pad_bottom) * p.w * p.c, 0);
  const std::size_t row = static_cast<std::size_t>(s.w) * s.c;
  for (int y = 0; y < s.h; ++y)
    std::copy_n(&input.values[y * row], row,
                &p.values[(static_cast<std::size_t>(y + k.pad_top) * p.w + k.pad_left) * p.c]);
  return p;
}

// sums[i] += x . w[i], over n values; w holds `group` rows at distance `step`.
void multiply_add(const std::int16_t* x, const std::int16_t* w, std::size_t step, int n, std::int32_t* sums) {
  const std::int16_t *w0 = w, *w1 = w + step, *w2 = w + 2 * step, *w3 = w + 3 * step;
  std::int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (int i = 0; i < n; ++i) {
    s0 += x[i] * w0[i];
    s1 += x[i] * w1[i];
    s2 += x[i] * w2[i];
    s3 += x[i] * w3[i];
  }
  sums[0] += s0;
  sums[1] += s1;
  sums[2] += s2;
  sums[3] += s3;
}

// Output channels [oc, oc + group) of the whole map.
void compute_group(const network::Layer& layer, const PaddedInput& input, const sparsity::WeightTensor& weights, int oc,
                   Tensor& out) {
  const network::Window& k = layer.window;
  const int n = std::min(group, weights.cout - oc);
  const int run = k.kw * weights.cin;  // contiguous in the weights and in the padded input
  const std::size_t fan_in = static_cast<std::size_t>(k.kh) * run;
  std::vector<std::int16_t> w(group * fan_in, 0);
  std::copy_n(&weights.values[oc * fan_in], n * fan_in, w.begin());
  for (int y = 0; y < layer.out.h; ++y)
    for (int x = 0; x < layer.out.w; ++x) {
      std::int32_t sums[group] = {};
      for (int i = 0; i < n; ++i) sums[i] = weights.bias[oc + i];
      for (int ky = 0; ky < k.kh; ++ky)
        multiply_add(input.at(y * k.sh + ky, x * k.sw), &w[static_cast<std::size_t>(ky) * run], fan_in, run, sums);
      std::int8_t* pixel = &out.values[(static_cast<std::size_t>(y) * layer.out.w + x) * layer.out.c + oc];
      for (int i = 0; i < n; ++i) {
        const std::int8_t v = layer.scaling == network::Scaling::power ? requantize(sums[i], layer.shift)
                              : layer.scaling == network::Scaling::tensor
                                  ? requantize(sums[i], layer.multiplier[0], layer.shift)
                                  : requantize(sums[i], weights.multiplier[oc + i], layer.shift);
        pixel[i] = layer.relu ? std::max<std::int8_t>(v, 0) : v;
      }
    }
}

}  // namespace

Tensor reference_convolution(const network::Layer& layer, const Tensor& input, const sparsity::WeightTensor& weights) {
  const PaddedInput padded = pad(layer, input);
  Tensor out{layer.out, std::vector<std::int8_t>(static_cast<std::size_t>(layer.out.elements()))};
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int oc = next.fetch_add(group); oc < weights.cout; oc = next.fetch_add(group))
      compute_group(layer, padded, weights, oc, out);
  };
  // Each group writes its own channels, so the number of threads changes nothing but the time.
  std::vector<std::thread> helpers;
  const unsigned threads = layer.macs() < 1'000'000 ? 1 : std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& t : helpers) t.join();
  return out;
}

}  // namespace tessera::reference
