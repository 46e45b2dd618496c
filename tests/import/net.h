// Small networks with random weights, and what the file itself says that they compute.
#pragma once
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/import/import.h"
#include "sim/import/infer.h"
#include "sim/import/opset.h"
#include "sim/network/network_file.h"
#include "tests/import/layer_values.h"
#include "tests/import/model_builder.h"
#include "tests/import/temporary_folder.h"

namespace tessera::import::test {

class Net : public ModelBuilder {
 public:
  explicit Net(Sides input_shape = {1, 8, 6, 6}) : shape(input_shape), shapes{input_shape}, names{"x"} {
    input("x", shape);
  }

  Net& random(const std::string& name, const Sides& sides) {
    std::size_t count = 1;
    for (const std::int64_t side : sides) count *= static_cast<std::size_t>(side);
    std::vector<float> values(count);
    for (float& v : values) v = static_cast<float>(2 * random_.uniform() - 1);
    floats(name, sides, values);
    return *this;
  }
  Net& number(const std::string& name, float value) {
    floats(name, {}, {value});
    return *this;
  }
  // A convolution of 1 x 1.
  Net& conv(const std::string& from, const std::string& to, std::int64_t in, std::int64_t out) {
    random(to + "_w", {out, in, 1, 1});
    node("Conv", {from, to + "_w"}, {to});
    return *this;
  }
  // Two halves of 8 channels.
  Net& halves(const std::string& from, const std::string& a, const std::string& b) {
    integers("halves", {8, 8}).node("Split", {from, "halves"}, {a, b}).with("axis", 1);
    return *this;
  }
  // QuantizeLinear and DequantizeLinear.
  Net& qdq(const std::string& from, const std::string& to, float scale) {
    number(to + "_scale", scale);
    constant(to + "_zero", {}, 3).add_int32_data(0);
    node("QuantizeLinear", {from, to + "_scale", to + "_zero"}, {to + "_q"});
    node("DequantizeLinear", {to + "_q", to + "_scale", to + "_zero"}, {to});
    return *this;
  }

  Net& tensor(const std::string& name, const Sides& sides) {  // a further input
    shapes.push_back(sides);
    names.push_back(name);
    input(name, sides);
    return *this;
  }
  // Those of ModelBuilder, to go on with.
  Net& integers(const std::string& name, const Sides& values) {
    ModelBuilder::integers(name, values);
    return *this;
  }
  Net& floats(const std::string& name, const Sides& sides, const std::vector<float>& values) {
    ModelBuilder::floats(name, sides, values);
    return *this;
  }
  Net& node(const std::string& op, const std::vector<std::string>& in, const std::vector<std::string>& out) {
    ModelBuilder::node(op, in, out);
    return *this;
  }
  template <class Value>
  Net& with(const std::string& name, const Value& value) {
    ModelBuilder::with(name, value);
    return *this;
  }
  Net& line(const std::string& op, const std::vector<std::string>& in, const std::string& out) {
    node(op, in, {out});
    return *this;
  }

  Sides shape;
  std::vector<Sides> shapes;  // of all inputs
  std::vector<std::string> names;

 private:
  Random random_{11};
};

inline Imported imported_of(const Net& net) {
  const TemporaryFolder folder;
  Expected<Imported> imported = import_onnx(net.write(folder.path, "m.onnx"), {});
  if (!imported) FAIL(describe(imported.failure()));
  const auto again = network::parse_network(imported->file, "m.json");  // with its scales, as a run reads it
  if (!again) FAIL(describe(again.failure()));
  return std::move(*imported);
}

// What a file is refused with; `read` where it is not.
inline std::string refusal(const Net& net) {
  const TemporaryFolder folder;
  const Expected<Imported> imported = import_onnx(net.write(folder.path, "m.onnx"), {});
  return imported ? "read" : describe(imported.failure());
}

// The first output of the file for these inputs: the same file with the inputs in it is a constant, which is computed
// while it is read.
inline Tensor computed(Net net, const std::vector<std::vector<float>>& inputs) {
  net.model.mutable_graph()->clear_input();
  for (std::size_t i = 0; i < inputs.size(); ++i) net.floats(net.names[i], net.shapes[i], inputs[i]);
  const TemporaryFolder folder;
  Expected<Graph> graph = read_onnx(net.write(folder.path, "m.onnx"), {});
  REQUIRE(graph);
  upgrade(*graph);
  REQUIRE(import::infer(*graph).empty());
  const Value& out = graph->values[static_cast<std::size_t>(graph->outputs[0])];
  REQUIRE(out.constant);
  return *out.constant;
}

// Root mean square of the error of the int8 layers, or ten times that in float32 where it is larger, for random inputs,
// over that of the file's first output.
inline double layers_error(const Net& net) {
  Random random(5);
  std::vector<std::vector<float>> inputs;
  std::vector<std::vector<double>> given;
  for (const Sides& shape : net.shapes) {
    inputs.emplace_back(static_cast<std::size_t>(element_count(shape)));
    for (float& v : inputs.back()) v = static_cast<float>(2 * random.uniform() - 1);
    given.emplace_back(inputs.back().begin(), inputs.back().end());
  }
  LayerValues layers(imported_of(net));
  const std::vector<double> want = reals(computed(net, inputs));
  // What is rounded in the file alone is exact in float32; positions in resized maps are multiples of 1/256 pixel.
  const double in_float = layers.imported().file_scales.empty() ? layers.float_error(given, want) : 0;
  constexpr double weight = 10;  // of it, against int8
  return std::max(layers.error(given, want), weight * in_float);
}

}  // namespace tessera::import::test
