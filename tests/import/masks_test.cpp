// Masks of scores: what stands for minus infinity must not cost the scores their steps, whether the file has it or an
// input brings it.
#include "sim/import/mask_constants.h"
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

constexpr int keys = 6, kept = 4;  // rows, and those that are not masked
constexpr float far_below = -1e4F;

std::vector<float> masked_rows() {
  std::vector<float> mask(keys, 0.0F);
  std::fill(mask.begin() + kept, mask.end(), far_below);
  return mask;
}

// softmax(x x^T + mask) x.
Net& attend(Net& net, const std::string& mask) {
  turn(net, "x", "xt", {0, 2, 1}).line("MatMul", {"x", "xt"}, "s").line("Add", {"s", mask}, "sm");
  net.node("Softmax", {"sm"}, {"p"}).with("axis", -1);
  return net.line("MatMul", {"p", "x"}, "y").output("y"), net;
}

std::vector<float> random_rows() {
  Random random(4);
  std::vector<float> values(keys * 8);
  for (float& v : values) v = static_cast<float>(2 * random.uniform() - 1);
  return values;
}

// With what the mask input of the layers gets, which the host may have made of the file's.
double masked_error(const Net& net, const std::vector<float>& of_file, const std::vector<double>& of_layers) {
  const std::vector<float> x = random_rows();
  const std::vector<double> want = reals(computed(net, {x, of_file}));
  LayerValues layers(imported_of(net));
  const std::vector<std::vector<double>> given{{x.begin(), x.end()}, of_layers};
  return std::max(layers.error(given, want), 10 * layers.float_error(given, want));
}

// Steps that are chosen without data: those of the sum hold the scores alone.
void check_steps(const Net& net) {
  const Imported imported = imported_of(net);
  int sums = 0;
  for (const network::Layer& layer : imported.network.layers) {
    const double step = imported.scales[static_cast<std::size_t>(layer.id)].step;
    if (layer.op == network::Op::add) CHECK(step <= mask_distance / 128 + 1e-9);
    if (layer.op == network::Op::constant) CHECK(step == Approx(2 * mask_distance / 128));
    sums += adds_mask(imported, layer) ? 1 : 0;
  }
  CHECK(sums == 1);
}

}  // namespace

TEST_CASE("A mask that the file has for every key") {
  Net net({1, keys, 8});
  net.floats("mask", {1, 1, keys}, masked_rows());
  CHECK(layers_error(attend(net, "mask")) < int8_error);
  check_steps(net);
}

TEST_CASE("A mask that an input brings") {
  const std::vector<float> mask = masked_rows();
  for (const bool turned : {false, true}) {
    CAPTURE(turned);
    Net net({1, keys, 8});
    net.tensor("mask", turned ? Sides{1, keys, 1} : Sides{1, 1, keys});
    if (turned) turn(net, "mask", "row", {0, 2, 1});
    attend(net, turned ? "row" : "mask");
    CHECK(masked_error(net, mask, {mask.begin(), mask.end()}) < int8_error);
    check_steps(net);
  }
}

TEST_CASE("A mask that the host makes of ones and zeros") {
  Net net({1, keys, 8});
  net.tensor("ones", {1, keys}).integers("axis", {1}).line("Unsqueeze", {"ones", "axis"}, "row");
  net.number("one", 1)
      .line("Sub", {"one", "row"}, "left")
      .number("far", far_below)
      .line("Mul", {"left", "far"}, "mask");
  attend(net, "mask");
  std::vector<float> ones(keys, 1.0F);
  std::fill(ones.begin() + kept, ones.end(), 0.0F);
  const std::vector<float> mask = masked_rows();
  CHECK(masked_error(net, ones, {mask.begin(), mask.end()}) < int8_error);
  check_steps(net);
}

TEST_CASE("What an input brings to other sums than those of scores is no mask") {
  Net net({1, keys, 8});
  net.tensor("b", {1, keys, 8}).line("Add", {"x", "b"}, "y").output("y");
  const Imported imported = imported_of(net);
  for (const network::Layer& layer : imported.network.layers) CHECK_FALSE(adds_mask(imported, layer));
  CHECK(layers_error(net) < int8_error);
}
