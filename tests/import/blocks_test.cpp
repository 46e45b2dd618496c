// Do the building blocks of architectures compute what their files say? Each as exporters write it, with random
// weights.
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

TEST_CASE("ConvNeXt: a depthwise filter, normalized channels and two products") {
  Net net({1, 16, 8, 8});
  net.random("dw", {16, 1, 7, 7}).line("Conv", {"x", "dw"}, "c").with("pads", Sides{3, 3, 3, 3}).with("group", 16);
  turn(net, "c", "t", {0, 2, 3, 1});
  normalize(net, "t", "n", -1);
  linear(net, "n", "up", 16, 32).line("Gelu", {"up"}, "g");
  linear(net, "g", "down", 32, 16).random("scale", {16}).line("Mul", {"down", "scale"}, "s");
  turn(net, "s", "b", {0, 3, 1, 2}).line("Add", {"x", "b"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(count(imported_of(net), network::Op::layernorm) == 1);

  Net first({1, 16, 6, 6});  // the same norm over the second dimension
  normalize(first.conv("x", "c", 16, 16), "c", "n", 1).random("s", {16, 1, 1}).random("b", {16, 1, 1});
  first.line("Mul", {"n", "s"}, "m").line("Add", {"m", "b"}, "y").output("y");
  CHECK(layers_error(first) < int8_error);
  CHECK(count(imported_of(first), network::Op::layernorm) == 1);
}

TEST_CASE("Swin: windows of a map that is rolled, and rolled back") {
  Net net({1, 8, 8, 16});
  const auto roll = [&](const std::string& from, const std::string& to, std::int64_t by) {
    cut(net, from, to + "a", 1, by, 100), cut(net, from, to + "b", 1, 0, by);
    join(net, {to + "a", to + "b"}, to + "h", 1);
    cut(net, to + "h", to + "c", 2, by, 100), cut(net, to + "h", to + "d", 2, 0, by);
    join(net, {to + "c", to + "d"}, to, 2);
  };
  roll("x", "r", 2);
  reshape(net, "r", "six", {1, 2, 4, 2, 4, 16});
  turn(net, "six", "windows", {0, 1, 3, 2, 4, 5});
  reshape(net, "windows", "rows", {4, 16, 16});
  linear(net, "rows", "qk", 16, 32);
  cut(net, "qk", "q", 2, 0, 16), cut(net, "qk", "k", 2, 16, 32);
  turn(net, "k", "kt", {0, 2, 1}).line("MatMul", {"q", "kt"}, "scores");
  net.line("Softmax", {"scores"}, "shares").with("axis", -1);
  net.line("MatMul", {"shares", "rows"}, "mixed");
  reshape(net, "mixed", "back", {1, 2, 2, 4, 4, 16});
  turn(net, "back", "map", {0, 1, 3, 2, 4, 5});
  reshape(net, "map", "whole", {1, 8, 8, 16});
  roll("whole", "o", 6);
  net.line("Add", {"o", "x"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
}

TEST_CASE("YOLO: maps one behind the other, distances as shares of bins, boxes") {
  Net net({1, 8, 8, 8});
  net.conv("x", "a", 8, 36).random("w", {36, 8, 3, 3}).line("Conv", {"x", "w"}, "b").with("strides", Sides{2, 2});
  reshape(net, "a", "fa", {1, 36, 64}), reshape(net, "b", "fb", {1, 36, 9});
  join(net, {"fa", "fb"}, "all", 2).integers("parts", {32, 4});
  net.node("Split", {"all", "parts"}, {"box", "cls"}).with("axis", 1);
  reshape(net, "box", "bins", {1, 4, 8, 73});
  turn(net, "bins", "turned", {0, 2, 1, 3}).line("Softmax", {"turned"}, "shares").with("axis", 1);
  net.floats("dfl", {1, 8, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7}).line("Conv", {"shares", "dfl"}, "mean");
  reshape(net, "mean", "sides", {1, 4, 73});
  cut(net, "sides", "lt", 1, 0, 2), cut(net, "sides", "rb", 1, 2, 4);
  net.random("anchors", {1, 2, 73}).line("Sub", {"anchors", "lt"}, "p").line("Add", {"anchors", "rb"}, "q");
  net.line("Add", {"p", "q"}, "sum").number("half", 2).line("Div", {"sum", "half"}, "c").line("Sub", {"q", "p"}, "wh");
  join(net, {"c", "wh"}, "xywh", 1).random("strides", {1, 73}).line("Mul", {"xywh", "strides"}, "scaled");
  net.line("Sigmoid", {"cls"}, "s");
  join(net, {"scaled", "s"}, "y", 1).output("y");
  CHECK(layers_error(net) < int8_error);

  Net five({1, 8, 4, 4});  // three anchors of seven numbers
  five.conv("x", "c", 8, 21);
  reshape(five, "c", "v", {1, 3, 7, 4, 4});
  turn(five, "v", "t", {0, 1, 3, 4, 2}).line("Sigmoid", {"t"}, "s").integers("parts", {2, 2, 3});
  five.node("Split", {"s", "parts"}, {"xy", "wh", "conf"}).with("axis", 4);
  five.number("two", 2)
      .random("grid", {1, 3, 4, 4, 2})
      .line("Mul", {"xy", "two"}, "m")
      .line("Add", {"m", "grid"}, "at");
  five.line("Pow", {"wh", "two"}, "size");
  join(five, {"at", "size", "conf"}, "j", 4);
  reshape(five, "j", "y", {1, 48, 7}).output("y");
  CHECK(layers_error(five) < int8_error);
}

TEST_CASE("Llama: root mean square norms, rotated halves of heads, shared keys, gates") {
  for (const std::int64_t kv : {4, 2}) {
    CAPTURE(kv);
    Net net({1, 6, 32});
    net.number("2", 2).number("eps", 1e-6F).number("one", 1).random("scale", {32});
    net.line("Pow", {"x", "2"}, "sq").line("ReduceMean", {"sq"}, "ms").with("axes", Sides{-1});
    net.line("Add", {"ms", "eps"}, "me").line("Sqrt", {"me"}, "root").line("Div", {"one", "root"}, "inv");
    net.line("Mul", {"x", "inv"}, "xn")
        .line("Mul", {"scale", "xn"}, "n")
        .random("cos", {1, 1, 6, 8})
        .random("sin", {1, 1, 6, 8});
    for (const auto& [name, heads] : {std::pair{"q", std::int64_t{4}}, {"k", kv}, {"v", kv}}) {
      const std::string s = name;
      linear(net, "n", s + "p", 32, 8 * heads);
      reshape(net, s + "p", s + "r", {1, 6, heads, 8});
      turn(net, s + "r", s + "t", {0, 2, 1, 3});
      if (s == "v") continue;
      cut(net, s + "t", s + "1", 3, 0, 4), cut(net, s + "t", s + "2", 3, 4, 8);
      net.line("Neg", {s + "2"}, s + "n");
      join(net, {s + "n", s + "1"}, s + "h", 3)
          .line("Mul", {s + "t", "cos"}, s + "c")
          .line("Mul", {s + "h", "sin"}, s + "s");
      net.line("Add", {s + "c", s + "s"}, s + "o");
    }
    std::string k = "ko", v = "vt";
    if (kv != 4)
      for (std::string* name : {&k, &v}) {
        reshape(net, *name, *name + "5", {1, kv, 1, 6, 8}).integers(*name + "e", {1, kv, 4 / kv, 6, 8});
        net.line("Expand", {*name + "5", *name + "e"}, *name + "x");
        reshape(net, *name + "x", *name + "4", {1, 4, 6, 8});
        *name += "4";
      }
    turn(net, k, "keys", {0, 1, 3, 2}).line("MatMul", {"qo", "keys"}, "products");
    net.number("share", 0.05F).line("Mul", {"products", "share"}, "scores");
    std::vector<float> mask(36);
    for (std::size_t i = 0; i < 36; ++i) mask[i] = i % 6 > i / 6 ? -1e9F : 0;
    net.floats("mask", {1, 1, 6, 6}, mask).line("Add", {"scores", "mask"}, "masked");
    net.line("Softmax", {"masked"}, "shares").with("axis", -1).line("MatMul", {"shares", v}, "mixed");
    turn(net, "mixed", "mt", {0, 2, 1, 3});
    reshape(net, "mt", "rows", {1, 6, 32});
    linear(net, "rows", "up", 32, 16), linear(net, "rows", "gate", 32, 16);
    net.line("Sigmoid", {"gate"}, "sg")
        .line("Mul", {"gate", "sg"}, "silu")
        .line("Mul", {"silu", "up"}, "y")
        .output("y");
    CHECK(layers_error(net) < 2 * int8_error);  // products of products
    CHECK(count(imported_of(net), network::Op::layernorm) == 1);
  }
}

TEST_CASE("Convolutions and pools of one dimension, and of rows that come of a product") {
  Net net({1, 8, 20});
  net.random("w", {16, 8, 3})
      .line("Conv", {"x", "w"}, "c")
      .with("pads", Sides{1, 1})
      .with("strides", Sides{2})
      .line("Gelu", {"c"}, "g");
  net.line("MaxPool", {"g"}, "p").with("kernel_shape", Sides{2});
  turn(net, "p", "t", {0, 2, 1});
  linear(net, "t", "l", 16, 8);
  turn(net, "l", "b", {0, 2, 1}).random("d", {8, 1, 3}).line("Conv", {"b", "d"}, "y").with("group", 8).output("y");
  CHECK(layers_error(net) < int8_error);
}

TEST_CASE("Mixer: products over pixels") {
  Net net({1, 8, 4, 4});
  reshape(net, "x", "f", {1, 8, 16});
  turn(net, "f", "rows", {0, 2, 1});
  turn(net, "rows", "channels", {0, 2, 1});
  linear(net, "channels", "a", 16, 24).line("Gelu", {"a"}, "g");
  linear(net, "g", "b", 24, 16);
  turn(net, "b", "back", {0, 2, 1}).line("Add", {"rows", "back"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);

  Net left({1, 6, 8});  // weights in front
  left.random("w", {5, 6}).line("MatMul", {"w", "x"}, "y").output("y");
  CHECK(layers_error(left) < int8_error);
}

TEST_CASE("Pixels and channels change places in reshapes") {
  Net net({1, 4, 6, 6});  // a pixel unshuffle, and what MobileViT unfolds
  reshape(net, "x", "s", {1, 4, 3, 2, 3, 2});
  turn(net, "s", "t", {0, 1, 3, 5, 2, 4});
  reshape(net, "t", "u", {1, 16, 3, 3});
  net.conv("u", "y", 16, 8).output("y");
  CHECK(layers_error(net) < int8_error);
  Net space({1, 4, 6, 6});
  space.line("SpaceToDepth", {"x"}, "s").with("blocksize", 2).conv("s", "y", 16, 8).output("y");
  CHECK(layers_error(space) < int8_error);
  Net odd({1, 6, 4});  // dimensions that do not split evenly
  reshape(odd, "x", "r", {1, 8, 3});
  linear(odd, "r", "y", 3, 8).output("y");
  CHECK(layers_error(odd) < int8_error);
}

TEST_CASE("Dimensions that count channels and pixels are joined with others") {
  Net mixed({1, 4, 2, 6});  // the second dimension of the reshaped map counts both
  turn(mixed, "x", "t", {1, 0, 2, 3});
  reshape(mixed, "t", "m", {2, 4, 2, 3}).line("Relu", {"m"}, "r");
  join(mixed, {"m", "r"}, "j", 0);
  mixed.line("Relu", {"j"}, "y").output("y");
  CHECK(layers_error(mixed) < int8_error);
  Net pixels({1, 12, 8});  // rows of channels in front of what counts all as pixels
  pixels.random("s", {8}).line("Mul", {"x", "s"}, "a").line("Softmax", {"x"}, "b").with("axis", 0);
  join(pixels, {"a", "b"}, "j", 2);
  pixels.line("Relu", {"j"}, "y").output("y");
  CHECK(layers_error(pixels) < int8_error);
}

TEST_CASE("Numbers per channel where images of pixels stand in front") {
  Net net({1, 4, 2, 6});
  turn(net, "x", "t", {3, 1, 0, 2});
  net.random("s", {4, 1, 1}).line("Add", {"t", "s"}, "a");
  for (const char* name : {"g", "b", "m"}) net.random(name, {4});
  net.floats("v", {4}, {1, 2, 0.5F, 1}).line("BatchNormalization", {"a", "g", "b", "m", "v"}, "n");
  net.number("minus", -1).line("Mul", {"n", "minus"}, "q").line("Elu", {"q"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
}

TEST_CASE("What broadcasting would repeat by itself is not repeated before") {
  Net net({1, 16, 38, 38});  // over its norm, as PyTorch writes it: 16 x 38 x 38 pixels of one channel
  net.conv("x", "c", 16, 16).node("ReduceL2", {"c"}, {"n"}).with("axes", Sides{1}).with("keepdims", 1);
  net.number("least", 1e-6F).line("Clip", {"n", "least"}, "m").integers("shape", {1, 16, 38, 38});
  net.line("Expand", {"m", "shape"}, "e").line("Div", {"c", "e"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  for (const network::Layer& layer : imported_of(net).network.layers) CHECK(layer.op != network::Op::pick);
  Net both({1, 8, 1, 1});  // the result is wider than the other input
  both.conv("x", "c", 8, 8).integers("shape", {1, 8, 4, 4}).line("Expand", {"c", "shape"}, "e");
  both.line("Add", {"e", "x"}, "y").output("y");
  CHECK(layers_error(both) < int8_error);
}

TEST_CASE("Many parts that fill no groups of channels are joined once") {
  Net net({1, 3, 4, 4});  // a positional encoding: parts of 3 channels, which sums would hold at 63 channels each
  std::vector<std::string> parts{"x"};
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    net.number("k" + n, static_cast<float>(1 + i)).line("Mul", {"x", "k" + n}, "m" + n);
    for (const char* op : {"Sin", "Cos"}) {
      net.line(op, {"m" + n}, op + n);
      parts.push_back(op + n);
    }
  }
  net.node("Concat", parts, {"c"}).with("axis", 1).conv("c", "y", 63, 8).output("y");
  CHECK(layers_error(net) < int8_error);
  for (const network::Layer& layer : imported_of(net).network.layers) {
    CHECK(layer.op != network::Op::add);
    if (layer.op == network::Op::select) CHECK((layer.out.c == 8 || layer.out.c == 63));
  }
}

TEST_CASE("Einsum, in the forms that attention has") {
  for (const char* equation : {"bid,bjd->bij", "bij,bjd->bid", "bid,bjd->bji"}) {
    CAPTURE(equation);
    const bool square = equation[2] == 'j';
    Net net({1, 6, square ? 6 : 8});
    net.tensor("z", {1, 6, 8}).line("Einsum", {"x", "z"}, "y").with("equation", equation).output("y");
    CHECK(layers_error(net) < int8_error);
  }
  Net heads({1, 6, 16});
  heads.random("w", {4, 8, 16}).line("Einsum", {"x", "w"}, "h").with("equation", "bte,hde->bthd");
  heads.line("Einsum", {"h", "h"}, "s")
      .with("equation", "bihd,bjhd->bhij")
      .line("Softmax", {"s"}, "p")
      .with("axis", -1);
  heads.line("Einsum", {"p", "h"}, "m").with("equation", "bhij,bjhd->bihd");
  reshape(heads, "m", "y", {1, 6, 32}).output("y");
  CHECK(layers_error(heads) < int8_error);
}

TEST_CASE("Masks that the host makes of integers, and several inputs") {
  ModelBuilder bert;
  bert.input("ids", {1, 6}, "", 7).input("mask", {1, 6}, "", 7).filled("words", {20, 16}).filled("w", {16, 16});
  bert.node("Gather", {"words", "ids"}, {"e"}).node("MatMul", {"e", "w"}, {"q"});
  bert.integers("axes", {1, 2}).node("Unsqueeze", {"mask", "axes"}, {"m4"}).node("Cast", {"m4"}, {"mf"}).with("to", 1);
  bert.floats("one", {}, {1}).floats("much", {}, {-1e4F}).node("Sub", {"one", "mf"}, {"open"});
  bert.node("Mul", {"open", "much"}, {"bias"}).integers("rows", {6, 16}).integers("zero", {0});
  bert.node("Transpose", {"q"}, {"qt"}).with("perm", Sides{0, 2, 1}).node("MatMul", {"q", "qt"}, {"s"});
  bert.integers("four", {1, 1, 6, 6}).node("Reshape", {"s", "four"}, {"s4"}).node("Add", {"s4", "bias"}, {"masked"});
  bert.node("Softmax", {"masked"}, {"y"}).with("axis", -1).output("y");
  const TemporaryFolder folder;
  const Expected<Imported> imported = import_onnx(bert.write(folder.path, "m.onnx"), {});
  if (!imported) FAIL(describe(imported.failure()));
  REQUIRE(imported->inputs.size() == 2);
  CHECK(imported->inputs[0].c == 16);
  CHECK(imported->inputs[1].shape() == Dims{1, 1, 1, 6});

  Net two({1, 8, 5, 5});
  two.tensor("z", {1, 1, 5, 5}).line("Mul", {"x", "z"}, "m").line("Sub", {"m", "z"}, "y").output("y");
  CHECK(layers_error(two) < int8_error);
}

TEST_CASE("Epsilon of a normalization counts where the variance is small") {
  for (const float epsilon : {1e-5F, 0.25F, 4.0F})
    for (const std::string op : {"LayerNormalization", "RMSNormalization", "written out"}) {
      CAPTURE(epsilon, op);
      Net net({1, 6, 16});
      linear(net, "x", "l", 16, 16);
      if (op == "written out") {
        normalize(net, "l", "y", -1, epsilon);
      } else {
        net.random("s", {16}).line(op, {"l", "s"}, "y");
        net.with("epsilon", epsilon);
      }
      net.output("y");
      const Imported imported = imported_of(net);
      REQUIRE(count(imported, network::Op::layernorm) == 1);
      CHECK(layers_error(net) < int8_error);
    }
}

TEST_CASE("A factor per channel behind a convolution or a product goes into its weights") {
  Net map;
  map.conv("x", "c", 8, 8).random("s", {1, 8, 1, 1}).line("Mul", {"s", "c"}, "y").output("y");
  CHECK(layers_error(map) < int8_error);
  CHECK(imported_of(map).network.layers.size() == 2);
  Net turned({1, 6, 5, 8});  // as ConvNeXt scales its branches
  linear(turned, "x", "l", 8, 16).random("b", {16}).line("Add", {"l", "b"}, "a");
  turn(turned, "a", "t", {0, 3, 1, 2}).random("s", {16, 1, 1}).line("Mul", {"t", "s"}, "y").output("y");
  CHECK(layers_error(turned) < int8_error);
  CHECK(count(imported_of(turned), network::Op::depthwise) == 0);  // which factors alone would be
  Net rows({1, 6, 8});
  linear(rows, "x", "l", 8, 16).random("s", {16}).line("Mul", {"l", "s"}, "m").random("b", {16});
  rows.line("Add", {"m", "b"}, "y").output("y");
  CHECK(layers_error(rows) < int8_error);
  CHECK(imported_of(rows).network.layers.size() == 2);
}

TEST_CASE("Normalizations over several dimensions, and indices of several") {
  for (const std::string op : {"LayerNormalization", "RMSNormalization"}) {
    CAPTURE(op);
    Net net;
    net.conv("x", "c", 8, 8).random("s", {8, 6, 6}).line(op, {"c", "s"}, "y").with("axis", 1).with("epsilon", 0.25F);
    net.output("y");
    CHECK(layers_error(net) < int8_error);
  }
  Net net({1, 5, 16});
  linear(net, "x", "l", 16, 16);
  onnx::TensorProto& places = net.constant("i", {2, 3}, 7);
  for (const int i : {0, 4, 2, 1, 1, 3}) places.add_int64_data(i);
  net.line("Gather", {"l", "i"}, "y").with("axis", 1).output("y");
  CHECK(layers_error(net) < int8_error);
}
