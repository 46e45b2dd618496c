// Does the reference compute the network? Judged by a second implementation that goes the other way round: it scatters
// every input to the outputs it contributes to, one product at a time.
#include "sim/reference/reference.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/network/network_file.h"
#include "sim/sparsity/mask_spec.h"

using namespace tessera;
using namespace tessera::network;
using namespace tessera::reference;
using namespace tessera::sparsity;
using nlohmann::json;

namespace {

// v / 2^shift, halves up, by exact floating point.
int scaled(std::int64_t v, int shift) {
  const double q = std::floor(static_cast<double>(v) / std::exp2(shift) + 0.5);
  return static_cast<int>(std::min(127.0, std::max(-128.0, q)));
}

std::vector<int> scatter(const Layer& layer, const Tensor& in, const WeightTensor& w) {
  const Window& k = layer.window;
  const bool conv = layer.op == Op::conv2d, max = layer.op == Op::maxpool;
  std::vector<std::int64_t> sums(static_cast<std::size_t>(layer.out.elements()), max ? -1000 : 0);
  const auto out_at = [&](int y, int x, int c) -> std::int64_t& {
    return sums[(static_cast<std::size_t>(y) * layer.out.w + x) * layer.out.c + c];
  };
  for (int iy = 0; iy < in.shape.h; ++iy)
    for (int ix = 0; ix < in.shape.w; ++ix)
      for (int ic = 0; ic < in.shape.c; ++ic)
        for (int ky = 0; ky < k.kh; ++ky)
          for (int kx = 0; kx < k.kw; ++kx) {
            const int y = iy + k.pad_top - ky, x = ix + k.pad_left - kx;
            if (y % k.sh != 0 || x % k.sw != 0 || y < 0 || x < 0) continue;
            if (y / k.sh >= layer.out.h || x / k.sw >= layer.out.w) continue;
            const int v = in.values[(static_cast<std::size_t>(iy) * in.shape.w + ix) * in.shape.c + ic];
            if (!conv) {
              std::int64_t& out = out_at(y / k.sh, x / k.sw, ic);
              out = max ? std::max<std::int64_t>(out, v) : out + v;
              continue;
            }
            for (int oc = 0; oc < layer.out.c; ++oc)
              out_at(y / k.sh, x / k.sw, oc) +=
                  v * w.values[((static_cast<std::size_t>(oc) * k.kh + ky) * k.kw + kx) * layer.in.c + ic];
          }
  std::vector<int> out;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const int count = k.kh * k.kw;
    int v = static_cast<int>(sums[i]);
    if (conv) v = scaled(sums[i] + w.bias[i % layer.out.c], layer.shift);
    if (layer.op == Op::avgpool) v = scaled(sums[i] * std::lround(65536.0 / count), 16);
    out.push_back(layer.relu ? std::max(v, 0) : v);
  }
  return out;
}

std::vector<int> as_ints(const Tensor& t) { return {t.values.begin(), t.values.end()}; }

// A network of one random conv2d or pool that is legal.
Network random_network(Random& random) {
  const auto pick = [&](int low, int high) { return low + static_cast<int>(random.below(high - low + 1)); };
  const int kh = pick(1, 5), kw = pick(1, 5), kind = pick(0, 3);
  json layer = {{"name", "l"},
                {"kernel", {kh, kw}},
                {"stride", {pick(1, 3), pick(1, 3)}},
                {"padding", {pick(0, kh - 1), pick(0, kw - 1), pick(0, kh - 1), pick(0, kw - 1)}}};
  layer["op"] = kind == 0 ? "maxpool" : kind == 1 ? "avgpool" : "conv2d";
  if (kind > 1) {
    layer["channels"] = pick(1, 19);
    layer["relu"] = pick(0, 1) == 1;
  }
  const json net = {{"name", "n"}, {"input", {pick(5, 12), pick(5, 12), pick(1, 19)}}, {"layers", {layer}}};
  return *parse_network(net, "random");
}

}  // namespace

TEST_CASE("Convolutions and pools equal a second implementation on random shapes") {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    const Network n = random_network(random);
    MaskSpec spec;
    spec.ratio = random.uniform() * 0.9;
    spec.first_dense = round % 2 == 0;
    const NetworkData data = make_data(n, *make_masks(n, spec), random.next());
    const Layer& layer = n.layers[1];
    CAPTURE(round, op_name(layer.op), layer.in.c, layer.window.kh, layer.window.kw);
    REQUIRE(as_ints(run_reference(n, data)[1]) == scatter(layer, data.input, data.weights[1]));
  }
}

TEST_CASE("The second implementation refuses one wrong weight, one wrong bias, one wrong pixel") {
  const Network n = *parse_network(json::parse(R"({"name":"n","input":[6,6,9],"layers":[
    {"name":"l","op":"conv2d","channels":10,"kernel":3,"padding":1,"shift":3}]})"),
                                   "n");
  const NetworkData data = make_data(n, {std::nullopt, std::nullopt}, 1);
  const std::vector<int> right = as_ints(run_reference(n, data)[1]);
  NetworkData wrong = data;
  wrong.weights[1].values[400] ^= 64;
  CHECK(as_ints(run_reference(n, wrong)[1]) != right);
  wrong = data;
  wrong.weights[1].bias[3] += 8;
  CHECK(as_ints(run_reference(n, wrong)[1]) != right);
  wrong = data;
  wrong.input.values[17] ^= 64;
  CHECK(as_ints(run_reference(n, wrong)[1]) != right);
}

TEST_CASE("A layer of each kind by hand") {
  const Network n = *parse_network(json::parse(R"({"name":"n","input":[1,2,8],"layers":[
    {"name":"a","op":"conv2d","channels":8,"shift":1},
    {"name":"sum","op":"add","inputs":["a","input"],"relu":true},
    {"name":"cat","op":"concat","inputs":["sum","a"]},
    {"name":"max","op":"maxpool","kernel":[1,2]},
    {"name":"avg","op":"avgpool","inputs":"cat","kernel":[1,2],"padding":[0,1],"stride":[1,1]}]})"),
                                   "n");
  NetworkData data = make_data(n, std::vector<std::optional<BlockMask>>(n.layers.size()), 1);
  data.weights[1].values.assign(64, 0);
  data.weights[1].bias.assign(8, 0);
  for (int c = 0; c < 8; ++c) data.weights[1].values[c * 8 + c] = 3;  // a = 1.5 x input
  data.weights[1].bias[1] = 1;
  data.input.values = {1, 2, 3, -3, 100, -100, 50, 0, 4, 5, -128, 127, 0, 0, 0, 1};
  const std::vector<Tensor> t = run_reference(n, data);
  CHECK(as_ints(t[1]) == std::vector<int>{2, 4, 5, -4, 127, -128, 75, 0, 6, 8, -128, 127, 0, 0, 0, 2});
  CHECK(as_ints(t[2]) == std::vector<int>{3, 6, 8, 0, 127, 0, 125, 0, 10, 13, 0, 127, 0, 0, 0, 3});
  CHECK(as_ints(t[3]) == std::vector<int>{3,  6,  8, 0,   127, 0, 125, 0, 2, 4, 5,    -4,  127, -128, 75, 0,
                                          10, 13, 0, 127, 0,   0, 0,   3, 6, 8, -128, 127, 0,   0,    0,  2});
  CHECK(as_ints(t[4]) == std::vector<int>{10, 13, 8, 127, 127, 0, 125, 3, 6, 8, 5, 127, 127, 0, 75, 2});
  // the padding counts: 3 / 2 -> 2, (3 + 10) / 2 -> 7, 10 / 2
  CHECK(t[5].values[0] == 2);
  CHECK(t[5].values[16] == 7);
  CHECK(t[5].values[32] == 5);
}

TEST_CASE("Fully connected after a map is a convolution over the whole map") {
  const Network n = *parse_network(json::parse(R"({"name":"n","input":[3,4,8],"layers":[
    {"name":"fc","op":"gemm","channels":5,"shift":9}]})"),
                                   "n");
  const NetworkData data = make_data(n, {std::nullopt, std::nullopt}, 5);
  const Tensor out = run_reference(n, data)[1];
  for (int oc = 0; oc < 5; ++oc) {
    std::int64_t sum = data.weights[1].bias[oc];
    for (int i = 0; i < 96; ++i) sum += data.input.values[i] * data.weights[1].values[oc * 96 + i];
    CHECK(out.values[oc] == scaled(sum, 9));
  }
}

TEST_CASE("Layer normalization adds epsilon, in squared steps, to the variance") {
  // Two channels of 2 and -2: the variance is 4. With 12 more the deviation is 4 and the result half of itself, in
  // steps of 2^-10; times a factor of 64, shifted right by 10.
  for (const auto& [epsilon, want] : {std::pair{0.0, 64}, {12.0, 32}, {1e30, 0}}) {
    CAPTURE(epsilon);
    const auto network =
        parse_network({{"name", "n"},
                       {"input", {1, 1, 2}},
                       {"layers", {{{"name", "y"}, {"op", "layernorm"}, {"shift", 10}, {"epsilon", epsilon}}}}},
                      "n.json");
    REQUIRE(network);
    NetworkData data;
    data.input = {{1, 1, 2}, {2, -2}};
    data.weights.resize(2);
    data.weights[1].values = {64, 64};
    data.weights[1].bias = {0, 0};
    data.constants.resize(2);
    const std::vector<Tensor> tensors = run_reference(*network, data);
    CHECK(tensors[1].values ==
          std::vector<std::int8_t>{static_cast<std::int8_t>(want), static_cast<std::int8_t>(-want)});
  }
}
