// Are operators of com.microsoft, rare ones of ONNX, and integers of a dynamic quantization what their definitions say?
// Each beside the same in operators of ONNX; and what layers make of it.
#include <fmt/format.h>

#include "tests/import/pieces.h"
#include "tests/import/problems.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

// The last node is one of com.microsoft.
Net& own(Net& net) {
  onnx::GraphProto& graph = *net.model.mutable_graph();
  graph.mutable_node(graph.node_size() - 1)->set_domain("com.microsoft");
  return net;
}

std::vector<double> values_of(const Net& net) {
  Random random(5);
  std::vector<std::vector<float>> inputs;
  for (const Sides& shape : net.shapes) {
    inputs.emplace_back(static_cast<std::size_t>(element_count(shape)));
    for (float& v : inputs.back()) v = static_cast<float>(2 * random.uniform() - 1);
  }
  return reals(computed(net, inputs));
}

// Both files compute the same, and the layers of the first one do.
void check_same(const Net& form, const Net& plain) {
  const std::vector<double> a = values_of(form), b = values_of(plain);
  REQUIRE(a.size() == b.size());
  double off = 0;
  for (std::size_t i = 0; i < a.size(); ++i) off = std::max(off, std::fabs(a[i] - b[i]));
  CHECK(off < 1e-5);
  CHECK(layers_error(form) < int8_error);
}

// Layers, without names, of two files that are said by the same ones.
std::string layers_of(const Net& net) {
  Imported imported = imported_of(net);
  std::string text;
  for (const network::Layer& layer : imported.network.layers)
    text += fmt::format("{} {}x{}x{}\n", op_name(layer.op), layer.out.h, layer.out.w, layer.out.c);
  return text;
}

}  // namespace

TEST_CASE("Products and activations that an optimizer joined") {
  Net form({1, 6, 8}), plain({1, 6, 8});
  form.random("w", {16, 8}).line("FusedMatMul", {"x", "w"}, "y").with("alpha", 0.5F).with("transB", 1);
  own(form).output("y");
  plain.random("w", {16, 8}).line("Transpose", {"w"}, "t").with("perm", Sides{1, 0});
  plain.line("MatMul", {"x", "t"}, "p").number("half", 0.5F).line("Mul", {"p", "half"}, "y").output("y");
  check_same(form, plain);
  for (const auto& [op, approximate] : {std::pair{"BiasGelu", "none"}, {"FastGelu", "tanh"}}) {
    CAPTURE(op);
    Net gelu({1, 6, 8}), parts({1, 6, 8});
    gelu.random("b", {8}).line(op, {"x", "b"}, "y");
    own(gelu).output("y");
    parts.random("b", {8}).line("Add", {"x", "b"}, "s").line("Gelu", {"s"}, "y");
    parts.with("approximate", std::string(approximate)).output("y");
    check_same(gelu, parts);
  }
  Net fused, apart;
  fused.random("w", {8, 8, 3, 3}).random("b", {8}).line("FusedConv", {"x", "w", "b", "x"}, "y");
  fused.with("pads", Sides{1, 1, 1, 1}).with("activation", std::string("Relu"));
  own(fused).output("y");
  apart.random("w", {8, 8, 3, 3}).random("b", {8}).line("Conv", {"x", "w", "b"}, "c").with("pads", Sides{1, 1, 1, 1});
  apart.line("Add", {"c", "x"}, "s").line("Relu", {"s"}, "y").output("y");
  check_same(fused, apart);
}

TEST_CASE("Normalizations in other words") {
  Net skip({1, 6, 8}), sum({1, 6, 8});
  for (Net* net : {&skip, &sum}) net->tensor("z", {1, 6, 8}).random("s", {8}).random("b", {8});
  skip.node("SkipLayerNormalization", {"x", "z", "s", "b"}, {"y"}).with("epsilon", 0.25F);
  own(skip).output("y");
  sum.line("Add", {"x", "z"}, "a").line("LayerNormalization", {"a", "s", "b"}, "y").with("epsilon", 0.25F).output("y");
  check_same(skip, sum);

  Net simple({1, 6, 8}), squares({1, 6, 8});
  simple.random("s", {8}).line("SimplifiedLayerNormalization", {"x", "s"}, "y").with("epsilon", 0.25F).output("y");
  squares.random("s", {8}).line("RMSNormalization", {"x", "s"}, "y").with("epsilon", 0.25F).output("y");
  check_same(simple, squares);

  Net unit, length;
  unit.line("LpNormalization", {"x"}, "y").with("axis", 1).output("y");
  length.line("ReduceL2", {"x"}, "l").with("axes", Sides{1}).line("Div", {"x", "l"}, "y").output("y");
  check_same(unit, length);

  Net pool, root;
  pool.line("LpPool", {"x"}, "y").with("kernel_shape", Sides{2, 2}).with("strides", Sides{2, 2}).output("y");
  root.line("Mul", {"x", "x"}, "q").line("AveragePool", {"q"}, "m").with("kernel_shape", Sides{2, 2});
  root.with("strides", Sides{2, 2})
      .number("four", 4)
      .line("Mul", {"m", "four"}, "s")
      .line("Sqrt", {"s"}, "y")
      .output("y");
  check_same(pool, root);

  Net centred, instance;
  centred.line("MeanVarianceNormalization", {"x"}, "y").output("y");
  instance.floats("one", {8}, std::vector<float>(8, 1)).floats("zero", {8}, std::vector<float>(8, 0));
  instance.line("InstanceNormalization", {"x", "one", "zero"}, "y").with("epsilon", 1e-9F).output("y");
  check_same(centred, instance);
}

TEST_CASE("Rotary embeddings turn pairs of channels") {
  std::vector<float> cosines, sines;
  for (int position = 0; position < 6; ++position)
    for (int pair = 0; pair < 4; ++pair) {
      const double angle = position / std::pow(10.0, pair);
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  for (const int neighbours : {0, 1}) {
    CAPTURE(neighbours);
    Net net({1, 6, 16});
    net.floats("cos", {6, 4}, cosines).floats("sin", {6, 4}, sines);
    onnx::TensorProto& places = net.constant("places", {1, 6}, 7);
    for (const int p : {0, 1, 2, 3, 4, 5}) places.add_int64_data(p);
    net.line("RotaryEmbedding", {"x", "places", "cos", "sin"}, "y").with("interleaved", neighbours);
    own(net).output("y");
    const std::vector<double> got = values_of(net);
    Random random(5);
    std::vector<double> x(96), want(96);
    for (double& v : x) v = static_cast<float>(2 * random.uniform() - 1);
    for (std::size_t t = 0; t < 6; ++t)
      for (std::size_t head = 0; head < 2; ++head)
        for (std::size_t pair = 0; pair < 4; ++pair) {
          const std::size_t at = t * 16 + head * 8, first = at + (neighbours != 0 ? 2 * pair : pair),
                            second = first + (neighbours != 0 ? 1 : 4);
          const double c = cosines[t * 4 + pair], s = sines[t * 4 + pair];
          want[first] = x[first] * c - x[second] * s;
          want[second] = x[first] * s + x[second] * c;
        }
    double off = 0;
    for (std::size_t i = 0; i < want.size(); ++i) off = std::max(off, std::fabs(got[i] - want[i]));
    CHECK(off < 1e-5);
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("Attention of com.microsoft is made of the same layers as its parts") {
  Net form({1, 6, 16}), plain({1, 6, 16});
  form.random("w", {16, 48}).random("b", {48}).line("Attention", {"x", "w", "b"}, "y").with("num_heads", 2);
  own(form).output("y");
  plain.random("w", {16, 48}).random("b", {48}).line("MatMul", {"x", "w"}, "p").line("Add", {"p", "b"}, "a");
  plain.integers("thirds", {16, 16, 16}).node("Split", {"a", "thirds"}, {"q", "k", "v"}).with("axis", 2);
  for (const std::string part : {"q", "k", "v"}) {
    reshape(plain, part, part + "_h", {1, 6, 2, 8});
    turn(plain, part + "_h", part + "_t", part == "k" ? Sides{0, 2, 3, 1} : Sides{0, 2, 1, 3});
  }
  plain.number("root", static_cast<float>(1 / std::sqrt(8.0))).line("MatMul", {"q_t", "k_t"}, "s");
  plain.line("Mul", {"s", "root"}, "m").line("Softmax", {"m"}, "e").line("MatMul", {"e", "v_t"}, "o");
  turn(plain, "o", "o_t", {0, 2, 1, 3});
  reshape(plain, "o_t", "y", {1, 6, 16}).output("y");
  CHECK(layers_of(form) == layers_of(plain));
  CHECK(imported_of(form).macs.total() == imported_of(plain).macs.total());
}

TEST_CASE("Integers of a dynamic quantization stand for the numbers that they are made of") {
  for (const bool conv : {false, true}) {
    CAPTURE(conv);
    Net net(conv ? Sides{1, 8, 6, 6} : Sides{1, 6, 8}), plain(conv ? Sides{1, 8, 6, 6} : Sides{1, 6, 8});
    const Sides sides = conv ? Sides{16, 8, 1, 1} : Sides{8, 16};
    onnx::TensorProto& w = net.constant("w", sides, 3);
    std::vector<float> weights;
    for (int i = 0; i < 128; ++i) {
      w.add_int32_data(i * 37 % 101 - 50);
      weights.push_back(static_cast<float>(i * 37 % 101 - 50) * 0.02F);
    }
    net.constant("w_zero", {}, 3).add_int32_data(0);
    net.number("w_scale", 0.02F).node("DynamicQuantizeLinear", {"x"}, {"q", "scale", "zero"});
    net.line(conv ? "ConvInteger" : "MatMulInteger", {"q", "w", "zero", "w_zero"}, "sums").line("Cast", {"sums"}, "f");
    net.with("to", 1).line("Mul", {"scale", "w_scale"}, "scales").line("Mul", {"f", "scales"}, "y").output("y");
    plain.floats("w", sides, weights).line(conv ? "Conv" : "MatMul", {"x", "w"}, "y").output("y");
    CHECK(layers_error(net) < int8_error);
    CHECK(layers_of(net) == layers_of(plain));
    CHECK(imported_of(net).macs.total() == imported_of(plain).macs.total());
  }
}

TEST_CASE("Quantized forms of com.microsoft") {
  for (const std::string op :
       {"QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "QLinearGlobalAveragePool", "QLinearReduceMean"}) {
    CAPTURE(op);
    Net net, plain;
    for (Net* one : {&net, &plain}) one->conv("x", "c", 8, 8);
    plain.qdq("c", "d", 0.03F);
    const std::string name = op.substr(7);
    const float step = op == "QLinearSoftmax" ? 1.0F / 128 : 0.03F;
    net.number("s", 0.03F).number("t", step).constant("z", {}, 3).add_int32_data(0);
    net.line("QuantizeLinear", {"c", "s", "z"}, "q").line(op, {"q", "s", "z", "t", "z"}, "r");
    own(net);
    plain.line(name, {"d"}, "e");
    for (Net* one : {&net, &plain}) {
      if (op == "QLinearSoftmax") one->with("axis", 1);
      if (op == "QLinearReduceMean") one->with("axes", Sides{2, 3});
    }
    if (op == "QLinearGlobalAveragePool") net.with("channels_last", 0);
    if (op == "QLinearSoftmax") net.with("opset", 17);
    net.line("DequantizeLinear", {"r", "t", "z"}, "y");
    plain.qdq("e", "y", step);
    for (Net* one : {&net, &plain}) one->output("y");
    CHECK(layers_of(net) == layers_of(plain));
  }
  Net last;
  last.number("s", 0.03F).constant("z", {}, 3).add_int32_data(0);
  last.line("QuantizeLinear", {"x", "s", "z"}, "q").line("QLinearGlobalAveragePool", {"q", "s", "z", "s", "z"}, "r");
  own(last.with("channels_last", 1)).output("r");
  CHECK(problems_of(last).find("node 'r' (GlobalAveragePool).channels_last: is no attribute") != std::string::npos);
}

TEST_CASE("What picks among the results is left out, with a word") {
  Net net;
  net.conv("x", "c", 8, 8).line("ArgMax", {"c"}, "a").with("axis", 1).line("Cast", {"a"}, "y").with("to", 6);
  net.output("y");
  const Imported imported = imported_of(net);
  CHECK(imported.left_out == std::vector<std::string>{"ArgMax of 'a'"});
  CHECK(imported.outputs.size() == 1);
  CHECK(count(imported, network::Op::conv2d) == 1);
  net.line("Relu", {"c"}, "r").output("r").output("c");  // what it reads is an output too
  CHECK(imported_of(net).outputs.size() == 2);

  Net labels({1, 8});  // of a classifier of scikit-learn
  linear(labels, "x", "c", 8, 3).line("ArgMax", {"c"}, "a").with("axis", 1).integers("names", {7, 8, 9});
  labels.line("ArrayFeatureExtractor", {"names", "a"}, "l").line("Cast", {"l"}, "i").with("to", 7);
  labels.model.mutable_graph()->mutable_node(2)->set_domain("ai.onnx.ml");
  reshape(labels, "i", "y", {-1}).output("y").output("c");
  CHECK(imported_of(labels).left_out == std::vector<std::string>{"ArgMax of 'a'"});
}

TEST_CASE("Normalizations and activations of which every part is quantized") {
  Net net({1, 6, 16});
  net.random("s", {16}).random("b", {16}).number("two", 2).number("epsilon", 1e-3F).qdq("x", "a", 0.01F);
  net.qdq("epsilon", "rounded", 1e-3F / 100).qdq("s", "scale", 0.01F).qdq("b", "bias", 0.01F);
  const auto rounded = [&](const std::string& op, const std::vector<std::string>& in, const std::string& to,
                           float step) { net.line(op, in, to + "_real").qdq(to + "_real", to, step); };
  net.line("ReduceMean", {"a"}, "mean_real").with("axes", Sides{-1}).qdq("mean_real", "mean", 0.01F);
  rounded("Sub", {"a", "mean"}, "d", 0.02F);
  rounded("Pow", {"d", "two"}, "squares", 0.02F);
  net.line("ReduceMean", {"squares"}, "variance_real").with("axes", Sides{-1}).qdq("variance_real", "variance", 0.005F);
  rounded("Add", {"variance", "rounded"}, "sum", 0.005F);
  rounded("Sqrt", {"sum"}, "root", 0.01F);
  rounded("Div", {"d", "root"}, "n", 0.02F);
  rounded("Mul", {"n", "scale"}, "m", 0.02F);
  rounded("Add", {"m", "bias"}, "norm", 0.03F);
  rounded("Sigmoid", {"norm"}, "gate", 1.0F / 127);
  rounded("Mul", {"norm", "gate"}, "y", 0.03F);
  net.output("y");
  CHECK(layers_error(net) < int8_error);
  const Imported imported = imported_of(net);
  CHECK(imported.network.layers.size() == 3);  // the input, the normalization, the activation
  CHECK(count(imported, network::Op::layernorm) == 1);
  CHECK(imported.epsilons.begin()->second == Approx(1e-3).epsilon(0.01));
}
