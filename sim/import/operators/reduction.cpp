// Operators that fold dimensions away, and those that look along one axis: Softmax, ArgMax, CumSum.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

std::set<std::int64_t> reduced_axes(Call& call) {
  std::set<std::int64_t> axes;
  if (call.has(1))
    for (const std::int64_t axis : call.integer_list(1, "axes"))
      axes.insert(call.checked_axis(axis, call.rank(0), "axes"));
  if (axes.empty() && call.integer("noop_with_empty_axes", 0) == 0)
    for (std::int64_t d = 0; d < call.rank(0); ++d) axes.insert(d);
  return axes;
}
void infer_reduce(Call& call) {
  const std::set<std::int64_t> axes = reduced_axes(call);
  if (call.refused()) return;
  const bool keep = call.integer("keepdims", 1) != 0;
  Dims shape;
  for (std::int64_t d = 0; d < call.rank(0); ++d) {
    if (axes.count(d) == 0) shape.push_back(call.shape(0)[static_cast<std::size_t>(d)]);
    if (axes.count(d) != 0 && keep) shape.push_back(1);
  }
  call.set(0, call.type(0), shape);
}

// start, fold(accumulator, element), and what becomes of the sum of `count` elements.
struct Reduction {
  double start;
  double (*fold)(double, double);
  double (*finish)(double, double count);
};
double plain(double sum, double) { return sum; }
const Reduction sum{0, [](double a, double x) { return a + x; }, plain};
const Reduction mean{0, sum.fold, [](double a, double count) { return a / count; }};
const Reduction product{1, [](double a, double x) { return a * x; }, plain};
const Reduction maximum{-std::numeric_limits<double>::infinity(), [](double a, double x) { return std::max(a, x); },
                        plain};
const Reduction minimum{std::numeric_limits<double>::infinity(), [](double a, double x) { return std::min(a, x); },
                        plain};
const Reduction absolute{0, [](double a, double x) { return a + std::fabs(x); }, plain};
const Reduction squares{0, [](double a, double x) { return a + x * x; }, plain};
const Reduction euclid{0, squares.fold, [](double a, double) { return std::sqrt(a); }};
const Reduction log_sum{0, sum.fold, [](double a, double) { return std::log(a); }};
const Reduction log_sum_exp{0, [](double a, double x) { return a + std::exp(x); }, log_sum.finish};

template <const Reduction& reduction>
std::vector<Tensor> reduce(Call& call) {
  const std::set<std::int64_t> axes = reduced_axes(call);
  const Dims& in = call.shape(0);
  Dims kept = in;
  for (const std::int64_t axis : axes) kept[static_cast<std::size_t>(axis)] = 1;
  const Dims strides = broadcast_strides(kept, in);
  const std::vector<double> values = reals(*call.constant(0));
  std::vector<double> out(static_cast<std::size_t>(element_count(kept)), reduction.start);
  Walk walk(in, {strides});
  for (const double value : values) {
    double& o = out[static_cast<std::size_t>(walk.offset(0))];
    o = reduction.fold(o, value);
    walk.next();
  }
  const double count = out.empty() ? 1 : static_cast<double>(values.size()) / static_cast<double>(out.size());
  for (double& o : out) o = reduction.finish(o, count);
  return {make_tensor(call.output().type, call.output().shape, out)};
}

void infer_arg(Call& call) {
  const std::int64_t axis = call.axis("axis", 0, call.rank(0));
  if (call.refused()) return;
  Dims shape = call.shape(0);
  if (call.integer("keepdims", 1) != 0)
    shape[static_cast<std::size_t>(axis)] = 1;
  else
    shape.erase(shape.begin() + axis);
  call.set(0, DataType::i64, shape);
}

// A tensor as rows along an axis: outer x size x inner.
struct Rows {
  std::int64_t outer = 1, size = 1, inner = 1;
  // Element i of row r.
  std::size_t at(std::int64_t r, std::int64_t i) const {
    return static_cast<std::size_t>((r / inner * size + i) * inner + r % inner);
  }
  std::int64_t count() const { return outer * inner; }
};
Rows rows_along(const Dims& shape, std::int64_t axis) {
  Rows rows;
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(shape.size()); ++d)
    (d < axis ? rows.outer : d == axis ? rows.size : rows.inner) *= shape[static_cast<std::size_t>(d)];
  return rows;
}

std::vector<Tensor> arg(Call& call) {
  const Rows rows = rows_along(call.shape(0), call.axis("axis", 0, call.rank(0)));
  const double sign = call.node().op == "ArgMax" ? 1 : -1;
  const bool last = call.integer("select_last_index", 0) != 0;
  const std::vector<double> values = reals(*call.constant(0));
  Dims out(static_cast<std::size_t>(rows.count()), 0);
  for (std::int64_t r = 0; r < rows.count(); ++r)
    for (std::int64_t i = 1; i < rows.size; ++i) {
      std::int64_t& best = out[static_cast<std::size_t>(r)];
      const double gain = sign * (values[rows.at(r, i)] - values[rows.at(r, best)]);
      if (gain > 0 || (last && gain == 0)) best = i;
    }
  return {make_tensor(DataType::i64, call.output().shape, out)};
}

// Before operator set 13 the tensor is a matrix, split at the axis, whose rows are normalized.
Rows softmax_rows(Call& call) {
  const bool flat = call.opset() < 13;
  const std::int64_t axis = call.axis("axis", flat ? 1 : -1, call.rank(0));
  Rows rows = rows_along(call.shape(0), axis);
  if (flat) {
    rows.size *= rows.inner;
    rows.inner = 1;
  }
  return rows;
}
void infer_softmax(Call& call) {
  softmax_rows(call);
  same_as_first(call);
}
std::vector<Tensor> softmax(Call& call) {
  const Rows rows = softmax_rows(call);
  const bool logarithm = call.node().op == "LogSoftmax";
  std::vector<double> values = reals(*call.constant(0));
  for (std::int64_t r = 0; r < rows.count(); ++r) {
    double top = -std::numeric_limits<double>::infinity(), total = 0;
    for (std::int64_t i = 0; i < rows.size; ++i) top = std::max(top, values[rows.at(r, i)]);
    for (std::int64_t i = 0; i < rows.size; ++i) total += std::exp(values[rows.at(r, i)] - top);
    for (std::int64_t i = 0; i < rows.size; ++i) {
      double& v = values[rows.at(r, i)];
      v = logarithm ? v - top - std::log(total) : std::exp(v - top) / total;
    }
  }
  return {make_tensor(call.output().type, call.output().shape, values)};
}

std::vector<Tensor> hardmax(Call& call) {
  const Rows rows = softmax_rows(call);
  const std::vector<double> values = reals(*call.constant(0));
  std::vector<double> out(values.size(), 0);
  for (std::int64_t r = 0; r < rows.count(); ++r) {
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < rows.size; ++i)
      if (values[rows.at(r, i)] > values[rows.at(r, best)]) best = i;
    if (rows.size > 0) out[rows.at(r, best)] = 1;
  }
  return {make_tensor(call.output().type, call.output().shape, out)};
}

void infer_cumulative(Call& call) {
  const Dims axis = call.integer_list(1, "axis");
  if (axis.size() != 1) return call.refuse("axis", fmt::format("has {} numbers", axis.size()), "one");
  call.checked_axis(axis[0], call.rank(0), "axis");
  same_as_first(call);
}
std::vector<Tensor> cumulative(Call& call) {
  const std::int64_t axis = call.checked_axis(call.integer_list(1, "axis").at(0), call.rank(0), "axis");
  const Rows rows = rows_along(call.shape(0), axis);
  const bool exclusive = call.integer("exclusive", 0) != 0, reverse = call.integer("reverse", 0) != 0;
  std::vector<double> values = reals(*call.constant(0));
  for (std::int64_t r = 0; r < rows.count(); ++r) {
    double total = 0;
    for (std::int64_t n = 0; n < rows.size; ++n) {
      double& v = values[rows.at(r, reverse ? rows.size - 1 - n : n)];
      const double before = total;
      total += v;
      v = exclusive ? before : total;
    }
  }
  return {make_tensor(call.output().type, call.output().shape, values)};
}

}  // namespace

const std::vector<Operator>& reduction_operators() {
  static const std::vector<Operator> table = {
      {"ArgMax", 1, 1, infer_arg, arg, "axis keepdims select_last_index"},
      {"ArgMin", 1, 1, infer_arg, arg, "axis keepdims select_last_index"},
      {"CumSum", 2, 2, infer_cumulative, cumulative, "exclusive reverse"},
      {"Hardmax", 1, 1, infer_softmax, hardmax, "axis"},
      {"LogSoftmax", 1, 1, infer_softmax, softmax, "axis"},
      {"ReduceL1", 1, 2, infer_reduce, reduce<absolute>, "keepdims noop_with_empty_axes"},
      {"ReduceL2", 1, 2, infer_reduce, reduce<euclid>, "keepdims noop_with_empty_axes"},
      {"ReduceLogSum", 1, 2, infer_reduce, reduce<log_sum>, "keepdims noop_with_empty_axes"},
      {"ReduceLogSumExp", 1, 2, infer_reduce, reduce<log_sum_exp>, "keepdims noop_with_empty_axes"},
      {"ReduceMax", 1, 2, infer_reduce, reduce<maximum>, "keepdims noop_with_empty_axes"},
      {"ReduceMean", 1, 2, infer_reduce, reduce<mean>, "keepdims noop_with_empty_axes"},
      {"ReduceMin", 1, 2, infer_reduce, reduce<minimum>, "keepdims noop_with_empty_axes"},
      {"ReduceProd", 1, 2, infer_reduce, reduce<product>, "keepdims noop_with_empty_axes"},
      {"ReduceSum", 1, 2, infer_reduce, reduce<sum>, "keepdims noop_with_empty_axes"},
      {"ReduceSumSquare", 1, 2, infer_reduce, reduce<squares>, "keepdims noop_with_empty_axes"},
      {"Softmax", 1, 1, infer_softmax, softmax, "axis"},
  };
  return table;
}

}  // namespace tessera::import
