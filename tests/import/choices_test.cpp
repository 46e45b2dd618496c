// Comparisons and choices by what layers compute, elements put in place of others, running sums, and files whose images
// have a fixed batch.
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;
using Catch::Contains;

namespace {

Net& comparison(Net& net, const std::string& op, const std::string& to) {
  return net.conv("x", "a", 8, 8).conv("x", "b", 8, 8).line(op, {"a", "b"}, to);
}
Net& as_number(Net& net, const std::string& from, const std::string& to) {
  net.line("Cast", {from}, to).with("to", 1);
  return net;
}
}  // namespace

TEST_CASE("Logarithms of shares hold all classes, also those whose share is below a step of a softmax") {
  for (const int spread : {1, 12}) {
    CAPTURE(spread);
    Net net({1, 5, 40});
    net.number("spread", static_cast<float>(spread)).line("Mul", {"x", "spread"}, "s");
    net.node("LogSoftmax", {"s"}, {"y"}).with("axis", -1).output("y");
    CHECK(layers_error(net) < 0.05);
    Net map({1, 24, 3, 4});
    map.conv("x", "c", 24, 24).number("spread", static_cast<float>(spread)).line("Mul", {"c", "spread"}, "s");
    map.node("LogSoftmax", {"s"}, {"y"}).with("axis", 1).output("y");
    CHECK(layers_error(map) < 0.05);
  }
}

TEST_CASE("Where by a comparison of what layers compute") {
  for (const char* op : {"Greater", "GreaterOrEqual", "Less", "LessOrEqual"}) {
    CAPTURE(op);
    Net tensors;  // close to where both are equal the choice matters least
    comparison(tensors, op, "c").line("Where", {"c", "a", "b"}, "y").output("y");
    CHECK(layers_error(tensors) < int8_error);
    Net numbers;
    numbers.conv("x", "a", 8, 8).number("zero", 0).line(op, {"a", "zero"}, "c");
    numbers.number("slope", 0.25F).line("Mul", {"a", "slope"}, "s").line("Where", {"c", "a", "s"}, "y").output("y");
    CHECK(layers_error(numbers) < int8_error);
    Net filled;  // masked_fill
    filled.conv("x", "a", 8, 8).number("zero", 0).line(op, {"a", "zero"}, "c").line("Not", {"c"}, "n");
    filled.line("Where", {"n", "zero", "a"}, "y").output("y");
    CHECK(layers_error(filled) < int8_error);
  }
  Net softshrink;
  softshrink.conv("x", "a", 8, 8).number("t", 0.5F).number("zero", 0).number("low", -0.5F);
  softshrink.line("Greater", {"a", "t"}, "p")
      .line("Sub", {"a", "t"}, "above")
      .line("Where", {"p", "above", "zero"}, "u");
  softshrink.line("Less", {"a", "low"}, "q")
      .line("Add", {"a", "t"}, "below")
      .line("Where", {"q", "below", "zero"}, "v");
  softshrink.line("Add", {"u", "v"}, "y").output("y");
  CHECK(layers_error(softshrink) < int8_error);
}

TEST_CASE("Truth as a number, its logic, and equality of whole steps") {
  for (const char* op : {"And", "Or", "Xor"}) {
    CAPTURE(op);
    Net net;
    net.conv("x", "a", 8, 8).number("zero", 0);
    net.number("one", 1).line("Greater", {"a", "zero"}, "p").line("Less", {"a", "one"}, "q").line(op, {"p", "q"}, "r");
    as_number(net, "r", "n").conv("n", "y", 8, 8).output("y");
    CHECK(layers_error(net) < 0.3);  // what lies within a step of a limit counts whole
  }
  // Of a map: what a maximum of its neighbours leaves alone. Both are equal where it is itself.
  for (const char* op : {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}) {
    CAPTURE(op);
    Net peaks({1, 8, 12, 12});
    peaks.line("Relu", {"x"}, "h").line(op, {"h", "x"}, "c");
    as_number(peaks, "c", "n").line("Mul", {"n", "x"}, "y").output("y");
    CHECK(layers_error(peaks) < int8_error);
  }
}

TEST_CASE("A computed choice of a mask of scores is refused") {
  Net net;
  net.conv("x", "a", 8, 8).number("zero", 0).number("low", -1e9F).line("Less", {"a", "zero"}, "c");
  net.line("Where", {"c", "low", "a"}, "y").output("y");
  CHECK_THAT(refusal(net), Contains("(Where).condition: is what layers compute"));
}

TEST_CASE("Elements put in place of others, where the file says the places") {
  struct Case {
    Sides indices_shape, indices, updates;
  };
  // All rows of channels 2 to 3; one row; every second row with all channels; a box in the middle.
  Sides channels;
  for (std::int64_t row = 0; row < 6; ++row)
    for (const std::int64_t c : {2, 3}) channels.insert(channels.end(), {0, row, c});
  Sides box;
  for (const std::int64_t row : {1, 4})
    for (const std::int64_t c : {0, 5, 7}) box.insert(box.end(), {0, row, c});
  for (const Case& c : {Case{{1, 6, 2, 3}, channels, {1, 6, 2}}, Case{{1, 2}, {0, 4}, {1, 8}},
                        Case{{3, 2}, {0, 0, 0, 2, 0, 4}, {3, 8}}, Case{{1, 2, 3, 3}, box, {1, 2, 3}}}) {
    CAPTURE(c.indices_shape);
    Net net({1, 6, 8});
    net.random("w", {8, 8}).line("MatMul", {"x", "w"}, "a");
    std::int64_t count = 1;
    for (const std::int64_t side : c.updates) count *= side;
    cut(net, "x", "part", 1, 0, count / 8 + 1);
    reshape(net, "part", "flat", {(count / 8 + 1) * 8});
    cut(net, "flat", "few", 0, 0, count);
    reshape(net, "few", "updates", c.updates);
    onnx::TensorProto& indices = net.constant("indices", c.indices_shape, 7);
    for (const std::int64_t i : c.indices) indices.add_int64_data(i);
    net.line("ScatterND", {"a", "indices", "updates"}, "y").output("y");
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("GatherND of what stands at all combinations of places") {
  for (const bool rows : {true, false}) {
    CAPTURE(rows);
    Net net({1, 6, 8});
    net.random("w", {8, 8}).line("MatMul", {"x", "w"}, "a");
    onnx::TensorProto& indices = net.constant("indices", rows ? Sides{3, 2} : Sides{2, 3, 3}, 7);
    Sides places{0, 4, 0, 0, 0, 5};  // rows
    if (!rows) places = {0, 4, 0, 0, 4, 3, 0, 4, 7, 0, -5, 0, 0, -5, 3, 0, -5, 7};
    for (const std::int64_t place : places) indices.add_int64_data(place);
    net.line("GatherND", {"a", "indices"}, "y").output("y");
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("GatherElements with the same places everywhere") {
  for (const int axis : {1, 2}) {
    CAPTURE(axis);
    Net net({1, 6, 8});
    const std::int64_t side = axis == 1 ? 6 : 8, count = side - 2;
    onnx::TensorProto& indices = net.constant("indices", axis == 1 ? Sides{1, count, 8} : Sides{1, 6, count}, 7);
    for (std::int64_t i = 0; i < count * 48 / side; ++i)
      indices.add_int64_data((axis == 1 ? i / 8 : i % count) - side + 2);
    net.line("GatherElements", {"x", "indices"}, "y").with("axis", axis).output("y");
    CHECK(layers_error(net) < int8_error);
  }
  Net other({1, 2, 2});
  onnx::TensorProto& indices = other.constant("indices", {1, 2, 2}, 7);
  for (const std::int64_t i : {0, 1, 1, 0}) indices.add_int64_data(i);
  other.line("GatherElements", {"x", "indices"}, "y").with("axis", 2).output("y");
  CHECK_THAT(refusal(other), Contains("GatherElements"));
}

TEST_CASE("ScatterElements where the places form a box") {
  for (const int axis : {1, -1}) {
    CAPTURE(axis);
    Net net({1, 6, 8});
    net.random("w", {8, 8}).line("MatMul", {"x", "w"}, "a");
    cut(net, "x", "updates", axis == 1 ? 1 : 2, 0, 2);  // two rows of 8, or two columns of 6
    onnx::TensorProto& indices = net.constant("indices", axis == 1 ? Sides{1, 2, 8} : Sides{1, 6, 2}, 7);
    for (std::int64_t i = 0; i < (axis == 1 ? 16 : 12); ++i)
      indices.add_int64_data((axis == 1 ? i / 8 : i % 2) == 0 ? 4 : -5);
    net.line("ScatterElements", {"a", "indices", "updates"}, "y").with("axis", axis).output("y");
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("Places of the file beyond a side are refused, though the data is computed") {
  const auto refused = [](const std::string& op, const Sides& sides, const Sides& places, bool updates) {
    Net net({1, 6, 8});
    net.random("w", {8, 8}).line("MatMul", {"x", "w"}, "a").random("u", op == "ScatterND" ? Sides{1, 8} : sides);
    onnx::TensorProto& indices = net.constant("indices", sides, 7);
    for (const std::int64_t i : places) indices.add_int64_data(i);
    net.node(op, updates ? std::vector<std::string>{"a", "indices", "u"} : std::vector<std::string>{"a", "indices"},
             {"y"});
    if (op.find("ND") == std::string::npos) net.with("axis", 1);
    net.output("y");
    CHECK_THAT(refusal(net), Contains("(" + op + ").indices: has 99; -6 to 5"));
  };
  Sides many(5000, 0);
  many.back() = 99;
  refused("Gather", {5000}, many, false);
  refused("GatherElements", {1, 1, 8}, {0, 0, 0, 0, 0, 0, 0, 99}, false);
  refused("GatherND", {1, 2}, {0, 99}, false);
  refused("ScatterElements", {1, 1, 1}, {99}, true);
  refused("ScatterND", {1, 2}, {0, 99}, true);
}

TEST_CASE("What layers compute is a number, and never infinite") {
  Net net({1, 8, 4, 4});
  net.conv("x", "a", 8, 8).line("IsNaN", {"a"}, "n").line("IsInf", {"a"}, "i").line("Or", {"n", "i"}, "bad");
  net.number("zero", 0).line("Where", {"bad", "zero", "a"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(imported_of(net).network.layers.size() == 2);  // nothing is left of it
}

TEST_CASE("A diagonal of the shape of a tensor") {
  Net net({6, 8});
  net.line("EyeLike", {"x"}, "e").with("k", 1).line("Add", {"x", "e"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
}

TEST_CASE("Weights of uint8 whose zero point is not in the middle") {
  Net net;
  onnx::TensorProto& integers = net.constant("w", {8, 8, 1, 1}, 2);
  for (int i = 0; i < 64; ++i) integers.add_int32_data(i * 255 / 63);
  net.number("scale", 0.01F).constant("zero", {}, 2).add_int32_data(100);
  net.line("DequantizeLinear", {"w", "scale", "zero"}, "real").line("Conv", {"x", "real"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(imported_of(net).other_steps == 1);
}

TEST_CASE("Triangles of matrices and running sums") {
  for (const int upper : {0, 1}) {
    Net net({1, 4, 6, 6});
    net.line("Trilu", {"x"}, "y").with("upper", upper).output("y");
    CHECK(layers_error(net) < int8_error);
  }
  for (const std::int64_t axis : {1, 2, -1})
    for (const int reverse : {0, 1}) {
      CAPTURE(axis, reverse);
      Net net({1, 6, 8});
      onnx::TensorProto& along = net.constant("axis", {}, 7);
      along.add_int64_data(axis);
      net.line("CumSum", {"x", "axis"}, "y").with("reverse", reverse).with("exclusive", 1 - reverse).output("y");
      CHECK(layers_error(net) < int8_error);
    }
}

TEST_CASE("Einsum of three tensors") {
  Net net({1, 6, 8});
  net.random("w", {8, 4}).random("v", {4, 8});
  net.line("Einsum", {"x", "w", "v"}, "y").with("equation", "bnd,de,ef->bnf").output("y");
  CHECK(layers_error(net) < int8_error);
  Net scaled({1, 6, 8});  // linear attention: the last one is a number per row
  scaled.random("w", {8, 8}).tensor("z", {1, 6});
  scaled.line("Einsum", {"x", "w", "z"}, "y").with("equation", "bnd,de,bn->bne").output("y");
  CHECK(layers_error(scaled) < int8_error);
}

TEST_CASE("Padding beyond the reach of a window stands around the map") {
  Net net({1, 8, 9, 7});  // as FCN, with 100 around 3 x 3
  net.random("w", {8, 8, 3, 3}).node("Conv", {"x", "w"}, {"y"}).with("pads", Sides{10, 3, 12, 5}).output("y");
  CHECK(layers_error(net) < int8_error);
  Net wide({1, 8, 9, 7});
  wide.random("w", {8, 8, 3, 3}).node("Conv", {"x", "w"}, {"y"}).with("pads", Sides{6, 7, 5, 4});
  wide.with("dilations", Sides{2, 3}).with("strides", Sides{2, 1}).output("y");
  CHECK(layers_error(wide) < int8_error);
}

TEST_CASE("A row of heads meets the heads of another tensor") {
  for (const char* op : {"Add", "Mul"}) {  // rotary tables that layers compute, masks of all heads
    CAPTURE(op);
    Net net({1, 12, 64});
    net.tensor("z", {1, 12, 16}).random("w", {16, 16}).line("MatMul", {"z", "w"}, "t");
    reshape(net, "t", "row", {1, 1, 12, 16});
    reshape(net, "x", "split", {1, 12, 4, 16});
    turn(net, "split", "heads", {0, 2, 1, 3}).line(op, {"heads", "row"}, "y").output("y");
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("More pixels than a side has, of several maps one behind the other") {
  const auto net_of = [](std::int64_t side) {
    Net net({1, 4, side, side});  // selective kernels: stacked branches, each with its share
    net.tensor("z", {1, 4, side, side}).integers("first", {1});
    net.line("Unsqueeze", {"x", "first"}, "a").line("Unsqueeze", {"z", "first"}, "b");
    join(net, {"a", "b"}, "both", 1);
    net.tensor("share", {1, 2, 4, 1, 1}).line("Mul", {"both", "share"}, "m").integers("axes", {1});
    net.line("ReduceSum", {"m", "axes"}, "y").with("keepdims", 0).output("y");
    return net;
  };
  CHECK(layers_error(net_of(5)) < int8_error);
  CHECK(imported_of(net_of(200)).outputs.size() == 1);
}

TEST_CASE("Exponentials of a wide range have steps that a network file can say") {
  Net net({1, 64, 6, 6});
  std::vector<float> large(64 * 64, 8.0F);
  net.floats("w", {64, 64, 1, 1}, large).line("Conv", {"x", "w"}, "c").line("Conv", {"c", "w"}, "d");
  net.line("Exp", {"d"}, "y").output("y");
  CHECK(imported_of(net).network.layers.size() == 3);
}

TEST_CASE("Of a file with a fixed batch of images one is computed") {
  const auto net = [](std::int64_t batch) {
    Net n({batch, 8, 6, 6});
    n.conv("x", "c", 8, 16)
        .floats("token", {batch, 1, 16}, std::vector<float>(static_cast<std::size_t>(batch) * 16, 0.5F));
    reshape(n, "c", "rows", {batch, 16, 36});
    turn(n, "rows", "t", {0, 2, 1});
    join(n, {"token", "t"}, "tokens", 1);
    n.random("w", {16, 8}).line("MatMul", {"tokens", "w"}, "y").output("y");
    return n;
  };
  const Imported one = imported_of(net(1)), four = imported_of(net(4));
  CHECK(one.images == 1);
  CHECK(four.images == 4);
  CHECK(four.macs.total() == one.macs.total());
  CHECK(four.file["layers"] == one.file["layers"]);

  Net mixed({4, 8, 6, 6});  // a mean over the images
  mixed.integers("first", {0}).line("ReduceMean", {"x"}, "m").with("axes", Sides{0}).line("Sub", {"x", "m"}, "y");
  mixed.output("y");
  CHECK_THAT(refusal(mixed), Contains("(ReduceMean): computes across the images of a batch of 4"));
}

TEST_CASE("An input that no output depends on is left out, the first one too") {
  Net net({1, 3});
  net.tensor("image", {1, 8, 6, 6}).conv("image", "y", 8, 8).output("y");
  const Imported imported = imported_of(net);
  CHECK(imported.unread_inputs == std::vector<std::string>{"x"});
  REQUIRE(imported.inputs.size() == 1);
  CHECK(imported.file["input"] == nlohmann::json({6, 6, 8}));
}

TEST_CASE("Pixels that are divided in another way than they were joined keep their channels") {
  // Windows of 4 x 4 pixels are joined to a map, which a grid of 4 x 4 divides (MaxViT).
  Net net({1, 144, 8});  // pixels of windows, channels
  net.integers("windows", {1, 3, 3, 4, 4, 8}).line("Reshape", {"x", "windows"}, "a");
  net.line("Transpose", {"a"}, "b").with("perm", Sides{0, 5, 1, 3, 2, 4});
  net.integers("map", {1, 8, 12, 12}).line("Reshape", {"b", "map"}, "c");
  net.integers("grid", {1, 8, 4, 3, 4, 3}).line("Reshape", {"c", "grid"}, "d");
  net.line("Transpose", {"d"}, "e").with("perm", Sides{0, 3, 5, 2, 4, 1});
  net.integers("rows", {1, 9, 16, 8}).line("Reshape", {"e", "rows"}, "f");
  net.random("w", {8, 8}).line("MatMul", {"f", "w"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  const Imported imported = imported_of(net);
  CHECK(count(imported, network::Op::pick) == 2);
  CHECK(imported.network.layers.size() == 4);
}
