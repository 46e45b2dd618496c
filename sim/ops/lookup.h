// Functions of one number as tables of 256 results, one per int8 value: result(x) = round(f(x * from) / to), saturated
// to int8, halves away from zero.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tessera::ops {

enum class Function : std::uint8_t {
  none,
  identity,  // of another scale
  relu,
  clip,  // to [alpha, beta]
  leaky_relu,
  elu,
  sigmoid,
  hard_sigmoid,  // alpha * x + beta within 0 to 1
  silu,
  hard_swish,
  tanh,
  erf,
  gelu,
  gelu_tanh,
  softplus,
  mish,
  exp,
  sqrt,
  reciprocal,
  abs,
  log,
  pow,  // x to the power of alpha
  celu,
  selu,  // beta * (x, or alpha * (exp(x) - 1) below 0)
  softsign,
  thresholded_relu,
  sign,
  sin,
  cos,
  atan,
  floor,
  ceil,
  round,  // to even
  tan,
  asin,  // of arguments beyond -1 and 1 as there
  acos,
  sinh,
  cosh,
  asinh,
  acosh,  // of arguments below 1 as there
  atanh,
  shrink  // 0 from -alpha to alpha, and nearer to 0 by beta beyond
};
const char* function_name(Function f);
std::optional<Function> find_function(const std::string& name);
std::vector<std::string> function_names();  // without none
int function_parameters(Function f);        // how many of alpha and beta it has

struct Lookup {
  Function function = Function::none;
  double from = 0.0625, to = 0.0625;  // steps of the argument and the result, positive
  double alpha = 0, beta = 0;         // parameters of some functions
  explicit operator bool() const { return function != Function::none; }
};

constexpr int table_bytes = 256;
using Table = std::array<std::int8_t, table_bytes>;  // by the argument + 128
Table table_of(const Lookup& lookup);

// exp(-d * from) * 2^15 for d = 0..255, rounded: what softmax sums.
constexpr int exponent_table_bytes = 512;
using ExponentTable = std::array<std::uint16_t, 256>;
ExponentTable exponent_table_of(const Lookup& lookup);
double evaluate(const Lookup& lookup, double x);

}  // namespace tessera::ops
