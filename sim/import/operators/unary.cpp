// Activations and functions of one number, computed in double and rounded to the type; casts.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {

void same_as_first(Call& call) { call.set(0, call.type(0), call.shape(0)); }

namespace {

template <double (*f)(double)>
std::vector<Tensor> apply(Call& call) {
  return map_reals(call, f);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double relu(double x) { return std::max(x, 0.0); }
double sign(double x) { return (x > 0) - (x < 0); }
double round_even(double x) { return std::nearbyint(x); }
double reciprocal(double x) { return 1 / x; }
double softplus(double x) { return std::log1p(std::exp(-std::fabs(x))) + std::max(x, 0.0); }
double softsign(double x) { return x / (1 + std::fabs(x)); }
double hard_swish(double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }
double mish(double x) { return x * std::tanh(softplus(x)); }
double negate(double x) { return -x; }
double invert(double x) { return x == 0; }

// Integers stay exact.
std::vector<Tensor> keep_sign(Call& call) {
  if (is_real(call.type(0)))
    return map_reals(call, call.node().op == "Abs" ? static_cast<double (*)(double)>(std::fabs) : negate);
  Dims values = integers(*call.constant(0));
  const bool magnitude = call.node().op == "Abs";
  for (std::int64_t& v : values)
    if (!magnitude || v < 0) v = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(v));
  return {make_tensor(call.output().type, call.output().shape, values)};
}

std::vector<Tensor> leaky(Call& call) {
  const double alpha = call.real("alpha", call.node().op == "LeakyRelu" ? 0.01F : 1.0);
  return map_reals(call, [=](double x) { return x < 0 ? alpha * x : x; });
}
std::vector<Tensor> elu(Call& call) {
  const double alpha = call.real("alpha", 1);
  return map_reals(call, [=](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}
std::vector<Tensor> celu(Call& call) {
  const double alpha = call.real("alpha", 1);
  return map_reals(call, [=](double x) { return std::max(0.0, x) + std::min(0.0, alpha * std::expm1(x / alpha)); });
}
std::vector<Tensor> selu(Call& call) {
  const double alpha = call.real("alpha", 1.67326319217681884765625),
               gamma = call.real("gamma", 1.05070102214813232421875);
  return map_reals(call, [=](double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
}
std::vector<Tensor> thresholded(Call& call) {
  const double alpha = call.real("alpha", 1);
  return map_reals(call, [=](double x) { return x > alpha ? x : 0; });
}
std::vector<Tensor> shrink(Call& call) {
  const double limit = call.real("lambd", 0.5), bias = call.real("bias", 0);
  return map_reals(call, [=](double x) { return x < -limit ? x + bias : x > limit ? x - bias : 0; });
}
std::vector<Tensor> hard_sigmoid(Call& call) {
  const double alpha = call.real("alpha", 0.2F), beta = call.real("beta", 0.5);
  return map_reals(call, [=](double x) { return std::clamp(alpha * x + beta, 0.0, 1.0); });
}
std::vector<Tensor> swish(Call& call) {
  const double alpha = call.real("alpha", 1);
  return map_reals(call, [=](double x) { return x * sigmoid(alpha * x); });
}
void infer_gelu(Call& call) {
  call.word("approximate", {"none", "tanh"});
  same_as_first(call);
}
std::vector<Tensor> gelu(Call& call) {
  const bool tanh_form = call.text("approximate", "none") == "tanh";
  return map_reals(call, [=](double x) {
    return tanh_form ? 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)))
                     : 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  });
}

void infer_truth(Call& call) { call.set(0, DataType::boolean, call.shape(0)); }

// What layers compute is integers, which are always numbers.
std::vector<Tensor> false_for_all(const Call& call) {
  return {
      make_tensor(DataType::boolean, call.shape(0), Dims(static_cast<std::size_t>(element_count(call.shape(0))), 0))};
}
std::vector<Tensor> is_nan(Call& call) {
  if (call.constant(0) == nullptr) return false_for_all(call);
  return map_reals(call, [](double x) { return std::isnan(x) ? 1.0 : 0.0; });
}
std::vector<Tensor> is_infinite(Call& call) {
  if (call.constant(0) == nullptr) return false_for_all(call);
  const bool below = call.integer("detect_negative", 1) != 0, above = call.integer("detect_positive", 1) != 0;
  return map_reals(call, [=](double x) { return std::isinf(x) && (x < 0 ? below : above) ? 1.0 : 0.0; });
}

void infer_cast(Call& call) {
  const auto type = find_type(static_cast<int>(call.integer("to", 0)));
  if (!type)
    return call.refuse("to", "is " + onnx_type_name(static_cast<int>(call.integer("to", 0))), "a type of numbers");
  call.set(0, *type, call.shape(0));
}
void infer_cast_like(Call& call) { call.set(0, call.type(1), call.shape(0)); }

std::vector<Tensor> cast(Call& call) {
  const Tensor& from = *call.constant(0);
  const auto& [type, shape] = call.output();
  if (from.type == type) return {from};
  if (is_real(from.type)) return {make_tensor(type, shape, reals(from))};
  return {make_tensor(type, shape, integers(from))};
}

std::vector<Tensor> keep(Call& call) { return {*call.constant(0)}; }

void infer_dropout(Call& call) {
  // Training that drops nothing is what exporters make of a rate of 0.
  const bool drops = !call.has(1) || call.constant(1) == nullptr || reals(*call.constant(1)) != std::vector<double>{0};
  if (drops && call.has(2) && call.constant(2) != nullptr && integers(*call.constant(2)) == Dims{1})
    return call.refuse("training_mode", "is true", "a network for inference");
  same_as_first(call);
  call.set(1, DataType::boolean, call.shape(0));
}
std::vector<Tensor> dropout(Call& call) {
  const Tensor& from = *call.constant(0);
  return {from, make_tensor(DataType::boolean, from.shape, Dims(static_cast<std::size_t>(from.elements()), 1))};
}

double limit(const Call& call, int i, double otherwise) {
  if (!call.has(i)) return otherwise;
  const std::vector<double> values = reals(*call.constant(i));
  return values.empty() ? otherwise : values[0];
}

void infer_clip(Call& call) {
  for (const int i : {1, 2})
    if (call.has(i) && element_count(call.shape(i)) != 1)
      call.refuse(i == 1 ? "min" : "max", "has the shape " + dims_text(call.shape(i)), "one number");
  same_as_first(call);
}
std::vector<Tensor> clip(Call& call) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double low = limit(call, 1, -infinity), high = limit(call, 2, infinity);
  return map_reals(call, [=](double x) { return std::min(std::max(x, low), high); });
}

}  // namespace

const std::vector<Operator>& unary_operators() {
  static const std::vector<Operator> table = {
      {"Abs", 1, 1, same_as_first, keep_sign},
      {"Acos", 1, 1, same_as_first, apply<std::acos>},
      {"Acosh", 1, 1, same_as_first, apply<std::acosh>},
      {"Asin", 1, 1, same_as_first, apply<std::asin>},
      {"Asinh", 1, 1, same_as_first, apply<std::asinh>},
      {"Atan", 1, 1, same_as_first, apply<std::atan>},
      {"Atanh", 1, 1, same_as_first, apply<std::atanh>},
      {"Cast", 1, 1, infer_cast, cast, "to saturate"},
      {"CastLike", 2, 2, infer_cast_like, cast, "saturate"},
      {"Ceil", 1, 1, same_as_first, apply<std::ceil>},
      {"Celu", 1, 1, same_as_first, celu, "alpha"},
      {"Clip", 1, 3, infer_clip, clip},
      {"Cos", 1, 1, same_as_first, apply<std::cos>},
      {"Cosh", 1, 1, same_as_first, apply<std::cosh>},
      {"Dropout", 1, 3, infer_dropout, dropout, "ratio seed"},
      {"Elu", 1, 1, same_as_first, elu, "alpha"},
      {"Erf", 1, 1, same_as_first, apply<std::erf>},
      {"Exp", 1, 1, same_as_first, apply<std::exp>},
      {"Floor", 1, 1, same_as_first, apply<std::floor>},
      {"Gelu", 1, 1, infer_gelu, gelu, "approximate"},
      {"HardSigmoid", 1, 1, same_as_first, hard_sigmoid, "alpha beta"},
      {"HardSwish", 1, 1, same_as_first, apply<hard_swish>},
      {"Identity", 1, 1, same_as_first, keep},
      {"IsInf", 1, 1, infer_truth, is_infinite, "detect_negative detect_positive"},
      {"IsNaN", 1, 1, infer_truth, is_nan},
      {"LeakyRelu", 1, 1, same_as_first, leaky, "alpha"},
      {"Log", 1, 1, same_as_first, apply<std::log>},
      {"Mish", 1, 1, same_as_first, apply<mish>},
      {"Neg", 1, 1, same_as_first, keep_sign},
      {"Not", 1, 1, infer_truth, apply<invert>},
      {"Reciprocal", 1, 1, same_as_first, apply<reciprocal>},
      {"Relu", 1, 1, same_as_first, apply<relu>},
      {"Round", 1, 1, same_as_first, apply<round_even>},
      {"Selu", 1, 1, same_as_first, selu, "alpha gamma"},
      {"Shrink", 1, 1, same_as_first, shrink, "bias lambd"},
      {"Sigmoid", 1, 1, same_as_first, apply<sigmoid>},
      {"Sign", 1, 1, same_as_first, apply<sign>},
      {"Sin", 1, 1, same_as_first, apply<std::sin>},
      {"Sinh", 1, 1, same_as_first, apply<std::sinh>},
      {"Softplus", 1, 1, same_as_first, apply<softplus>},
      {"Softsign", 1, 1, same_as_first, apply<softsign>},
      {"Sqrt", 1, 1, same_as_first, apply<std::sqrt>},
      {"Swish", 1, 1, same_as_first, swish, "alpha"},
      {"Tan", 1, 1, same_as_first, apply<std::tan>},
      {"Tanh", 1, 1, same_as_first, apply<std::tanh>},
      {"ThresholdedRelu", 1, 1, same_as_first, thresholded, "alpha"},
  };
  return table;
}

}  // namespace tessera::import
