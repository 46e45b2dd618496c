// Maps of one row stand as columns: networks over sequences are the same layers however a file spells their sides.
#include <functional>

#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

std::vector<std::string> ops_of(const Imported& imported) {
  std::vector<std::string> ops;
  for (const network::Layer& layer : imported.network.layers)
    if (ops::is_computed(layer)) ops.emplace_back(ops::op_name(layer.op));
  return ops;
}

bool is_upright(const Imported& imported) {
  return std::all_of(imported.network.layers.begin(), imported.network.layers.end(),
                     [](const network::Layer& layer) { return layer.out.w == 1; });
}

// Convolutions over 40 pixels as 1 x C x 40 x 1, 1 x C x 1 x 40 or 1 x C x 40; the weights are the same.
Net convolutions(const Sides& input, const std::function<Sides(std::int64_t)>& window) {
  Net net(input);
  const auto conv = [&](const std::string& from, const std::string& to, std::int64_t in, std::int64_t out) {
    const Sides taps = window(5);
    Sides sides{out, in};
    sides.insert(sides.end(), taps.begin(), taps.end());
    net.random(to + "_w", sides).line("Conv", {from, to + "_w"}, to);
    net.with("auto_pad", std::string("SAME_UPPER")).with("strides", window(2));
  };
  conv("x", "a", 8, 16);
  net.line("Relu", {"a"}, "b");
  conv("b", "c", 16, 8);
  net.line("MaxPool", {"c"}, "y").with("kernel_shape", window(2)).output("y");
  return net;
}

}  // namespace

TEST_CASE("Rows, columns and sequences are the same layers") {
  const Net column = convolutions({1, 8, 40, 1}, [](std::int64_t k) { return Sides{k, 1}; });
  const Net row = convolutions({1, 8, 1, 40}, [](std::int64_t k) { return Sides{1, k}; });
  const Net sequence = convolutions({1, 8, 40}, [](std::int64_t k) { return Sides{k}; });
  const Imported want = imported_of(column);
  REQUIRE(is_upright(want));
  for (const Net& net : {row, sequence}) {
    CHECK(layers_error(net) < int8_error);
    CHECK(ops_of(imported_of(net)) == ops_of(want));
    CHECK(is_upright(imported_of(net)));
  }
}

TEST_CASE("A sequence whose channels stand last, as a map of one row between transpositions") {
  Net net({1, 40, 8});
  net.random("w", {16, 8, 1, 3}).integers("second", {2}).random("bias", {16});
  net.line("Transpose", {"x"}, "a").with("perm", Sides{0, 2, 1}).line("Unsqueeze", {"a", "second"}, "b");
  net.line("Conv", {"b", "w", "bias"}, "c").with("pads", Sides{0, 1, 0, 1}).line("Squeeze", {"c", "second"}, "d");
  net.line("Transpose", {"d"}, "e").with("perm", Sides{0, 2, 1}).line("Relu", {"e"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(ops_of(imported_of(net)) == std::vector<std::string>{"conv2d"});
}

TEST_CASE("What computes between convolutions leaves a row where it stands") {
  Net net({1, 8, 1, 24});
  net.random("w", {8, 8, 1, 3}).random("v", {8, 4, 1, 4}).random("u", {8, 24, 1, 3});
  net.floats("mean", {1, 8, 1, 1}, std::vector<float>(8, 0.1F)).integers("around", {0, 0, 0, 2, 0, 0, 0, 2});
  net.floats("twice", {4}, {1, 1, 1, 2}).random("ones", {8}).floats("zeros", {8}, std::vector<float>(8, 0));
  net.floats("variance", {8}, std::vector<float>(8, 1));
  net.line("Sub", {"x", "mean"}, "centred");  // the image keeps its place in front of the first convolution
  net.line("Pad", {"centred", "around"}, "wide").with("mode", std::string("reflect"));
  net.line("Conv", {"wide", "w"}, "a");  // 26
  net.line("BatchNormalization", {"a", "ones", "zeros", "zeros", "variance"}, "n").line("Sigmoid", {"n"}, "s");
  net.line("Mul", {"n", "s"}, "g").line("Add", {"g", "a"}, "sum");
  net.line("ConvTranspose", {"sum", "v"}, "up")
      .with("group", 2)
      .with("strides", Sides{1, 2})
      .with("pads", Sides{0, 1, 0, 1});
  net.line("Resize", {"sum", "", "twice"}, "nearest").line("Concat", {"up", "nearest", "up"}, "all").with("axis", 1);
  net.line("Conv", {"all", "u"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  const Imported imported = imported_of(net);
  CHECK(is_upright(imported));
  const std::vector<std::string> ops = ops_of(imported);
  CHECK(std::count(ops.begin(), ops.end(), "pick") == 0);
}

TEST_CASE("A sequence that is normalized or pooled first is one") {
  const auto reads = [](const std::string& op) {
    Net net({1, 12, 8});
    net.random("s", {12}).random("b", {12}).random("m", {12}).floats("v", {12}, std::vector<float>(12, 1));
    if (op == "BatchNormalization")
      net.line(op, {"x", "s", "b", "m", "v"}, "n").random("w", {8, 12, 3}).line("Conv", {"n", "w"}, "y");
    else
      net.line(op, {"x"}, "n").line("Relu", {"n"}, "y");
    net.output("y");
    CHECK(layers_error(net) < int8_error);
    CHECK(imported_of(net).network.layers[0].out == network::Shape{8, 1, 12});
  };
  for (const char* op : {"BatchNormalization", "GlobalAveragePool", "GlobalMaxPool"}) reads(op);
}

TEST_CASE("Parts without elements are left out, and no layer makes one") {
  Net rolled({1, 12, 1});  // along a side of 1
  rolled.integers("zero", {0}).integers("last", {-1}).integers("end", {1 << 30}).integers("axis", {2});
  rolled.line("Slice", {"x", "last", "end", "axis"}, "a").line("Slice", {"x", "zero", "last", "axis"}, "b");
  rolled.line("Concat", {"a", "b"}, "c").with("axis", 2).line("Tanh", {"c"}, "y").output("y");
  CHECK(layers_error(rolled) < int8_error);
  Net nothing({1, 12, 4});
  nothing.integers("zero", {0}).integers("axis", {2}).line("Slice", {"x", "zero", "zero", "axis"}, "a");
  nothing.line("Tanh", {"a"}, "y").output("y");
  CHECK_THAT(refusal(nothing), Catch::Contains("node 'a' (Slice): makes 1x12x0, without an element"));
}

TEST_CASE("A volume that a pool reads is no row") {
  Net net({1, 3, 8, 16, 16});
  net.line("MaxPool", {"x"}, "y").with("kernel_shape", Sides{1, 2, 2}).with("strides", Sides{1, 2, 2}).output("y");
  CHECK_THAT(refusal(net), Catch::Contains("(MaxPool): reads 1x3x8x16x16; 1 x channels x height x width"));
}

TEST_CASE("A map of one row whose windows have rows of padding") {
  Net net({1, 4, 1, 12});
  net.random("w", {8, 4, 3, 3}).line("Conv", {"x", "w"}, "y").with("pads", Sides{1, 1, 1, 1}).output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(is_upright(imported_of(net)));
  Net taller({1, 4, 1, 12});  // makes two rows of one
  taller.random("w", {8, 4, 2, 3}).line("Conv", {"x", "w"}, "y").with("pads", Sides{1, 1, 1, 1}).output("y");
  CHECK(layers_error(taller) < int8_error);
}
