// Operators on several tensors element by element, with broadcasting in both directions. Reals are computed in double,
// integers exactly (wrapping to their type).
#include <fmt/format.h>

#include <cmath>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {

Dims broadcast(Call& call, const Dims& a, const Dims& b) {
  Dims out(std::max(a.size(), b.size()), 1);
  for (std::size_t d = 0; d < out.size(); ++d) {
    const std::int64_t x = d < out.size() - a.size() ? 1 : a[d - (out.size() - a.size())];
    const std::int64_t y = d < out.size() - b.size() ? 1 : b[d - (out.size() - b.size())];
    if (x != y && x != 1 && y != 1) {
      call.refuse("", fmt::format("joins {} and {}", dims_text(a), dims_text(b)),
                  "shapes that broadcast: from the end, equal or 1");
      return a;
    }
    out[d] = x == 1 ? y : x;
  }
  return out;
}

void check_factors(Call& call) {
  if (call.type(0) != call.type(1))
    call.refuse("", fmt::format("multiplies {} by {}", type_name(call.type(0)), type_name(call.type(1))),
                "factors of one type");
}

namespace {

void check_types(Call& call, int first) {
  for (int i = first + 1; i < call.inputs(); ++i)
    if (call.type(i) != call.type(first))
      call.refuse("", fmt::format("joins {} and {}", type_name(call.type(first)), type_name(call.type(i))),
                  "inputs of one type");
}

Dims joint_shape(Call& call) {
  Dims shape = call.shape(0);
  for (int i = 1; i < call.inputs(); ++i) shape = broadcast(call, shape, call.shape(i));
  return shape;
}

void infer_joint(Call& call) {
  check_types(call, 0);
  call.set(0, call.type(0), joint_shape(call));
}
void infer_power(Call& call) { call.set(0, call.type(0), joint_shape(call)); }
void infer_test(Call& call) {
  check_types(call, 0);
  call.set(0, DataType::boolean, joint_shape(call));
}
void infer_where(Call& call) {
  check_types(call, 1);
  call.set(0, call.type(1), joint_shape(call));
}

template <class T>
using Fold = T (*)(T, T);

template <class T>
std::vector<T> load(const Tensor& tensor) {
  if constexpr (std::is_same_v<T, double>)
    return reals(tensor);
  else
    return integers(tensor);
}

template <class T, class F>
std::vector<Tensor> fold(Call& call, const F& f) {
  const Dims& shape = call.output().shape;
  std::vector<T> result(static_cast<std::size_t>(element_count(shape)));
  for (int i = 0; i < call.inputs(); ++i) {
    const std::vector<T> values = load<T>(*call.constant(i));
    Walk walk(shape, {broadcast_strides(call.shape(i), shape)});
    for (T& r : result) {
      const T value = values[static_cast<std::size_t>(walk.offset(0))];
      r = i == 0 ? value : f(r, value);
      walk.next();
    }
  }
  return {make_tensor(call.output().type, shape, result)};
}

template <double (*real)(double, double), std::int64_t (*integer)(std::int64_t, std::int64_t)>
std::vector<Tensor> join(Call& call) {
  return is_real(call.type(0)) ? fold<double>(call, real) : fold<std::int64_t>(call, integer);
}

using I = std::int64_t;
using U = std::uint64_t;
double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }
double divide(double a, double b) { return a / b; }
double smaller(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double slope(double x, double s) { return x < 0 ? x * s : x; }
I add(I a, I b) { return static_cast<I>(static_cast<U>(a) + static_cast<U>(b)); }
I subtract(I a, I b) { return static_cast<I>(static_cast<U>(a) - static_cast<U>(b)); }
I multiply(I a, I b) { return static_cast<I>(static_cast<U>(a) * static_cast<U>(b)); }
I divide(I a, I b) { return b == 0 ? 0 : b == -1 ? subtract(I{0}, a) : a / b; }  // by zero: undefined in ONNX
I smaller(I a, I b) { return std::min(a, b); }
I larger(I a, I b) { return std::max(a, b); }
I slope(I x, I s) { return x < 0 ? multiply(x, s) : x; }

template <bool (*test)(double, double), bool (*integer_test)(I, I)>
std::vector<Tensor> compare(Call& call) {
  if (is_real(call.type(0))) return fold<double>(call, [](double a, double b) { return test(a, b) ? 1.0 : 0.0; });
  return fold<I>(call, [](I a, I b) { return integer_test(a, b) ? I{1} : I{0}; });
}
template <class T>
bool equal(T a, T b) {
  return a == b;
}
template <class T>
bool less(T a, T b) {
  return a < b;
}
template <class T>
bool greater(T a, T b) {
  return a > b;
}
template <class T>
bool at_most(T a, T b) {
  return a <= b;
}
template <class T>
bool at_least(T a, T b) {
  return a >= b;
}
template <class T>
bool both(T a, T b) {
  return a != 0 && b != 0;
}
template <class T>
bool either(T a, T b) {
  return a != 0 || b != 0;
}
template <class T>
bool differ(T a, T b) {
  return (a != 0) != (b != 0);
}

std::vector<Tensor> mean(Call& call) {
  const Tensor sum = fold<double>(call, static_cast<double (*)(double, double)>(add))[0];
  std::vector<double> values = reals(sum);
  for (double& v : values) v /= call.inputs();
  return {make_tensor(sum.type, sum.shape, values)};
}

std::vector<Tensor> power(Call& call) {
  if (is_real(call.type(0)) || is_real(call.type(1)))
    return fold<double>(call, [](double a, double b) { return std::pow(a, b); });
  return fold<I>(call, [](I base, I exponent) {
    I result = 1;
    for (; exponent > 0; exponent /= 2, base = multiply(base, base))
      if (exponent % 2 == 1) result = multiply(result, base);
    return result;
  });
}

std::vector<Tensor> modulo(Call& call) {
  const bool truncating = call.integer("fmod", 0) != 0;
  if (is_real(call.type(0))) return fold<double>(call, [](double a, double b) { return std::fmod(a, b); });
  return fold<I>(call, [=](I a, I b) {
    if (b == 0 || b == -1) return I{0};
    const I rest = a % b;
    return rest != 0 && !truncating && (rest < 0) != (b < 0) ? rest + b : rest;
  });
}

std::vector<Tensor> where(Call& call) {
  const auto& [type, shape] = call.output();
  const Dims test = integers(*call.constant(0));
  const auto size = static_cast<std::size_t>(type_bytes(type));
  std::string bytes(static_cast<std::size_t>(element_count(shape)) * size, '\0');
  Walk walk(shape, {broadcast_strides(call.shape(0), shape), broadcast_strides(call.shape(1), shape),
                    broadcast_strides(call.shape(2), shape)});
  for (std::size_t at = 0; at < bytes.size(); at += size, walk.next()) {
    const int from = test[static_cast<std::size_t>(walk.offset(0))] != 0 ? 1 : 2;
    bytes.replace(at, size, *call.constant(from)->bytes, static_cast<std::size_t>(walk.offset(from)) * size, size);
  }
  return {{type, shape, std::make_shared<const std::string>(std::move(bytes))}};
}

}  // namespace

const std::vector<Operator>& binary_operators() {
  static const std::vector<Operator> table = {
      {"Add", 2, 2, infer_joint, join<add, add>},
      {"And", 2, 2, infer_test, compare<both, both>},
      {"Div", 2, 2, infer_joint, join<divide, divide>},
      {"Equal", 2, 2, infer_test, compare<equal, equal>},
      {"Greater", 2, 2, infer_test, compare<greater, greater>},
      {"GreaterOrEqual", 2, 2, infer_test, compare<at_least, at_least>},
      {"Less", 2, 2, infer_test, compare<less, less>},
      {"LessOrEqual", 2, 2, infer_test, compare<at_most, at_most>},
      {"Max", 1, any_number, infer_joint, join<larger, larger>},
      {"Mean", 1, any_number, infer_joint, mean},
      {"Min", 1, any_number, infer_joint, join<smaller, smaller>},
      {"Mod", 2, 2, infer_joint, modulo, "fmod"},
      {"Mul", 2, 2, infer_joint, join<multiply, multiply>},
      {"Or", 2, 2, infer_test, compare<either, either>},
      {"PRelu", 2, 2, infer_joint, join<slope, slope>},
      {"Pow", 2, 2, infer_power, power},
      {"Sub", 2, 2, infer_joint, join<subtract, subtract>},
      {"Sum", 1, any_number, infer_joint, join<add, add>},
      {"Where", 3, 3, infer_where, where},
      {"Xor", 2, 2, infer_test, compare<differ, differ>},
  };
  return table;
}

}  // namespace tessera::import
