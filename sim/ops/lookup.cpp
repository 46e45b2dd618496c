#include "sim/ops/lookup.h"

#include <algorithm>
#include <cmath>

namespace tessera::ops {
namespace {

struct FunctionEntry {
  const char* name;
  int parameters;
  double (*value)(double x, double alpha, double beta);
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double soft(double x) { return std::log1p(std::exp(-std::fabs(x))) + std::max(x, 0.0); }
double gauss(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double gauss_tanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

double within_one(double x) { return std::clamp(x, -1.0, 1.0); }

constexpr FunctionEntry function_table[] = {
    // by Function
    {"none", 0, [](double x, double, double) { return x; }},
    {"identity", 0, [](double x, double, double) { return x; }},
    {"relu", 0, [](double x, double, double) { return std::max(x, 0.0); }},
    {"clip", 2, [](double x, double a, double b) { return std::min(std::max(x, a), b); }},
    {"leaky_relu", 1, [](double x, double a, double) { return x < 0 ? a * x : x; }},
    {"elu", 1, [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }},
    {"sigmoid", 0, [](double x, double, double) { return logistic(x); }},
    {"hard_sigmoid", 2, [](double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); }},
    {"silu", 0, [](double x, double, double) { return x * logistic(x); }},
    {"hard_swish", 0, [](double x, double, double) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    {"tanh", 0, [](double x, double, double) { return std::tanh(x); }},
    {"erf", 0, [](double x, double, double) { return std::erf(x); }},
    {"gelu", 0, [](double x, double, double) { return gauss(x); }},
    {"gelu_tanh", 0, [](double x, double, double) { return gauss_tanh(x); }},
    {"softplus", 0, [](double x, double, double) { return soft(x); }},
    {"mish", 0, [](double x, double, double) { return x * std::tanh(soft(x)); }},
    {"exp", 0, [](double x, double, double) { return std::exp(x); }},
    {"sqrt", 0, [](double x, double, double) { return std::sqrt(std::max(x, 0.0)); }},
    {"reciprocal", 0, [](double x, double, double) { return x == 0 ? 0 : 1 / x; }},
    {"abs", 0, [](double x, double, double) { return std::fabs(x); }},
    {"log", 0, [](double x, double, double) { return std::log(x); }},
    {"pow", 1, [](double x, double a, double) { return std::pow(x, a); }},
    {"celu", 1, [](double x, double a, double) { return std::max(x, 0.0) + std::min(a * std::expm1(x / a), 0.0); }},
    {"selu", 2, [](double x, double a, double b) { return b * (x > 0 ? x : a * std::expm1(x)); }},
    {"softsign", 0, [](double x, double, double) { return x / (1 + std::fabs(x)); }},
    {"thresholded_relu", 1, [](double x, double a, double) { return x > a ? x : 0; }},
    {"sign", 0, [](double x, double, double) { return (x > 0 ? 1.0 : 0.0) - (x < 0 ? 1.0 : 0.0); }},
    {"sin", 0, [](double x, double, double) { return std::sin(x); }},
    {"cos", 0, [](double x, double, double) { return std::cos(x); }},
    {"atan", 0, [](double x, double, double) { return std::atan(x); }},
    {"floor", 0, [](double x, double, double) { return std::floor(x); }},
    {"ceil", 0, [](double x, double, double) { return std::ceil(x); }},
    {"round", 0, [](double x, double, double) { return std::nearbyint(x); }},
    {"tan", 0, [](double x, double, double) { return std::tan(x); }},
    {"asin", 0, [](double x, double, double) { return std::asin(within_one(x)); }},
    {"acos", 0, [](double x, double, double) { return std::acos(within_one(x)); }},
    {"sinh", 0, [](double x, double, double) { return std::sinh(x); }},
    {"cosh", 0, [](double x, double, double) { return std::cosh(x); }},
    {"asinh", 0, [](double x, double, double) { return std::asinh(x); }},
    {"acosh", 0, [](double x, double, double) { return std::acosh(std::max(x, 1.0)); }},
    {"atanh", 0, [](double x, double, double) { return std::atanh(within_one(x)); }},
    {"shrink", 2, [](double x, double a, double b) { return x < -a  ? x + b
                                                            : x > a ? x - b
                                                                    : 0; }},
};
constexpr int function_count = sizeof function_table / sizeof function_table[0];

}  // namespace

const char* function_name(Function f) { return function_table[static_cast<int>(f)].name; }
int function_parameters(Function f) { return function_table[static_cast<int>(f)].parameters; }

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (int f = 1; f < function_count; ++f) names.emplace_back(function_table[f].name);
  return names;
}

std::optional<Function> find_function(const std::string& name) {
  for (int f = 1; f < function_count; ++f)
    if (name == function_table[f].name) return static_cast<Function>(f);
  return std::nullopt;
}

double evaluate(const Lookup& l, double x) {
  return function_table[static_cast<int>(l.function)].value(x, l.alpha, l.beta);
}

ExponentTable exponent_table_of(const Lookup& l) {
  ExponentTable table{};
  for (std::size_t d = 0; d < table.size(); ++d)
    table[d] = static_cast<std::uint16_t>(std::lround(32768 * std::exp(-static_cast<double>(d) * l.from)));
  return table;
}

Table table_of(const Lookup& l) {
  Table table{};
  for (int i = 0; i < table_bytes; ++i) {
    const double y = evaluate(l, (i - 128) * l.from) / l.to;
    table[static_cast<std::size_t>(i)] =
        static_cast<std::int8_t>(std::isnan(y) ? 0 : std::clamp(std::round(y), -128.0, 127.0));
  }
  return table;
}

}  // namespace tessera::ops
