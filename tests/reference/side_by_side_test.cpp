// Is a convolution whose input columns stand side by side the same convolution?
#include "sim/network/side_by_side.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/network/network_file.h"
#include "sim/reference/reference.h"
#include "sim/reference/side_by_side.h"

using namespace tessera;
using network::Network;

namespace {

Network read(const std::string& input, const std::string& layers) {
  const auto json =
      nlohmann::json::parse(fmt::format(R"({{"name": "n", "input": [{}], "layers": [{}]}})", input, layers));
  auto network = network::parse_network(json, "n");
  if (!network) FAIL(describe(network.failure()));
  return std::move(*network);
}

}  // namespace

TEST_CASE("Columns side by side change neither results nor multiply-accumulates") {
  Random random(11);
  const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  int changed = 0;
  for (int i = 0; i < 300; ++i) {
    const int kernel = 1 + pick(9), stride = 1 + pick(6), pad = pick(kernel), c = 1 + pick(5);
    const int h = kernel + pick(12), w = kernel + pick(30);
    const Network given =
        read(fmt::format("{}, {}, {}", h, w, c),
             fmt::format(R"({{"name": "a", "op": "conv2d", "channels": 8, "kernel": {}, "stride": [1, {}],
                                               "padding": {}}})",
                         kernel, stride, pad));
    const Network other = side_by_side(given);
    const network::Layer &a = given.layers[1], &b = other.layers[1];
    changed += b.columns.joined > 1 ? 1 : 0;
    CAPTURE(h, w, c, kernel, stride, pad, b.columns.joined);
    REQUIRE(b.macs() == a.macs());
    REQUIRE(b.out == a.out);
    REQUIRE(b.window.kw * network::stored_channels(b.in.c) <= a.window.kw * network::stored_channels(a.in.c));
    const reference::NetworkData data = reference::make_data(given, {std::nullopt, std::nullopt}, 3);
    const auto want = run_reference(given, data), have = run_reference(other, side_by_side(data, given, other));
    REQUIRE(have[1].values == want[1].values);
  }
  CHECK(changed > 80);
}

TEST_CASE("The first convolutions of known networks") {
  const auto conv = [](const std::string& input, int kernel, int stride, int pad) {
    return side_by_side(
               read(input, fmt::format(R"({{"name": "a", "op": "conv2d", "channels": 64, "kernel": {}, "stride": {},
                                              "padding": {}}})",
                                       kernel, stride, pad)))
        .layers[1];
  };
  const network::Layer resnet = conv("224, 224, 3", 7, 2, 3), patches = conv("224, 224, 3", 16, 16, 0),
                       inception = conv("299, 299, 3", 3, 2, 0), vgg = conv("224, 224, 3", 3, 1, 1);
  CHECK(resnet.in == network::Shape{224, 112, 6});
  CHECK(resnet.window == network::Window{7, 4, 2, 1, 3, 2, 3, 1});
  CHECK(patches.in == network::Shape{224, 14, 48});
  CHECK(patches.window == network::Window{16, 1, 16, 1});
  CHECK(inception.in == network::Shape{299, 150, 6});
  CHECK(vgg.columns.joined == 1);
}

TEST_CASE("What else reads the input keeps columns apart") {
  const std::string a = R"({"name": "a", "op": "conv2d", "channels": 8, "kernel": 4, "stride": 4})";
  const std::string b =
      R"(, {"name": "b", "op": "conv2d", "inputs": "input", "channels": 8, "kernel": 3, "padding": 1})";
  CHECK(side_by_side(read("16, 16, 3", a)).layers[1].columns.joined == 4);
  CHECK(side_by_side(read("16, 16, 3", a + b)).layers[1].columns.joined == 1);
  CHECK(side_by_side(read("16, 16, 8", a)).layers[1].columns.joined == 1);
}
