// Functions of one number: a table of 256 results, computed with the layer that makes the argument where it can be.
#include <algorithm>
#include <cmath>

#include "sim/import/rules.h"
#include "sim/ops/lookup.h"

namespace tessera::import {
namespace {
using nlohmann::json;

// Whether a function can be computed with the layer that makes its argument: which it alone reads, all of it, in no
// scale of the file.
bool joins(Lowering& to, const View& in) {
  if (in.layer.empty() || in.factor <= 0 || !is_whole(in) || !to.alone(in.layer)) return false;
  const json& layer = to.layer(in.layer);
  return !layer.contains("relu") && !layer.contains("lookup") && !to.scale_of(in.layer);
}

void put_function(Lowering& to, const Node& node, const View& in, const ops::Lookup& f, double result_factor = 1) {
  json function = {{"function", function_name(f.function)}};
  if (function_parameters(f.function) > 0) function["alpha"] = f.alpha;
  if (function_parameters(f.function) > 1) function["beta"] = f.beta;
  const std::string op = to.layer(in.layer).value("op", "input");
  const bool convolution = op == "conv2d" || op == "gemm" || op == "depthwise";
  View out = in;
  if (in.factor < 0) {
    const std::optional<View> settled = to.settled(node, in, is_map(in));
    if (settled) put_function(to, node, to.positive(node, *settled), f, result_factor);
    return;
  }
  if (convolution && in.factor == 1 && joins(to, in)) {
    to.layer(in.layer)["lookup"] = function;
  } else {
    json& layer = to.add_layer(node, "lookup", {in});
    layer.update(function);
    out = over(in, layer["name"]);
  }
  out.factor = result_factor;
  to.put(node, std::move(out));
}

void lower_relu(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  if (in == nullptr) return;
  double most = 0;  // of a clipped one
  if (node.op == "Clip") {
    if (to.depends_on_data(node, 1, "min") || to.depends_on_data(node, 2, "max")) return;
    const std::optional<double> low = single(to.constant(node, 1)), high = single(to.constant(node, 2));
    if (!low || *low != 0 || (high && !(*high > 0)))
      return put_function(to, node, *in, {ops::Function::clip, 1, 1, low.value_or(-1e30), high.value_or(1e30)});
    most = high.value_or(0);
  }
  const std::string op = to.layer(in->layer).value("op", "input");
  const bool computes =
      op == "conv2d" || op == "gemm" || op == "depthwise" || op == "add" || op == "sub" || op == "mul";
  if (!computes || !joins(to, *in)) {
    const ops::Function f = most > 0 ? ops::Function::clip : ops::Function::relu;
    return put_function(to, node, *in, {f, 1, 1, 0, most});
  }
  to.layer(in->layer)["relu"] = true;
  if (most > 0) to.set_limit(in->layer, most / in->factor);
  to.put(node, View(*in));
}

// Those without parameters.
struct NamedFunction {
  const char* op;
  ops::Function function;
};
constexpr NamedFunction plain_functions[] = {
    {"Abs", ops::Function::abs},
    {"Acos", ops::Function::acos},
    {"Acosh", ops::Function::acosh},
    {"Asin", ops::Function::asin},
    {"Asinh", ops::Function::asinh},
    {"Atan", ops::Function::atan},
    {"Atanh", ops::Function::atanh},
    {"Ceil", ops::Function::ceil},
    {"Cos", ops::Function::cos},
    {"Cosh", ops::Function::cosh},
    {"Erf", ops::Function::erf},
    {"Exp", ops::Function::exp},
    {"Floor", ops::Function::floor},
    {"HardSwish", ops::Function::hard_swish},
    {"Log", ops::Function::log},
    {"Mish", ops::Function::mish},
    {"Reciprocal", ops::Function::reciprocal},
    {"Round", ops::Function::round},
    {"Sigmoid", ops::Function::sigmoid},
    {"Sign", ops::Function::sign},
    {"Sin", ops::Function::sin},
    {"Sinh", ops::Function::sinh},
    {"Softplus", ops::Function::softplus},
    {"Softsign", ops::Function::softsign},
    {"Sqrt", ops::Function::sqrt},
    {"Tan", ops::Function::tan},
    {"Tanh", ops::Function::tanh},
};

void lower_function(Lowering& to, const Node& node) {
  const View* given = to.view(node, 0);
  if (given == nullptr) return;
  View in = *given;
  const std::string& op = node.op;
  ops::Lookup f;
  double factor = 1;
  if (op == "LeakyRelu") f = {ops::Function::leaky_relu, 1, 1, real_of(node, "alpha", 0.01F), 0};
  if (op == "Elu") f = {ops::Function::elu, 1, 1, real_of(node, "alpha", 1), 0};
  if (op == "HardSigmoid")
    f = {ops::Function::hard_sigmoid, 1, 1, real_of(node, "alpha", 0.2F), real_of(node, "beta", 0.5)};
  if (op == "Swish") {  // x * sigmoid(alpha x) = silu(alpha x) / alpha
    const double alpha = real_of(node, "alpha", 1);
    in.factor *= alpha;
    factor = 1 / alpha;
    f.function = ops::Function::silu;
  }
  if (op == "Gelu") {
    const auto it = node.attributes.find("approximate");
    const bool by_tanh = it != node.attributes.end() && std::holds_alternative<std::string>(it->second) &&
                         std::get<std::string>(it->second) == "tanh";
    f.function = by_tanh ? ops::Function::gelu_tanh : ops::Function::gelu;
  }
  for (const NamedFunction& entry : plain_functions)
    if (op == entry.op) f.function = entry.function;
  if (op == "Celu") f = {ops::Function::celu, 1, 1, real_of(node, "alpha", 1), 0};
  if (op == "ThresholdedRelu") f = {ops::Function::thresholded_relu, 1, 1, real_of(node, "alpha", 1), 0};
  if (op == "Shrink") f = {ops::Function::shrink, 1, 1, real_of(node, "lambd", 0.5), real_of(node, "bias", 0)};
  if (op == "Selu")
    f = {ops::Function::selu, 1, 1, real_of(node, "alpha", 1.67326319217681884765625),
         real_of(node, "gamma", 1.05070102214813232421875)};
  if (op == "Pow") {
    const std::optional<double> exponent = single(to.constant(node, 1));
    if (!exponent) return to.refuse(node, "Y", "is no constant of one number", "an exponent that stands in the file");
    f = {ops::Function::pow, 1, 1, *exponent, 0};
  }
  put_function(to, node, in, f, factor);
}

void lower_prelu(Lowering& to, const Node& node) {
  const View* in = to.view(node, 0);
  const Tensor* slope = to.constant(node, 1);
  const std::vector<double> slopes = slope == nullptr ? std::vector<double>{} : reals(*slope);
  if (slopes.empty() || std::adjacent_find(slopes.begin(), slopes.end(), std::not_equal_to<>()) != slopes.end())
    return to.refuse(node, "slope", "differs between channels", "one slope for all");
  if (in != nullptr) put_function(to, node, *in, {ops::Function::leaky_relu, 1, 1, slopes[0], 0});
}

}  // namespace

const std::vector<LayerRule>& function_rules() {
  static const std::vector<LayerRule> table = [] {
    std::vector<LayerRule> list = {{"Clip", lower_relu}, {"PRelu", lower_prelu}, {"Relu", lower_relu}};
    for (const NamedFunction& entry : plain_functions) list.push_back({entry.op, lower_function});
    for (const char* op :
         {"Celu", "Elu", "Gelu", "HardSigmoid", "LeakyRelu", "Pow", "Selu", "Shrink", "Swish", "ThresholdedRelu"})
      list.push_back({op, lower_function});
    return list;
  }();
  return table;
}

}  // namespace tessera::import
