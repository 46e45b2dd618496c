// Do operators compute what their files say, with every kind of attribute?
#include "tests/import/pieces.h"
#include "tests/import/problems.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

TEST_CASE("Transposed convolutions of any stride, padding and groups") {
  struct Case {
    std::int64_t kernel, stride, pad, extra, groups, dilation = 1;
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
                        {5, 2, 4, 0, 1},
                        {3, 2, 1, 1, 1, 2},
                        {3, 1, 0, 0, 2, 3}}) {
    CAPTURE(c.kernel, c.stride, c.pad, c.extra, c.groups);
    Net net({1, 8, 5, 6});
    net.random("w", {8, 2, c.kernel, c.kernel}).random("b", {2 * c.groups}).line("ConvTranspose", {"x", "w", "b"}, "y");
    net.with("strides", Sides{c.stride, c.stride}).with("pads", Sides{c.pad, c.pad, c.pad, c.pad});
    net.with("output_padding", Sides{c.extra, c.extra}).with("group", static_cast<int>(c.groups));
    net.with("dilations", Sides{c.dilation, c.dilation}).output("y");
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
                              {0, 0, -1, 1, 0, 0, 2, -2},
                              {0, 0, 2, -1, 0, 0, -2, 1}}) {
      CAPTURE(mode, pads);
      Net net({1, 8, 6, 5});
      net.integers("pads", pads).line("Pad", {"x", "pads"}, "y").with("mode", mode).output("y");
      CHECK(layers_error(net) < 0.03);
    }
}

TEST_CASE("Maps are resized with weights of many pixels") {
  for (const int antialias : {0, 1})
    for (const char* mode : {"linear", "cubic"})
      for (const Sides& size : {Sides{12, 15}, {4, 3}, {6, 9}, {9, 5}}) {
        CAPTURE(antialias, mode, size);
        Net net({1, 8, 6, 5});
        net.integers("size", {1, 8, size[0], size[1]}).node("Resize", {"x", "", "", "size"}, {"y"});
        net.with("mode", std::string(mode)).with("antialias", antialias).output("y");
        CHECK(layers_error(net) < int8_error);
      }
}

TEST_CASE("Vectors are rows of the left and columns of the right factor of a MatMul") {
  for (const bool constant : {false, true}) {
    CAPTURE(constant);
    Net column({1, 10, 16});
    constant ? column.random("v", {16}) : column.tensor("v", {16});
    column.line("MatMul", {"x", "v"}, "s").random("b", {10}).line("Add", {"s", "b"}, "y").output("y");
    CHECK(layers_error(column) < int8_error);
    CHECK(imported_of(column).outputs[0].shape() == Dims{1, 10});
    CHECK(imported_of(column).macs.total() == 10 * 16);
    Net row({1, 10, 16});
    constant ? row.random("v", {10}) : row.tensor("v", {10});
    row.line("MatMul", {"v", "x"}, "y").output("y");
    CHECK(layers_error(row) < int8_error);
    CHECK(imported_of(row).outputs[0].shape() == Dims{1, 16});
  }
}

TEST_CASE("A constant to the power of a map is an exponential") {
  for (const float base : {0.5F, 2.0F, 10.0F}) {
    Net net({1, 8, 5, 6});
    net.line("Tanh", {"x"}, "t").number("base", base).line("Pow", {"base", "t"}, "y").output("y");
    CHECK(layers_error(net) < int8_error);
  }
  Net net({1, 8, 5, 6});
  net.number("base", -2).line("Pow", {"base", "x"}, "y").output("y");
  CHECK(refusal(net).find("node 'y' (Pow): input 0 is a constant") != std::string::npos);
}

TEST_CASE("A graph that only moves elements is told so") {
  Net net({1, 4, 6, 8});
  net.line("SpaceToDepth", {"x"}, "y").with("blocksize", 2).output("y");
  CHECK(refusal(net).find("graph: computes nothing: its outputs are inputs, moved or times a number; a network with at "
                          "least one layer") != std::string::npos);
}

TEST_CASE("Softmax before operator set 13 has all elements from its axis on as one row") {
  for (const int axis : {1, 2, 3, -1}) {
    CAPTURE(axis);
    Net net({1, 4, 3, 5});
    net.model.mutable_opset_import(0)->set_version(11);
    net.conv("x", "c", 4, 4).line("Softmax", {"c"}, "y").with("axis", axis).output("y");
    CHECK(layers_error(net) < int8_error);
  }
  Net usual({1, 4, 6});  // the axis is 1 where it is not given
  usual.model.mutable_opset_import(0)->set_version(11);
  linear(usual, "x", "l", 6, 6).line("Softmax", {"l"}, "y").output("y");
  CHECK(layers_error(usual) < int8_error);
}

TEST_CASE("Whole numbers of what layers compute are refused") {
  for (const int type : {6, 7, 9}) {
    Net net;
    net.conv("x", "c", 8, 8)
        .line("Cast", {"c"}, "i")
        .with("to", type)
        .line("Cast", {"i"}, "y")
        .with("to", 1)
        .output("y");
    CHECK(problems_of(net).find("node 'i' (Cast).to: is ") != std::string::npos);
  }
}

TEST_CASE("Means that lose their dimension are no norm of a square") {
  Net net({1, 6, 6});
  linear(net, "x", "l", 6, 6).line("ReduceMean", {"l"}, "m").with("axes", Sides{2}).with("keepdims", 0);
  net.line("Sub", {"l", "m"}, "d").line("Mul", {"d", "d"}, "q").line("ReduceMean", {"q"}, "v").with("axes", Sides{2});
  net.number("e", 0.01F).line("Add", {"v", "e"}, "a").line("Sqrt", {"a"}, "r").line("Div", {"d", "r"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
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

TEST_CASE("Padding behind the last window is none") {
  for (const char* op : {"MaxPool", "AveragePool", "Conv"}) {  // as PyTorch writes ceil_mode before operator set 10
    CAPTURE(op);
    Net net({1, 8, 6, 6});
    net.random("w", {8, 8, 3, 3});
    net.node(op, *op == 'C' ? std::vector<std::string>{"x", "w"} : std::vector<std::string>{"x"}, {"y"});
    net.with("kernel_shape", Sides{3, 3}).with("strides", Sides{2, 2}).with("pads", Sides{1, 1, 3, 3}).output("y");
    CHECK(layers_error(net) < int8_error);
    CHECK(imported_of(net).network.layers[1].out == network::Shape{4, 4, 8});
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

TEST_CASE("Integers that hold no negative numbers are a ReLU, which quantizers leave out") {
  for (const bool is_signed : {false, true})
    for (const bool written : {false, true}) {
      CAPTURE(is_signed, written);
      Net net({1, 8, 6, 6});
      const auto quantize = [&](const std::string& from, const std::string& to, float scale, bool rectifies) {
        const int least = is_signed ? -128 : 0, middle = is_signed ? 0 : 128;
        net.number(to + "_scale", scale).constant(to + "_zero", {}, is_signed ? 3 : 2);
        net.model.mutable_graph()->mutable_initializer()->rbegin()->add_int32_data(rectifies ? least : middle);
        net.line("QuantizeLinear", {from, to + "_scale", to + "_zero"}, to + "_q");
        net.line("DequantizeLinear", {to + "_q", to + "_scale", to + "_zero"}, to);
      };
      quantize("x", "xq", 1.0F / 128, false);
      net.conv("xq", "c", 8, 8);
      if (written) net.line("Relu", {"c"}, "c_relu");
      quantize(written ? "c_relu" : "c", "r", 0.02F, true);
      net.node("MaxPool", {"r"}, {"p"}).with("kernel_shape", Sides{2, 2}).with("strides", Sides{2, 2});
      quantize("p", "pq", 0.02F, true);  // of what is not negative anyhow
      net.conv("pq", "d", 8, 8);
      quantize("d", "y", 0.05F, false);
      net.output("y");
      CHECK(layers_error(net) < 0.05);
      const std::vector<network::Layer> layers = imported_of(net).network.layers;
      REQUIRE(layers.size() == 4);  // input, two convolutions, pool
      CHECK(layers[1].relu);
      CHECK(!layers[3].relu);
    }
}

TEST_CASE("Convolutions whose windows no core holds") {
  struct Case {
    std::int64_t side, kernel, dilation, pad, stride, channels;
  };
  for (const Case& c : {Case{28, 3, 36, 36, 1, 8},  // taps around the middle one never meet the map
                        {40, 3, 30, 30, 1, 8},      // rows of taps far apart
                        {64, 3, 31, 31, 2, 8},      // with a stride
                        {64, 32, 1, 0, 32, 3}}) {   // patches
    CAPTURE(c.side, c.kernel, c.dilation);
    Net net({1, c.channels, c.side, c.side});
    net.random("w", {8, c.channels, c.kernel, c.kernel}).random("b", {8}).line("Conv", {"x", "w", "b"}, "y");
    net.with("dilations", Sides{c.dilation, c.dilation}).with("strides", Sides{c.stride, c.stride});
    net.with("pads", Sides{c.pad, c.pad, c.pad, c.pad}).output("y");
    CHECK(layers_error(net) < int8_error);
    for (const network::Layer& layer : imported_of(net).network.layers)
      CHECK(layer.window.extent_h() * layer.window.extent_w() <= 2816);
  }
}

TEST_CASE("Groups of channels, normalized as exporters write it") {
  Net net({1, 16, 6, 6});
  net.conv("x", "c", 16, 16).floats("ones", {4}, {1, 1, 1, 1}).floats("zeros", {4}, {0, 0, 0, 0});
  reshape(net, "c", "groups", {0, 4, -1}).line("InstanceNormalization", {"groups", "ones", "zeros"}, "n");
  reshape(net, "n", "back", {1, 16, 6, 6}).random("s", {16, 1, 1}).line("Mul", {"back", "s"}, "y").output("y");
  CHECK(layers_error(net) < 2 * int8_error);
}

TEST_CASE("Borders of another number than zero") {
  Net net({1, 8, 6, 5});
  net.integers("pads", {0, 0, 0, 1, 0, 0, 2, 0}).number("one", 1).line("Pad", {"x", "pads", "one"}, "y").output("y");
  CHECK(layers_error(net) < 0.03);
}

TEST_CASE("Pixels without channels: single channels taken out, parts of them combined and joined") {
  Net channels({1, 3, 6, 6});
  for (const char* c : {"0", "1", "2"}) {
    const std::string n = c;
    channels.constant("i" + n, {}, 7).add_int64_data(std::stoi(n));
    channels.line("Gather", {"x", "i" + n}, "g" + n).with("axis", 1).integers("a" + n, {1});
    channels.line("Unsqueeze", {"g" + n, "a" + n}, "u" + n)
        .number("k" + n, 0.5F)
        .line("Mul", {"u" + n, "k" + n}, "m" + n);
    channels.number("d" + n, 0.25F).line("Add", {"m" + n, "d" + n}, "s" + n);
  }
  join(channels, {"s0", "s1", "s2"}, "all", 1).conv("all", "y", 3, 8).output("y");
  CHECK(layers_error(channels) < int8_error);

  Net boxes({1, 8, 4, 20});
  boxes.conv("x", "c", 8, 1);
  reshape(boxes, "c", "b", {1, 4, 20});
  cut(boxes, "b", "lt", 1, 0, 2), cut(boxes, "b", "rb", 1, 2, 4);
  boxes.line("Add", {"lt", "rb"}, "sum").line("Sub", {"rb", "lt"}, "size");
  join(boxes, {"sum", "size"}, "y", 1).output("y");
  CHECK(layers_error(boxes) < int8_error);
}

TEST_CASE("Outputs that are left out, or that nothing reads") {
  for (const std::vector<std::string>& parts :
       {std::vector<std::string>{"", "y", ""}, {"", "", "y"}, {"y", "unread", ""}}) {
    CAPTURE(parts);
    Net net({1, 24, 5, 5});
    net.conv("x", "c", 24, 24).integers("sizes", {8, 8, 8}).node("Split", {"c", "sizes"}, parts).with("axis", 1);
    net.output("y");
    CHECK(layers_error(net) < int8_error);
  }
  Net pool;
  pool.conv("x", "c", 8, 8).node("MaxPool", {"c"}, {"y", "indices"}).with("kernel_shape", Sides{2, 2}).output("y");
  CHECK(count(imported_of(pool), network::Op::maxpool) == 1);
  Net norm({1, 6, 8});
  norm.model.mutable_opset_import(0)->set_version(17);
  norm.random("s", {8}).node("LayerNormalization", {"x", "s"}, {"y", "", "deviation"}).output("y");
  CHECK(count(imported_of(norm), network::Op::layernorm) == 1);
  norm.line("Relu", {"deviation"}, "z").output("z");
  CHECK(problems_of(norm).find(
            "node 'y' (LayerNormalization): has its output 'deviation' read; the first output alone") !=
        std::string::npos);
}

TEST_CASE("Averages of neighbours in the depth of one channel are averages of channels") {
  Net response({1, 12, 4, 5});  // as PyTorch says local response normalization
  response.integers("deep", {1, 1, 12, 4, 5}).integers("around", {0, 0, 2, 0, 0, 0, 0, 2, 0, 0});
  response.line("Mul", {"x", "x"}, "squares").line("Reshape", {"squares", "deep"}, "d");
  response.line("Pad", {"d", "around"}, "p").line("AveragePool", {"p"}, "a").with("kernel_shape", Sides{5, 1, 1});
  response.integers("flat", {1, 12, 4, 5}).number("alpha", 2).number("one", 1).number("beta", 0.75F);
  response.line("Reshape", {"a", "flat"}, "f").line("Mul", {"f", "alpha"}, "s").line("Add", {"s", "one"}, "k");
  response.line("Pow", {"k", "beta"}, "q").line("Div", {"x", "q"}, "y").output("y");
  CHECK(layers_error(response) < int8_error);
  for (const std::int64_t counted : {0, 1})
    for (const Sides& form : {Sides{3, 1, 1}, {4, 3, 1}, {2, 1, 3}}) {  // kernel, stride, dilation
      CAPTURE(counted, form);
      Net net({1, 11, 3, 4});
      net.integers("deep", {1, 1, 11, 3, 4}).line("Reshape", {"x", "deep"}, "d").line("AveragePool", {"d"}, "y");
      net.with("kernel_shape", Sides{form[0], 1, 1}).with("strides", Sides{form[1], 1, 1});
      net.with("dilations", Sides{form[2], 1, 1}).with("pads", Sides{1, 0, 0, 1, 0, 0});
      net.with("count_include_pad", static_cast<int>(counted)).output("y");
      CHECK(layers_error(net) < int8_error);
    }
}

TEST_CASE("Boxes of detectors: maps as rows behind each other, one of them a single pixel") {
  for (const std::int64_t elements : {4, 8}) {
    CAPTURE(elements);
    Net flat({1, 8, 9, 9});  // concatenated, and then divided into rows
    flat.line("GlobalAveragePool", {"x"}, "p").conv("x", "a", 8, 16).conv("p", "b", 8, 24);
    flat.integers("flat", {1, -1}).integers("rows", {1, -1, elements});
    for (const std::string part : {"a", "b"}) {
      flat.line("Transpose", {part}, part + "_t").with("perm", Sides{0, 2, 3, 1});
      flat.line("Reshape", {part + "_t", "flat"}, part + "_f");
    }
    flat.line("Concat", {"a_f", "b_f"}, "c").with("axis", 1).line("Reshape", {"c", "rows"}, "y").output("y");
    CHECK(layers_error(flat) < int8_error);
    Net rows({1, 8, 9, 9});  // divided, and then concatenated
    rows.conv("x", "a", 8, 16).line("GlobalAveragePool", {"x"}, "p").conv("p", "b", 8, 24);
    rows.integers("rows", {1, -1, elements}).integers("a_s", {1, 16 / elements, elements, 9, 9});
    rows.integers("b_s", {1, 24 / elements, elements, 1, 1});
    for (const std::string part : {"a", "b"}) {
      rows.line("Reshape", {part, part + "_s"}, part + "_5");
      rows.line("Transpose", {part + "_5"}, part + "_t").with("perm", Sides{0, 3, 4, 1, 2});
      rows.line("Reshape", {part + "_t", "rows"}, part + "_r");
    }
    rows.line("Concat", {"a_r", "b_r"}, "y").with("axis", 1).output("y");
    CHECK(layers_error(rows) < int8_error);
  }
}
