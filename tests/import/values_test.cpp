// Do the layers compute what the nodes say? Judged by the importer's own plain-loop arithmetic of the operators: the
// same file with the input in it is a constant, which is computed while it is read.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/evaluation/integer_network.h"
#include "sim/import/scales.h"
#include "sim/network/network_file.h"
#include "tests/import/net.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;
using Catch::Contains;

namespace {

// 1 x channels x height x width -> height x width x channels, or back; others as they are.
template <class T>
std::vector<T> turned(const std::vector<T>& values, const Dims& shape, bool back) {
  if (shape.size() != 4) return values;
  const auto c = static_cast<std::size_t>(shape[1]), pixels = values.size() / c;
  std::vector<T> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t to = i % pixels * c + i / pixels;
    (back ? out[i] : out[to]) = values[back ? to : i];
  }
  return out;
}

// Root mean square of the difference between the int8 network's last tensor and the file's output, over that of the
// output.
double error_of(const Net& net) {
  const Imported imported = imported_of(net);
  const network::Network network = *network::parse_network(imported.file, "net.json");
  const evaluation::IntegerNetwork integers(network, evaluation::integer_weights(imported, {}));
  Random random(5);
  std::vector<std::int8_t> x(static_cast<std::size_t>(network.layers[0].out.elements()));
  for (std::int8_t& v : x) v = static_cast<std::int8_t>(static_cast<int>(random.below(141)) - 70);
  std::vector<float> real;
  for (const std::int8_t v : turned(x, net.shape, true))
    real.push_back(static_cast<float>(v * imported.scales[0].step));
  const Tensor want = computed(net, {real});
  const std::vector<double> wanted = reals(want);
  const std::vector<std::int8_t> got = turned(integers.run(x), want.shape, true);
  REQUIRE(got.size() == wanted.size());
  double off = 0, all = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    off += std::pow(got[i] * imported.scales.back().step - wanted[i], 2);
    all += wanted[i] * wanted[i];
  }
  return std::sqrt(off / all);
}

constexpr double int8_error = 0.15;  // what int8 leaves

}  // namespace

TEST_CASE("A function leaves alone what others read of the layer of its argument") {
  Net glu;
  glu.conv("x", "v", 8, 16).halves("v", "a", "b").node("Sigmoid", {"b"}, {"s"}).node("Mul", {"a", "s"}, {"y"});
  glu.output("y");
  CHECK(error_of(glu) < int8_error);
  Net half;
  half.conv("x", "v", 8, 16).halves("v", "a", "b").node("Relu", {"b"}, {"r"}).node("Sub", {"a", "r"}, {"y"});
  half.output("y");
  CHECK(error_of(half) < int8_error);
  Net scaled;
  scaled.conv("x", "v", 8, 8).number("two", 2).node("Mul", {"v", "two"}, {"m"}).node("Relu", {"m"}, {"r"});
  scaled.node("Sub", {"v", "r"}, {"y"}).output("y");
  CHECK(error_of(scaled) < int8_error);
  Net clipped;
  clipped.conv("x", "v", 8, 8).number("zero", 0).number("one", 1);
  clipped.integers("flat", {1, 8, 36}).integers("map", {1, 8, 6, 6});
  clipped.node("Reshape", {"v", "flat"}, {"f"}).node("Clip", {"f", "zero", "one"}, {"c"});
  clipped.node("Reshape", {"c", "map"}, {"m"}).node("Sub", {"v", "m"}, {"y"}).output("y");
  CHECK(error_of(clipped) < int8_error);
  Net read;  // before: by a layer that is there already
  read.conv("x", "v", 8, 8).number("two", 2).node("Mul", {"v", "two"}, {"m"});
  read.conv("v", "u", 8, 8).node("Relu", {"m"}, {"r"}).node("Add", {"u", "r"}, {"y"}).output("y");
  CHECK(error_of(read) < int8_error);
}

TEST_CASE("A function joins the layer that it alone reads, through views of it; not one that is an output") {
  Net net;
  net.conv("x", "v", 8, 8).number("two", 2).node("Mul", {"v", "two"}, {"m"}).node("Relu", {"m"}, {"r"});
  net.conv("r", "y", 8, 8).output("y");
  const Imported joined = imported_of(net);
  REQUIRE(joined.network.layers.size() == 3);
  CHECK(joined.network.layers[1].relu);
  CHECK(error_of(net) < int8_error);
  net.output("v");
  const Imported apart = imported_of(net);
  REQUIRE(apart.network.layers.size() == 4);
  CHECK_FALSE(apart.network.layers[1].relu);
}

TEST_CASE("Rows of a table are an input of their own, whoever reads the indices too") {
  ModelBuilder model;
  model.input("ids", {1, 4}, "", 7).filled("table", {10, 8}).integers("rows", {4});
  model.node("Reshape", {"ids", "rows"}, {"i"}).node("Gather", {"table", "i"}, {"g"}).node("Relu", {"g"}, {"r"});
  model.filled("other", {10, 8}).node("Gather", {"other", "ids"}, {"o"}).node("Add", {"r", "o"}, {"y"}).output("y");
  model.node("Neg", {"ids"}, {"n"}).output("n");  // stays with the host
  const TemporaryFolder folder;
  const Expected<Imported> imported = import_onnx(model.write(folder.path, "m.onnx"), {});
  REQUIRE(imported);
  REQUIRE(imported->inputs.size() == 2);
  for (const View& view : imported->inputs) CHECK(view.c == 8);
  CHECK(imported->outputs.size() == 1);
}

TEST_CASE("Parts of a concatenation get one factor") {
  for (const auto& factors : {std::vector<float>{2, 3, 2}, {2, 2, 2}, {1, 2, 1}, {2, 1, 2}, {-1, -1, -1}, {-1, 2, 1}}) {
    CAPTURE(factors);
    Net net;
    for (const char* part : {"a", "b", "c"}) {
      const std::string name = part;
      net.conv("x", name, 8, 8).number("f" + name, factors[static_cast<std::size_t>(*part - 'a')]);
      net.node("Mul", {name, "f" + name}, {"m" + name});
    }
    net.node("Concat", {"ma", "mb", "mc"}, {"cat"}).with("axis", 1);
    net.conv("cat", "y", 24, 8).output("y");
    CHECK(error_of(net) < int8_error);
  }
  Net scales;  // a common one is computed into the part that has another
  scales.conv("x", "v", 8, 8).qdq("v", "a", 0.05F).conv("x", "b", 8, 8).number("two", 2);
  scales.node("Mul", {"a", "two"}, {"ma"}).node("Mul", {"b", "two"}, {"mb"});
  scales.node("Concat", {"ma", "mb"}, {"cat"}).with("axis", 1);
  scales.qdq("cat", "q", 0.06F);
  scales.conv("q", "y", 16, 8).output("y");
  CHECK(error_of(scales) < int8_error);
}

TEST_CASE("A scale of the file is that of the value, with its factor computed in") {
  for (const float factor : {2.0F, -2.0F}) {
    CAPTURE(factor);
    Net net;
    net.conv("x", "v", 8, 8).qdq("v", "vd", 0.05F).number("f", factor).node("Mul", {"vd", "f"}, {"m"});
    net.qdq("m", "md", 0.08F).conv("md", "y", 8, 8).output("y");
    const Imported imported = imported_of(net);
    REQUIRE(imported.network.layers.size() == 4);
    CHECK(imported.scales[2].step == Approx(0.08));
    CHECK(error_of(net) < int8_error);
  }
}

TEST_CASE("A scale of a part is not that of the rest") {
  Net net;
  net.conv("x", "v", 8, 16).halves("v", "a", "b").qdq("a", "aq", 0.002F).qdq("b", "bq", 0.05F);
  net.node("Add", {"aq", "bq"}, {"s"});
  net.conv("s", "y", 8, 8).output("y");
  CHECK(error_of(net) < int8_error);
}

TEST_CASE("Signs that tensors leave out are those of pools") {
  for (const Sides& shape : {Sides{1, 8, 6, 6}, Sides{1, 8, 64, 64}})
    for (const char* op : {"GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool"})
      for (const bool read : {false, true}) {
        CAPTURE(op, read, shape);
        Net net(shape);
        net.random("w", {8, 8, 1, 1}).random("b", {8}).node("Conv", {"x", "w", "b"}, {"v"});
        net.node("Neg", {"v"}, {"n"}).node(op, {"n"}, {read ? "p" : "y"});
        if (std::string(op) == "AveragePool" || std::string(op) == "MaxPool") net.with("kernel_shape", Sides{2, 2});
        if (read) net.conv("p", "y", 8, 8);
        net.output("y");
        const Imported imported = imported_of(net);
        for (const network::Layer& layer : imported.network.layers)
          if (layer.op == network::Op::avgpool) CHECK(layer.multiplier[0] > 1000);
        CHECK(error_of(net) < 2 * int8_error);  // maxima are beyond what steps without data hold
      }
}

TEST_CASE("Signs that tensors leave out are those of normalizations and masks") {
  Net norm({1, 6, 16});
  norm.random("w", {16, 16}).random("s", {16}).random("b", {16});
  norm.node("MatMul", {"x", "w"}, {"v"}).node("Neg", {"v"}, {"n"});
  norm.node("LayerNormalization", {"n", "s", "b"}, {"y"}).output("y");
  CHECK(error_of(norm) < int8_error);

  Net masked({1, 6, 16});
  onnx::TensorProto& mask = masked.constant("mask", {1, 6, 8}, 9);
  for (int i = 0; i < 48; ++i) mask.add_int32_data(i % 5 != 0);
  masked.random("w", {16, 8}).number("most", -1e9F);
  masked.node("MatMul", {"x", "w"}, {"v"}).node("Neg", {"v"}, {"n"}).node("Where", {"mask", "n", "most"}, {"m"});
  masked.node("Softmax", {"m"}, {"y"}).with("axis", -1).output("y");
  CHECK(error_of(masked) < int8_error);
}

TEST_CASE("Signs that tensors leave out are those of functions of a part") {
  Net part;
  part.conv("x", "v", 8, 16).halves("v", "a", "b").node("Neg", {"a"}, {"n"}).node("Relu", {"n"}, {"r"});
  part.node("Add", {"r", "b"}, {"y"}).output("y");
  for (const auto& weights : imported_of(part).weights)
    if (weights && weights->shape[3] == 1) CHECK(weights->shape[0] == 8);
  CHECK(error_of(part) < int8_error);
}

TEST_CASE("Signs that tensors leave out are those of outputs") {
  Net out;
  out.conv("x", "v", 8, 8).node("Neg", {"v"}, {"y"}).output("y");
  CHECK(error_of(out) < int8_error);
}

TEST_CASE("Signs that tensors leave out are those of products with integers of the file") {
  Net integers;
  onnx::TensorProto& w = integers.constant("w", {8, 8, 1, 1}, 3);
  for (int i = 0; i < 64; ++i) w.add_int32_data(i * 37 % 255 - 128);
  integers.number("ws", 0.01F).node("DequantizeLinear", {"w", "ws"}, {"wr"});
  integers.conv("x", "v", 8, 8).node("Neg", {"v"}, {"n"}).node("Conv", {"n", "wr"}, {"y"}).output("y");
  CHECK(error_of(integers) < int8_error);
}

TEST_CASE("A layer that would multiply by a negative number is told") {
  Net net;
  net.conv("x", "v", 8, 8).node("GlobalAveragePool", {"v"}, {"y"}).output("y");
  Imported imported = imported_of(net);
  CHECK(choose_scales(imported).empty());
  imported.factors["y"] = {-1};
  const std::vector<Problem> problems = choose_scales(imported);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "layer 'y'");
}
