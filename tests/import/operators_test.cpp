// Do operators compute what their files say, with every kind of attribute?
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

TEST_CASE("Transposed convolutions of any stride, padding and groups") {
  struct Case {
    std::int64_t kernel, stride, pad, extra, groups;
  };
  for (const Case& c : {Case{2, 2, 0, 0, 1},
                        {4, 2, 1, 0, 1},
                        {3, 2, 1, 1, 1},
                        {9, 3, 4, 2, 1},
                        {4, 1, 0, 0, 1},
                        {3, 1, 1, 0, 1},
                        {4, 2, 1, 0, 8},
                        {3, 2, 0, 0, 2},
                        {2, 3, 0, 0, 1},
                        {5, 2, 4, 0, 1}}) {
    CAPTURE(c.kernel, c.stride, c.pad, c.extra, c.groups);
    Net net({1, 8, 5, 6});
    net.random("w", {8, 2, c.kernel, c.kernel}).random("b", {2 * c.groups}).line("ConvTranspose", {"x", "w", "b"}, "y");
    net.with("strides", Sides{c.stride, c.stride}).with("pads", Sides{c.pad, c.pad, c.pad, c.pad});
    net.with("output_padding", Sides{c.extra, c.extra}).with("group", static_cast<int>(c.groups)).output("y");
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("Maps are resized to any size, and padded in every way") {
  for (const char* place : {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"})
    for (const char* mode : {"linear", "nearest"})
      for (const Sides& size : {Sides{12, 12}, {9, 17}, {3, 4}, {1, 1}}) {
        CAPTURE(place, mode, size);
        Net net({1, 8, 6, 5});
        net.integers("size", {1, 8, size[0], size[1]});
        net.node("Resize", {"x", "", "", "size"}, {"y"})
            .with("mode", mode)
            .with("coordinate_transformation_mode", place);
        net.output("y");
        CHECK(layers_error(net) < 0.03);
      }
  for (const char* mode : {"constant", "reflect", "edge"})
    for (const Sides& pads : {Sides{0, 0, 2, 3, 0, 0, 1, 0},
                              {0, 0, 0, 2, 0, 0, 0, 1},
                              {0, 3, 0, 0, 0, 2, 0, 0},
                              {0, 0, -1, 1, 0, 0, 2, -2}}) {
      CAPTURE(mode, pads);
      Net net({1, 8, 6, 5});
      net.integers("pads", pads).line("Pad", {"x", "pads"}, "y").with("mode", mode).output("y");
      CHECK(layers_error(net) < 0.03);
    }
}

TEST_CASE("Zeros around a map are the padding of what reads it") {
  Net net({1, 8, 6, 6});
  net.integers("pads", {0, 0, 1, 1, 0, 0, 1, 1}).random("w", {8, 8, 3, 3});
  net.line("Pad", {"x", "pads"}, "p").line("Conv", {"p", "w"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(count(imported_of(net), network::Op::remap) == 0);
  net.output("p");  // also read apart
  CHECK(count(imported_of(net), network::Op::remap) == 1);
}

TEST_CASE("Slopes of channels, quotients, powers, extremes, choices and sums") {
  Net slopes({1, 8, 5, 5});
  slopes.conv("x", "c", 8, 8).random("s", {8, 1, 1}).line("PRelu", {"c", "s"}, "y").output("y");
  CHECK(layers_error(slopes) < int8_error);
  Net quotient({1, 8, 5, 5});
  quotient.number("2", 2)
      .line("Sigmoid", {"x"}, "s")
      .line("Add", {"s", "2"}, "d")
      .line("Div", {"x", "d"}, "y")
      .output("y");
  CHECK(layers_error(quotient) < int8_error);
  Net extremes({1, 8, 5, 5});
  extremes.conv("x", "c", 8, 8).number("1", 1).line("Max", {"x", "c"}, "m").line("Min", {"m", "1"}, "y").output("y");
  CHECK(layers_error(extremes) < int8_error);
  Net sums({1, 8, 5, 5});
  sums.conv("x", "c", 8, 8)
      .conv("x", "d", 8, 8)
      .line("Sum", {"x", "c", "d"}, "s")
      .line("Mean", {"s", "x"}, "y")
      .output("y");
  CHECK(layers_error(sums) < int8_error);
  Net choice({1, 6, 8});
  onnx::TensorProto& mask = choice.constant("mask", {6, 1}, 9);
  for (int i = 0; i < 6; ++i) mask.add_int32_data(i % 2);
  choice.line("Neg", {"x"}, "n").line("Where", {"mask", "x", "n"}, "y").output("y");
  CHECK(layers_error(choice) < int8_error);
}

TEST_CASE("Normalizations of maps and of groups of channels") {
  for (const char* op : {"InstanceNormalization", "GroupNormalization"}) {
    CAPTURE(op);
    Net net({1, 16, 6, 6});
    net.conv("x", "c", 16, 16).random("s", {16}).random("b", {16}).line(op, {"c", "s", "b"}, "y");
    net.model.mutable_opset_import(0)->set_version(21);
    if (std::string(op) == "GroupNormalization") net.with("num_groups", 4);
    net.output("y");
    CHECK(layers_error(net) < 2 * int8_error);
  }
}

TEST_CASE("Means, sums and extremes over any dimensions") {
  for (const char* op : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"})
    for (const Sides& axes : {Sides{2, 3}, {1}, {2}, {3}, {1, 2}, {1, 2, 3}, {1, 3}}) {
      CAPTURE(op, axes);
      Net net({1, 8, 4, 6});
      net.integers("axes", axes).line(op, {"x", "axes"}, "r");
      net.model.mutable_opset_import(0)->set_version(18);
      net.number("3", 3).line("Add", {"r", "3"}, "y").output("y");
      CHECK(layers_error(net) < 0.1);
    }
}

TEST_CASE("Averages that leave out the padding, and windows that are cut off") {
  for (const int ceil : {0, 1})
    for (const int counted : {0, 1}) {
      CAPTURE(ceil, counted);
      Net net({1, 8, 6, 7});
      net.line("AveragePool", {"x"}, "y").with("kernel_shape", Sides{3, 3}).with("strides", Sides{2, 2});
      net.with("pads", Sides{1, 1, 1, 1}).with("ceil_mode", ceil).with("count_include_pad", counted).output("y");
      CHECK(layers_error(net) < 0.05);
    }
}

TEST_CASE("Zero points away from the middle make larger steps") {
  Net net({1, 8, 5, 5});
  const auto quantize = [&](const std::string& from, const std::string& to, float scale, int zero) {
    net.number(to + "_scale", scale).constant(to + "_zero", {}, 2).add_int32_data(zero);
    net.line("QuantizeLinear", {from, to + "_scale", to + "_zero"}, to + "_q");
    net.line("DequantizeLinear", {to + "_q", to + "_scale", to + "_zero"}, to);
  };
  quantize("x", "xq", 2.0F / 255, 117);
  net.conv("xq", "c", 8, 8).line("Relu", {"c"}, "r");
  quantize("r", "y", 0.02F, 0);
  net.output("y");
  const Imported imported = imported_of(net);
  CHECK(imported.widened == 2);
  CHECK(imported.scales[0].step == Approx(2.0 / 255 * 138 / 127));
  CHECK(layers_error(net) < int8_error);
}
