// Is the fast int8 arithmetic that of the reference, bit for bit, with every set of instructions? Is the float one a
// convolution?
#include "sim/reference/convolution.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/evaluation/float_convolution.h"
#include "sim/evaluation/integer_convolution.h"
#include "sim/network/network_file.h"
#include "sim/sparsity/mask_spec.h"

using namespace tessera;
using namespace tessera::evaluation;
using nlohmann::json;

namespace {

network::Network random_layer(Random& random) {
  const auto pick = [&](int low, int high) { return low + static_cast<int>(random.below(high - low + 1)); };
  const int kh = pick(1, 5), kw = pick(1, 5);
  json layer = {{"name", "l"},
                {"op", "conv2d"},
                {"channels", pick(1, 70)},
                {"kernel", {kh, kw}},
                {"stride", {pick(1, 3), pick(1, 3)}},
                {"padding", {pick(0, kh - 1), pick(0, kw - 1), pick(0, kh - 1), pick(0, kw - 1)}},
                {"relu", pick(0, 1) == 1}};
  const json file = {{"name", "n"}, {"input", {pick(5, 19), pick(5, 19), pick(1, 41)}}, {"layers", {layer}}};
  const network::Network plain = *network::parse_network(file, "random");
  json scaled = file;
  const int kind = pick(0, 2);
  if (kind > 0) {
    scaled["layers"][0]["shift"] = plain.layers[1].shift + 30;
    scaled["layers"][0]["multiplier"] = kind == 1 ? json(pick(1 << 29, 1 << 30)) : json("channel");
  }
  return *network::parse_network(scaled, "random");
}

std::vector<Instructions> instruction_sets() {
  std::vector<Instructions> sets{Instructions::plain};
  if (best_instructions() != Instructions::plain) sets.push_back(Instructions::avx2);
  if (best_instructions() == Instructions::avx512) sets.push_back(Instructions::avx512);
  return sets;
}

}  // namespace

TEST_CASE("1,000 random layers: the fast convolution is the reference, bit for bit") {
  Random random(23);
  std::vector<std::int16_t> scratch;
  int saturated = 0;
  for (int round = 0; round < 1000; ++round) {
    const network::Network n = random_layer(random);
    const network::Layer& layer = n.layers[1];
    sparsity::MaskSpec spec;
    spec.ratio = random.uniform() * 0.9;
    spec.first_dense = round % 2 == 0;
    reference::NetworkData data = reference::make_data(n, *make_masks(n, spec), random.next());
    if (round % 5 == 0) {  // the widest values there are
      for (std::int8_t& v : data.input.values) v = v < 0 ? -128 : 127;
      for (std::int8_t& v : data.weights[1].values) v = v < 0 ? -128 : 127;
    }
    const reference::Tensor right = reference::reference_convolution(layer, data.input, data.weights[1]);
    for (const std::int8_t v : right.values) saturated += v == 127 ? 1 : 0;
    for (const Instructions set : instruction_sets()) {
      CAPTURE(round, static_cast<int>(set), layer.in.c, layer.out.c, layer.window.kh, layer.window.kw);
      std::vector<std::int8_t> out(right.values.size());
      IntegerConvolution(layer, data.weights[1], set).run(data.input.values.data(), out.data(), scratch);
      REQUIRE(out == right.values);
    }
    data.weights[1].bias[0] += 1 << 30;
    std::vector<std::int8_t> wrong(right.values.size());
    IntegerConvolution(layer, data.weights[1]).run(data.input.values.data(), wrong.data(), scratch);
    REQUIRE(wrong != right.values);
  }
  CHECK(saturated > 0);
}

TEST_CASE("The float convolution sums products of the window") {
  Random random(29);
  std::vector<float> scratch;
  for (int round = 0; round < 50; ++round) {
    const network::Network n = random_layer(random);
    const network::Layer& layer = n.layers[1];
    const network::Window& k = layer.window;
    std::vector<double> weights(static_cast<std::size_t>(layer.weight_count())), bias(layer.out.c);
    for (double& w : weights) w = random.uniform() - 0.5;
    for (double& b : bias) b = random.uniform() - 0.5;
    const import::Dims shape{layer.out.c, k.kh, k.kw, layer.in.c};
    const import::LayerWeights given{make_tensor(import::DataType::f32, shape, weights), shape,
                                     import::strides_of(shape), 1.0, bias};
    std::vector<float> in(static_cast<std::size_t>(layer.in.elements())), out(layer.out.elements());
    for (float& v : in) v = static_cast<float>(random.uniform() - 0.5);
    FloatConvolution(layer, given).run(in.data(), out.data(), scratch);
    for (std::size_t at = 0; at < out.size(); at += 7) {
      const int oc = static_cast<int>(at % layer.out.c), x = static_cast<int>(at / layer.out.c % layer.out.w),
                y = static_cast<int>(at / layer.out.c / layer.out.w);
      double sum = bias[oc];
      for (int ky = 0; ky < k.kh; ++ky)
        for (int kx = 0; kx < k.kw; ++kx)
          for (int ic = 0; ic < layer.in.c; ++ic) {
            const int iy = y * k.sh + ky - k.pad_top, ix = x * k.sw + kx - k.pad_left;
            if (iy < 0 || ix < 0 || iy >= layer.in.h || ix >= layer.in.w) continue;
            sum += in[(static_cast<std::size_t>(iy) * layer.in.w + ix) * layer.in.c + ic] *
                   weights[((static_cast<std::size_t>(oc) * k.kh + ky) * k.kw + kx) * layer.in.c + ic];
          }
      REQUIRE(out[at] == Approx(layer.relu ? std::max(sum, 0.0) : sum).margin(1e-4));
    }
  }
}
