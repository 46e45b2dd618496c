// What exporters write that no single operator shows: functions of the file, parts of unlike range in one tensor, rows
// that inputs name, and flattened maps.
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

onnx::FunctionProto& function(Net& net, const std::string& name, const std::vector<std::string>& in,
                              const std::vector<std::string>& out) {
  onnx::FunctionProto& f = *net.model.add_functions();
  f.set_domain("pkg.torch");
  f.set_name(name);
  for (const std::string& i : in) f.add_input(i);
  for (const std::string& o : out) f.add_output(o);
  f.add_opset_import()->set_version(17);
  return f;
}
onnx::NodeProto& body(onnx::FunctionProto& f, const std::string& op, const std::vector<std::string>& in,
                      const std::string& out) {
  onnx::NodeProto& node = *f.add_node();
  node.set_op_type(op);
  for (const std::string& i : in) node.add_input(i);
  node.add_output(out);
  return node;
}
Net& call(Net& net, const std::string& name, const std::vector<std::string>& in, const std::vector<std::string>& out) {
  net.node(name, in, out);
  onnx::GraphProto& graph = *net.model.mutable_graph();
  graph.mutable_node(graph.node_size() - 1)->set_domain("pkg.torch");
  return net;
}
// x * sigmoid(x) as a function, in one that calls it twice: beneath a product, and with the alpha of an Elu.
Net gated() {
  Net net({1, 16, 8});
  onnx::FunctionProto& silu = function(net, "silu", {"a"}, {"b"});
  body(silu, "Sigmoid", {"a"}, "s");
  body(silu, "Mul", {"a", "s"}, "b");
  onnx::FunctionProto& gate = function(net, "gate", {"a", "w", "none"}, {"o", "same"});
  body(gate, "MatMul", {"a", "w"}, "s");
  body(gate, "silu", {"s"}, "t").set_domain("pkg.torch");
  onnx::AttributeProto& alpha = *body(gate, "Elu", {"t"}, "o").add_attribute();
  alpha.set_name("alpha");
  alpha.set_type(onnx::AttributeProto::FLOAT);
  alpha.set_ref_attr_name("slope");
  body(gate, "Identity", {"a"}, "unread");
  gate.set_output(1, "a");
  return net;
}

}  // namespace

TEST_CASE("Functions of the file are their bodies, names and attributes those of each call") {
  Net net = gated();
  net.random("w", {8, 8}).random("v", {8, 8});
  call(net, "gate", {"x", "w"}, {"p", "s"}).with("slope", 0.5F);
  call(net, "gate", {"p", "v"}, {"q", ""});
  net.line("Add", {"q", "s"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(imported_of(net).macs.matmul_weights == 2 * 16 * 8 * 8);

  Net plain({1, 16, 8});  // the same without functions
  plain.random("w", {8, 8}).random("v", {8, 8});
  plain.line("MatMul", {"x", "w"}, "a").line("Sigmoid", {"a"}, "b").line("Mul", {"a", "b"}, "c");
  plain.line("Elu", {"c"}, "p").with("alpha", 0.5F);
  plain.line("MatMul", {"p", "v"}, "d").line("Sigmoid", {"d"}, "e").line("Mul", {"d", "e"}, "f");
  plain.line("Elu", {"f"}, "q").line("Add", {"q", "x"}, "y").output("y");
  const std::vector<float> ones(16 * 8, 0.75F);
  CHECK(reals(computed(net, {ones})) == reals(computed(plain, {ones})));
}

TEST_CASE("Functions without an end, defined twice or of another operator set are told") {
  Net endless({1, 8});
  body(function(endless, "f", {"a"}, {"b"}), "f", {"a"}, "b").set_domain("pkg.torch");
  call(endless, "f", {"x"}, {"y"}).output("y");
  CHECK(refusal(endless).find("function 'pkg.torch.f': is called through 64 others, or by itself") !=
        std::string::npos);

  Net empty({1, 8});  // each calls the next twice, the last does nothing
  for (int i = 0; i < 40; ++i) {
    onnx::FunctionProto& f = function(empty, "f" + std::to_string(i), {"a"}, {"b"});
    for (const char* to : {"c", "b"})
      if (i < 39) body(f, "f" + std::to_string(i + 1), {"a"}, to).set_domain("pkg.torch");
  }
  call(empty, "f0", {"x"}, {"y"}).output("y");
  CHECK(refusal(empty).find("functions: make more than 200000 nodes and calls") != std::string::npos);

  Net heavy({1, 8});  // the last has a constant of 1 MB
  for (int i = 0; i < 12; ++i) {
    onnx::FunctionProto& f = function(heavy, "f" + std::to_string(i), {"a"}, {"b"});
    for (const char* to : {"c", "b"})
      if (i < 11) body(f, "f" + std::to_string(i + 1), {"a"}, to).set_domain("pkg.torch");
    if (i < 11) continue;
    onnx::AttributeProto& value = *body(f, "Constant", {}, "b").add_attribute();
    value.set_name("value");
    value.mutable_t()->set_raw_data(std::string(1 << 20, 0));
  }
  call(heavy, "f0", {"x"}, {"y"}).output("y");
  CHECK(refusal(heavy).find("or 268435456 bytes of them") != std::string::npos);

  Net wide({1, 8});  // each calls the next four times
  for (int i = 0; i < 20; ++i) {
    onnx::FunctionProto& f = function(wide, "f" + std::to_string(i), {"a"}, {"b"});
    std::string last = "a";
    for (const char* to : {"c", "d", "e", "b"}) {
      onnx::NodeProto& node = body(f, i == 19 ? "Relu" : "f" + std::to_string(i + 1), {last}, to);
      if (i < 19) node.set_domain("pkg.torch");
      last = to;
    }
  }
  call(wide, "f0", {"x"}, {"y"}).output("y");
  CHECK(refusal(wide).find("make more than 200000 nodes") != std::string::npos);

  Net twice({1, 8});
  for (int i = 0; i < 2; ++i) body(function(twice, "f", {"a"}, {"b"}), "Relu", {"a"}, "b");
  call(twice, "f", {"x"}, {"y"}).output("y");
  CHECK(refusal(twice).find("function 'pkg.torch.f': is defined twice") != std::string::npos);

  Net other({1, 8});
  onnx::FunctionProto& f = function(other, "f", {"a"}, {"b"});
  body(f, "Relu", {"a"}, "b");
  f.mutable_opset_import(0)->set_version(9);
  call(other, "f", {"x"}, {"y"}).output("y");
  CHECK(refusal(other).find("is of operator set 9; 17, as the graph is") != std::string::npos);
}

TEST_CASE("Parts of a softmax, or of a sigmoid that others read too, beside numbers of another range") {
  Net scores({1, 8, 8, 8});
  scores.conv("x", "c", 8, 24);
  scores.line("Softmax", {"c"}, "s").with("axis", 1).number("five", 5).line("Mul", {"c", "five"}, "m");
  join(scores, {"s", "m"}, "y", 1).output("y");
  CHECK(layers_error(scores) < int8_error);

  Net boxes({1, 8, 8, 8});  // sizes of boxes are squares of what the scores have the sigmoid of
  boxes.conv("x", "c", 8, 24).line("Sigmoid", {"c"}, "s").integers("parts", {16, 8});
  boxes.node("Split", {"s", "parts"}, {"size", "score"}).with("axis", 1).random("anchors", {16, 1, 1});
  boxes.line("Mul", {"size", "size"}, "square").number("far", 400).line("Mul", {"square", "far"}, "wide");
  boxes.line("Mul", {"wide", "anchors"}, "box");
  join(boxes, {"box", "score"}, "y", 1).output("y");
  CHECK(layers_error(boxes) < int8_error);
}

TEST_CASE("Pixels become channels where an image has three") {
  Net net({1, 3, 8, 8});  // PixelUnshuffle
  reshape(net, "x", "v", {1, 3, 4, 2, 4, 2});
  turn(net, "v", "t", {0, 1, 3, 5, 2, 4});
  reshape(net, "t", "u", {1, 12, 4, 4}).conv("u", "y", 12, 8).output("y");
  CHECK(layers_error(net) < int8_error);
}

TEST_CASE("Flattened maps of more pixels than a core has room for taps") {
  for (const Sides& map : {Sides{1, 8, 24, 24}, Sides{1, 3, 40, 40}}) {
    Net net(map);
    const std::int64_t all = map[1] * map[2] * map[3];
    net.line("Flatten", {"x"}, "f").random("w", {4, all}).line("Gemm", {"f", "w"}, "y").with("transB", 1).output("y");
    CHECK(layers_error(net) < int8_error);
    for (const network::Layer& layer : imported_of(net).network.layers)
      if (layer.op == network::Op::conv2d) CHECK(layer.in.h * layer.in.w <= 400);
  }
  Net rows({1, 500, 8});  // of tokens: channels inside
  reshape(rows, "x", "f", {1, 4000});
  linear(rows, "f", "y", 4000, 4).output("y");
  CHECK(layers_error(rows) < int8_error);
}

TEST_CASE("Dots of an Einsum are the dimensions that have no letter") {
  for (const char* equation : {"...d,de->...e", "b...d,d...->b...", "...ab,...bc->...ac"}) {
    Net net({1, 6, 8});
    net.random("w", std::string(equation).find("bc") != std::string::npos ? Sides{1, 8, 4} : Sides{8, 4});
    if (std::string(equation)[0] == 'b') net = Net({1, 4, 8}), net.random("w", {8, 4});
    net.line("Einsum", {"x", "w"}, "y").with("equation", std::string(equation)).output("y");
    CHECK(layers_error(net) < int8_error);
  }
}

TEST_CASE("Rows that integers of the inputs name are a product with a matrix of the host") {
  for (const char* op : {"Gather", "GatherND"}) {
    Net net({1, 16, 8});
    net.input("ids", {1, 16}, "N", 7);
    linear(net, "x", "h", 8, 8);
    net.line("ArgMax", {"ids"}, "last").with("axis", -1).with("keepdims", 1);
    if (op == std::string("GatherND")) {
      net.constant("zero", {1, 1}, 7).add_int64_data(0);
      join(net, {"zero", "last"}, "at", 1).line(op, {"h", "at"}, "y").output("y");
    } else {
      net.line(op, {"h", "last"}, "y").with("axis", 1).output("y");
    }
    const Imported imported = imported_of(net);
    CHECK(imported.macs.total() == 16 * 8 * 8);
    CHECK(imported.inputs.size() == 2);
    CHECK(imported.outputs[0].shape() == (op == std::string("Gather") ? Dims{1, 1, 1, 8} : Dims{1, 8}));
    CHECK(count(imported, network::Op::matmul) == 1);
  }
  Net computed_indices({1, 16, 8});  // which no host knows before
  linear(computed_indices, "x", "h", 8, 8).line("ArgMax", {"h"}, "last").with("axis", 1).with("keepdims", 0);
  computed_indices.line("Gather", {"h", "last"}, "y").with("axis", 1).output("y");
  CHECK(refusal(computed_indices).find("node 'y' (Gather).indices: are no constants") != std::string::npos);
}

TEST_CASE("Names of nodes may be any bytes: those of layers are UTF-8 and of a length that files of masks hold") {
  Net net({1, 8, 4, 4});
  net.conv("x", "a", 8, 8).conv("a", "b", 8, 8).conv("b", "y", 8, 8).output("y");
  for (int n = 0; n < 2; ++n) net.model.mutable_graph()->mutable_node(n)->set_name("\xff/caf\xe9");
  net.model.mutable_graph()->mutable_node(2)->set_name(std::string(100'000, 'n'));
  const Imported imported = imported_of(net);
  CHECK_NOTHROW(imported.file.dump());
  CHECK(imported.network.layers[3].name == std::string(200, 'n'));
  CHECK(imported.network.layers[1].name == "\xef\xbf\xbd.caf\xef\xbf\xbd");
}

TEST_CASE("Products of transposed convolutions are counted among those of convolutions, and apart") {
  Net net({1, 8, 6, 6});
  net.random("up", {8, 4, 2, 2}).line("ConvTranspose", {"x", "up"}, "t").with("strides", Sides{2, 2});
  net.conv("t", "y", 4, 8).output("y");
  const MacCount macs = imported_of(net).macs;
  CHECK(macs.transposed == 6 * 6 * 8 * 4 * 2 * 2);
  CHECK(macs.conv == macs.transposed + 12 * 12 * 4 * 8);
}

TEST_CASE("PyTorch counts by NonZero of ones before operator set 11") {
  Net net({1, 8, 4, 3});
  net.model.mutable_opset_import(0)->set_version(9);
  net.floats("ones", {3}, {1, 1, 1}).line("NonZero", {"ones"}, "row").line("Transpose", {"row"}, "column");
  net.line("Squeeze", {"column"}, "count").with("axes", Sides{1}).line("Cast", {"count"}, "grid").with("to", 1);
  net.line("Add", {"x", "grid"}, "y").output("y");
  CHECK(layers_error(net) < int8_error);
  Net data({1, 8, 4, 3});
  data.line("NonZero", {"x"}, "y").output("y");
  CHECK(refusal(data).find("node 'y' (NonZero): the operator NonZero") != std::string::npos);
}

TEST_CASE("An image with its channels last stands as the array has it: nothing is moved before the first convolution") {
  const auto convolution = [](Net& net) {
    net.line("Transpose", {"image"}, "map").with("perm", Sides{0, 3, 1, 2}).random("w", {8, 3, 3, 3});
    net.line("Conv", {"map", "w"}, "y").output("y");
  };
  Net plain({1, 12, 10, 3});
  plain.line("Identity", {"x"}, "image");
  Net normalized({1, 12, 10, 3});  // by channel
  normalized.random("mean", {3}).line("Sub", {"x", "mean"}, "image");
  Net padded({1, 12, 10, 3});
  padded.integers("pads", {0, 1, 1, 0, 0, 1, 1, 0}).line("Pad", {"x", "pads"}, "image");
  Net turned({1, 12, 10, 3});  // blue, green, red
  turned.integers("order", {2, 1, 0}).line("Gather", {"x", "order"}, "image").with("axis", 3);
  for (Net* net : {&plain, &normalized, &padded, &turned}) {
    convolution(*net);
    CHECK(layers_error(*net) < int8_error);
    const Imported imported = imported_of(*net);
    CHECK(imported.network.layers[0].out == network::Shape{12, 10, 3});
    CHECK(count(imported, network::Op::transpose) == 0);
  }
  CHECK(imported_of(plain).network.layers.size() == 2);
  Net grey({1, 12, 10, 1});  // a Reshape does the same to one channel
  grey.integers("shape", {1, 1, 12, 10}).line("Reshape", {"x", "shape"}, "map").random("w", {8, 1, 3, 3});
  grey.line("Conv", {"map", "w"}, "y").output("y");
  CHECK(layers_error(grey) < int8_error);
  CHECK(imported_of(grey).network.layers.size() == 2);
  Net rows({1, 8, 6, 8});  // not of an image: its channels are looked for where they stand
  rows.conv("x", "c", 8, 8).line("Transpose", {"x"}, "t").with("perm", Sides{0, 3, 1, 2});
  rows.line("Add", {"c", "c"}, "y").line("Relu", {"t"}, "z").output("y").output("z");
  CHECK(imported_of(rows).network.layers[0].out == network::Shape{6, 8, 8});
}
