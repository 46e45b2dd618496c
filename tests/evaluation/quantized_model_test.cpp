// Does the int8 network compute what a quantized ONNX file says? Judged by the importer's own plain-loop arithmetic of
// the operators: the same file with the image in it is a constant, which is computed while it is read.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "sim/base/random.h"
#include "sim/evaluation/integer_network.h"
#include "sim/import/infer.h"
#include "sim/import/opset.h"
#include "sim/import/scales.h"
#include "sim/network/network_file.h"
#include "tests/import/model_builder.h"
#include "tests/import/temporary_folder.h"

using namespace tessera;
using namespace tessera::evaluation;
using namespace tessera::import;
using namespace tessera::import::test;
using Catch::Contains;

namespace {

constexpr int i8 = 3, u8 = 2, i32 = 6;  // of TensorProto.DataType

class QuantizedBuilder {
 public:
  explicit QuantizedBuilder(std::uint64_t seed) : random_(seed) {}

  void scalar(const std::string& name, double value) { model.floats(name, {}, {static_cast<float>(value)}); }
  void integers(const std::string& name, const Sides& shape, int type, const std::vector<int>& values) {
    onnx::TensorProto& tensor = model.constant(name, shape, type);
    for (const int v : values) tensor.add_int32_data(v);
  }
  std::vector<int> random_values(std::int64_t count, int limit) {
    std::vector<int> values;
    for (std::int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<int>(random_.below(2U * static_cast<unsigned>(limit) + 1)) - limit);
    return values;
  }
  // Behind `from`: QuantizeLinear and DequantizeLinear; the name of the latter's output.
  std::string qdq(const std::string& from, double scale, int zero = 0, int type = i8) {
    const std::string name = from + "_q" + std::to_string(count_++);
    scalar(name + "_scale", scale);
    integers(name + "_zero", {}, type, {zero});
    model.node("QuantizeLinear", {from, name + "_scale", name + "_zero"}, {name});
    model.node("DequantizeLinear", {name, name + "_scale", name + "_zero"}, {name + "_real"});
    return name + "_real";
  }
  // Weights and bias as integers with a scale per output channel, or one for all.
  std::vector<std::string> parameters(const std::string& name, const Sides& shape, double in, bool per_channel) {
    std::int64_t count = 1;
    for (const std::int64_t side : shape) count *= side;
    std::vector<float> scales, bias_scales;
    for (std::int64_t c = 0; c < (per_channel ? shape[0] : 1); ++c) {
      scales.push_back(static_cast<float>(0.003 * (1 + 0.37 * static_cast<double>(c % 7))));
      bias_scales.push_back(static_cast<float>(scales.back() * in));
    }
    const Sides sides = per_channel ? Sides{shape[0]} : Sides{};
    integers(name + "_w", shape, i8, random_values(count, 127));
    integers(name + "_b", {shape[0]}, i32, random_values(shape[0], 3000));
    for (const auto& [what, values] : {std::pair{"_w", scales}, {"_b", bias_scales}}) {
      model.floats(name + what + "_scale", sides, values);
      model.node("DequantizeLinear", {name + what, name + what + "_scale"}, {name + what + "_real"}).with("axis", 0);
    }
    return {name + "_w_real", name + "_b_real"};
  }

  ModelBuilder model{17};

 private:
  Random random_;
  int count_ = 0;
};

// What the file says of the image: its last output in steps of `step`.
std::vector<int> computed(ModelBuilder model, const std::vector<float>& image, const Sides& shape, double step) {
  model.model.mutable_graph()->clear_input();
  model.floats("x", shape, image);
  const TemporaryFolder folder;
  Expected<Graph> graph = read_onnx(model.write(folder.path, "m.onnx"), {});
  REQUIRE(graph);
  upgrade(*graph);
  REQUIRE(import::infer(*graph).empty());
  const Value& out = graph->values[static_cast<std::size_t>(graph->outputs[0])];
  REQUIRE(out.constant);
  std::vector<int> values;
  for (const double v : reals(*out.constant)) values.push_back(static_cast<int>(std::lround(v / step)));
  return values;
}

// The differences between int8 network and file, over several images; the network as the reader of network files has
// it.
std::vector<int> differences(const ModelBuilder& model, const Sides& shape, double step) {
  const TemporaryFolder folder;
  Expected<Imported> imported = import_onnx(model.write(folder.path, "m.onnx"), {});
  if (!imported) FAIL(describe(imported.failure()));
  CHECK(imported->scales.back().step == static_cast<double>(static_cast<float>(step)));
  const network::Network network = *network::parse_network(imported->file, "net.json");
  const IntegerNetwork integers(network, integer_weights(*imported, {}));
  Random random(5);
  std::vector<int> all;
  for (int round = 0; round < 5; ++round) {
    std::vector<float> image(static_cast<std::size_t>(shape[1] * shape[2] * shape[3])), turned(image.size());
    for (float& v : image) v = static_cast<float>(3 * random.uniform() - 1.5);
    const auto h = static_cast<std::size_t>(shape[2]), w = static_cast<std::size_t>(shape[3]),
               c = static_cast<std::size_t>(shape[1]);
    for (std::size_t i = 0; i < image.size(); ++i) turned[i % (h * w) * c + i / (h * w)] = image[i];
    const std::vector<std::int8_t> got =
        integers.run(quantize(turned.data(), static_cast<std::int64_t>(turned.size()), imported->scales[0].step));
    const std::vector<int> want = computed(model, image, shape, step);
    REQUIRE(got.size() == want.size());
    int distinct = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      all.push_back(std::abs(got[i] - want[i]));
      distinct += want[i] != want[0] ? 1 : 0;
    }
    CHECK(distinct > 0);
  }
  return all;
}

QuantizedBuilder residual(bool per_channel, double relu_scale, double residual_scale) {
  QuantizedBuilder b(7);
  b.model.input("x", {1, 3, 9, 9});
  const std::string x = b.qdq("x", 0.0123);
  std::vector<std::string> stem = b.parameters("stem", {16, 3, 3, 3}, 0.0123, per_channel);
  b.model.node("Conv", {x, stem[0], stem[1]}, {"stem"}).with("pads", Sides{1, 1, 1, 1});
  b.model.node("Relu", {b.qdq("stem", 0.021)}, {"stem_relu"});
  const std::string a = b.qdq("stem_relu", relu_scale);
  b.model.node("MaxPool", {a}, {"pool"}).with("kernel_shape", Sides{2, 2}).with("strides", Sides{1, 1});
  const std::string pool = b.qdq("pool", relu_scale);
  std::vector<std::string> side = b.parameters("side", {16, 16, 1, 1}, relu_scale, !per_channel);
  b.model.node("Conv", {pool, side[0], side[1]}, {"side"});
  const std::string s = b.qdq("side", 0.04);
  b.model.node("Add", {s, pool}, {"sum"});
  b.model.node("Relu", {b.qdq("sum", residual_scale)}, {"sum_relu"});
  const std::string sum = b.qdq("sum_relu", residual_scale);
  b.model.node("Concat", {sum, s}, {"cat"}).with("axis", 1);
  b.model.node("GlobalAveragePool", {b.qdq("cat", 0.05)}, {"mean"});
  b.model.node("Flatten", {b.qdq("mean", 0.02)}, {"flat"});
  std::vector<std::string> fc = b.parameters("fc", {10, 32}, 0.02, per_channel);
  b.model.node("Gemm", {b.qdq("flat", 0.02), fc[0], fc[1]}, {"y"}).with("transB", 1);
  b.model.output(b.qdq("y", 0.031));
  return b;
}

}  // namespace

TEST_CASE("A residual network of QDQ nodes is what the file says, to one step") {
  for (const bool per_channel : {false, true})
    for (const auto& [relu, sum] : {std::pair{0.021, 0.03}, {0.017, 0.055}}) {
      CAPTURE(per_channel, relu);
      const QuantizedBuilder b = residual(per_channel, relu, sum);
      const std::vector<int> off = differences(b.model, {1, 3, 9, 9}, 0.031);
      CHECK(*std::max_element(off.begin(), off.end()) <= 1);
      CHECK(std::count(off.begin(), off.end(), 0) * 10 >= static_cast<std::ptrdiff_t>(off.size()) * 9);
    }
}

TEST_CASE("QLinearConv and QLinearMatMul, uint8 around 128 and int8") {
  for (const int type : {i8, u8}) {
    QuantizedBuilder b(9);
    const int zero = type == u8 ? 128 : 0;
    b.model.input("x", {1, 4, 6, 5});
    b.scalar("xs", 0.012);
    b.scalar("ys", 0.05);
    b.scalar("zs", 0.2);
    b.integers("z", {}, type, {zero});
    b.integers("w0", {8}, i8, std::vector<int>(8, 0));
    b.model.floats("ws", {8}, {0.002F, 0.004F, 0.003F, 0.001F, 0.0025F, 0.0011F, 0.006F, 0.0021F});
    b.integers("w", {8, 4, 3, 3}, i8, b.random_values(8 * 4 * 9, 127));
    b.integers("bias", {8}, i32, b.random_values(8, 4000));
    b.integers("m", {240, 3}, i8, b.random_values(240 * 3, 127));
    b.scalar("ms", 0.003);
    b.integers("m0", {}, i8, {0});
    b.model.node("QuantizeLinear", {"x", "xs", "z"}, {"xq"});
    b.model.node("QLinearConv", {"xq", "xs", "z", "w", "ws", "w0", "ys", "z", "bias"}, {"c"})
        .with("pads", Sides{1, 1, 1, 1});
    b.model.node("Flatten", {"c"}, {"f"});
    b.model.node("QLinearMatMul", {"f", "ys", "z", "m", "ms", "m0", "zs", "z"}, {"p"});
    b.model.node("DequantizeLinear", {"p", "zs", "z"}, {"y"}).output("y");
    const std::vector<int> off = differences(b.model, {1, 4, 6, 5}, 0.2);
    CHECK(*std::max_element(off.begin(), off.end()) <= 1);
  }
}

TEST_CASE("What int8 cannot say is refused by node") {
  const auto problems = [](QuantizedBuilder& b) {
    const TemporaryFolder folder;
    const Expected<Imported> imported = import_onnx(b.model.write(folder.path, "m.onnx"), {});
    return imported ? "" : describe(imported.failure());
  };
  const auto relu_behind = [&](double scale, int zero, int type) {
    QuantizedBuilder b(3);
    b.model.input("x", {1, 3, 4, 4});
    b.model.filled("w", {8, 3, 1, 1}).node("Conv", {b.qdq("x", scale, zero, type), "w"}, {"y"}).output("y");
    return problems(b);
  };
  CHECK(relu_behind(0.1, 0, i8) == "");
  CHECK(relu_behind(0.1, 128, u8) == "");
  CHECK(relu_behind(0.1, 3, i8) == "");  // a larger step holds its range
  CHECK_THAT(relu_behind(0.1, 0, i32), Contains("node 'x_q0' (QuantizeLinear)") && Contains("int32"));
  CHECK_THAT(relu_behind(0, 0, i8), Contains("has a scale of 0"));
  QuantizedBuilder b(3);
  b.model.input("x", {1, 3, 4, 4});
  std::vector<std::string> w = b.parameters("w", {8, 3, 1, 1}, 0.1, true);
  b.model.model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_i(1);
  b.model.node("Conv", {b.qdq("x", 0.1), w[0]}, {"y"}).output("y");
  CHECK_THAT(problems(b), Contains("scale"));
  QuantizedBuilder nan(3);
  nan.model.input("x", {1, 1, 4, 4}).floats("w", {1, 1, 1, 1}, {std::nanf("")});
  nan.model.node("Conv", {"x", "w"}, {"conv"}).output("conv");
  CHECK_THAT(problems(nan), Contains("node 'conv' (Conv): reads 'w', which holds 1 values that are no numbers"));
}

TEST_CASE("Fixed point: the nearest fraction with a common shift") {
  const FixedPoint one = fixed_point({1.0, 0.5, 0.75});
  CHECK(one.shift == 30);
  CHECK(one.multipliers == std::vector<std::int32_t>{1 << 30, 1 << 29, 3 << 28});
  const FixedPoint small = fixed_point({1e-3});
  CHECK(std::ldexp(small.multipliers[0], -small.shift) == Approx(1e-3).epsilon(1e-9));
  CHECK(small.multipliers[0] >= 1 << 30);
  CHECK(fixed_point({1e-30}).shift == 62);
  CHECK(fixed_point({4e9}).multipliers[0] == 2147483647);
}
