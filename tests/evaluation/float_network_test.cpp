// Is a network calibrated whose layers are not convolutions alone? What it computes in int8 must come near what it
// computes in float32, whatever range its numbers have.
#include "sim/evaluation/float_network.h"

#include <algorithm>
#include <cmath>

#include "sim/evaluation/calibration.h"
#include "sim/evaluation/integer_network.h"
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::evaluation;
using namespace tessera::import;
using namespace tessera::import::test;
using Catch::Contains;

namespace {

constexpr int rows = 6, features = 16;

// A function behind sums, attention of one head, a normalization, and a function of its own.
Net transformer() {
  Net net({1, rows, features});
  linear(net, "x", "u", features, features).line("Sigmoid", {"u"}, "uu").line("Mul", {"u", "uu"}, "h");
  for (const char* part : {"q", "k", "v"}) linear(net, "h", part, features, features);
  turn(net, "k", "kt", {0, 2, 1}).line("MatMul", {"q", "kt"}, "scores").number("d", 400);
  net.line("Div", {"scores", "d"}, "s").node("Softmax", {"s"}, {"p"}).with("axis", -1);
  net.line("MatMul", {"p", "v"}, "o").line("Add", {"h", "o"}, "a");
  net.random("gain", {features}).random("shift", {features});
  net.node("LayerNormalization", {"a", "gain", "shift"}, {"n"}).with("axis", -1);
  linear(net, "n", "w", features, 4 * features).number("far", 9).line("Mul", {"w", "far"}, "wide");
  net.line("Sigmoid", {"wide"}, "gate").line("Mul", {"wide", "gate"}, "swish");
  linear(net, "swish", "y", 4 * features, features).output("y");
  return net;
}

Dataset images_of(const Imported& imported, int count) {
  Dataset set;
  set.shape = imported.network.layers[0].out;
  set.count = count;
  Random random(8);
  for (std::int64_t i = 0; i < count * set.stride(); ++i)
    set.images.push_back(static_cast<float>(20 * random.uniform() - 10));
  return set;
}

// Of the outputs, over them.
double error_in_int8(const Imported& imported, const Dataset& images) {
  const FloatNetwork in_float(imported);
  const IntegerNetwork in_int8(imported.network, integer_weights(imported, {}));
  double off = 0, all = 0;
  for (std::int64_t i = 0; i < images.count; ++i) {
    const Values want = in_float.run(images.image(i)).back().values;
    const std::vector<std::int8_t> got =
        in_int8.run(quantize(images.image(i), images.stride(), imported.scales.front().step));
    for (std::size_t v = 0; v < want.size(); ++v) {
      off += std::pow(got[v] * imported.scales.back().step - want[v], 2);
      all += want[v] * want[v];
    }
  }
  return std::sqrt(off / all);
}

}  // namespace

TEST_CASE("Images give a transformer its steps, and the sums in front of its functions theirs") {
  Imported imported = imported_of(transformer());
  const Dataset images = images_of(imported, 16);
  const double guessed = error_in_int8(imported, images);
  const ObservedSteps steps = observed_steps(imported, images);
  REQUIRE(choose_scales(imported, steps).empty());
  const double calibrated = error_in_int8(imported, images);
  CHECK(calibrated < 0.05);
  CHECK(calibrated < guessed / 2);
  REQUIRE(choose_scales(imported, {steps.tensors, {}}).empty());
  CHECK(error_in_int8(imported, images) > 1.2 * calibrated);
}

TEST_CASE("A share of a softmax keeps its step where images show other numbers of it") {
  Net net({1, rows, 8});
  net.node("Softmax", {"x"}, {"p"}).with("axis", -1).integers("begin", {1}).integers("end", {4}).integers("axis", {1});
  net.line("Slice", {"p", "begin", "end", "axis"}, "y").output("y");
  Imported imported = imported_of(net);
  const Dataset images = images_of(imported, 4);
  CHECK(choose_scales(imported, observed_steps(imported, images)).empty());
  CHECK(error_in_int8(imported, images) < 0.05);
}

TEST_CASE("Images of a network with further inputs are refused by input") {
  Net net({1, rows, 8});
  net.tensor("b", {1, rows, 8}).line("Add", {"x", "b"}, "y").output("y");
  const std::vector<Problem> problems = further_inputs(imported_of(net), "m.onnx");
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0].path, Contains("'b'"));
}
