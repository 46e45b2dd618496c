// Operators that make tensors out of shapes and numbers.
#include <fmt/format.h>

#include <cmath>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

// Dimensions [start, end) of input 0.
Dims shape_part(Call& call) {
  const std::int64_t rank = call.rank(0);
  const auto place = [&](std::int64_t p) {
    return std::clamp<std::int64_t>(p < 0 ? std::max(p, -rank) + rank : p, 0, rank);
  };
  const std::int64_t start = place(call.integer("start", 0)), end = std::max(start, place(call.integer("end", rank)));
  return {call.shape(0).begin() + start, call.shape(0).begin() + end};
}
void infer_shape_of(Call& call) { call.set(0, DataType::i64, {static_cast<std::int64_t>(shape_part(call).size())}); }
std::vector<Tensor> shape_of(Call& call) { return {make_tensor(DataType::i64, call.output().shape, shape_part(call))}; }

void infer_size(Call& call) { call.set(0, DataType::i64, {}); }
std::vector<Tensor> size(Call& call) { return {make_tensor(DataType::i64, {}, Dims{element_count(call.shape(0))})}; }

void infer_filled(Call& call) {
  const Dims shape = call.integer_list(0, "input");
  const Tensor* value = call.tensor("value");
  if (value != nullptr && value->elements() != 1)
    return call.refuse("value", "has the shape " + dims_text(value->shape), "one element");
  call.set(0, value == nullptr ? DataType::f32 : value->type, shape);
}
std::vector<Tensor> filled(Call& call) {
  const auto& [type, shape] = call.output();
  const Tensor* value = call.tensor("value");
  const Tensor one = value == nullptr ? make_tensor(DataType::f32, {}, Dims{0}) : Tensor{type, {}, value->bytes};
  return {strided_copy(one, shape, 0, Dims(shape.size(), 0))};
}

// Ones on a diagonal, in the shape of a matrix.
void infer_eye(Call& call) {
  if (call.rank(0) != 2) return call.refuse("", "is " + dims_text(call.shape(0)), "a matrix");
  const auto number = static_cast<int>(call.integer("dtype", 0));
  const auto type = number == 0 ? std::optional(call.type(0)) : find_type(number);
  if (!type) return call.refuse("dtype", "is " + onnx_type_name(number), "a type of numbers");
  call.set(0, *type, call.shape(0));
}
std::vector<Tensor> eye(Call& call) {
  const auto& [type, shape] = call.output();
  const std::int64_t diagonal = call.integer("k", 0);
  Dims values;
  for (std::int64_t row = 0; row < shape[0]; ++row)
    for (std::int64_t column = 0; column < shape[1]; ++column) values.push_back(column - row == diagonal ? 1 : 0);
  return {make_tensor(type, shape, values)};
}

void infer_range(Call& call) {
  double numbers[3] = {0, 0, 0};
  for (int i = 0; i < 3; ++i) {
    if (call.type(i) != call.type(0) || element_count(call.shape(i)) != 1)
      return call.refuse("", fmt::format("input {} is {} of {}", i, dims_text(call.shape(i)), type_name(call.type(i))),
                         "three numbers of one type");
    if (call.constant(i) == nullptr) return call.refuse("", "depends on the data", "bounds that the file decides");
    numbers[i] = reals(*call.constant(i))[0];
  }
  if (numbers[2] == 0) return call.refuse("delta", "is 0", "another step");
  const double count = std::max(0.0, std::ceil((numbers[1] - numbers[0]) / numbers[2]));
  if (!(count <= static_cast<double>(max_elements)))
    return call.refuse("limit", fmt::format("gives {} numbers", count), "fewer");
  call.set(0, call.type(0), {static_cast<std::int64_t>(count)});
}
std::vector<Tensor> range(Call& call) {
  const auto& [type, shape] = call.output();
  const auto count = static_cast<std::size_t>(shape[0]);
  if (is_real(type)) {
    const double start = reals(*call.constant(0))[0], delta = reals(*call.constant(2))[0];
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = start + static_cast<double>(i) * delta;
    return {make_tensor(type, shape, values)};
  }
  const std::int64_t start = integers(*call.constant(0))[0], delta = integers(*call.constant(2))[0];
  Dims values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = start + static_cast<std::int64_t>(i) * delta;
  return {make_tensor(type, shape, values)};
}

void infer_one_hot(Call& call) {
  const Dims depth = call.integer_list(1, "depth");
  const std::int64_t axis = call.axis("axis", -1, call.rank(0) + 1);
  if (call.refused()) return;
  if (depth.size() != 1 || depth[0] < 1 || element_count(call.shape(2)) != 2)
    return call.refuse("depth", "or values are no numbers", "one depth of at least 1 and two values");
  Dims shape = call.shape(0);
  shape.insert(shape.begin() + axis, depth[0]);
  call.set(0, call.type(2), shape);
}
std::vector<Tensor> one_hot(Call& call) {
  const auto& [type, shape] = call.output();
  const auto axis = static_cast<std::size_t>(call.axis("axis", -1, call.rank(0) + 1));
  const std::vector<double> values = reals(*call.constant(2)), picks = reals(*call.constant(0));
  Dims strides = strides_of(call.shape(0));
  strides.insert(strides.begin() + static_cast<std::int64_t>(axis), 0);
  std::vector<double> out(static_cast<std::size_t>(element_count(shape)));
  Walk walk(shape, {strides});
  for (double& o : out) {
    const double pick = picks[static_cast<std::size_t>(walk.offset(0))];
    const auto depth = static_cast<double>(shape[axis]);
    o = values[static_cast<double>(walk.index()[axis]) == (pick < 0 ? pick + depth : pick) ? 1 : 0];
    walk.next();
  }
  return {make_tensor(type, shape, out)};
}

// Indices of what is not zero: a column for each, in C order.
void infer_non_zero(Call& call) {
  if (call.rank(0) == 0) return call.refuse("", "is a single number", "a tensor with dimensions");
  const std::vector<double> values = reals(*call.constant(0));
  const auto count = std::count_if(values.begin(), values.end(), [](double v) { return v != 0; });
  call.set(0, DataType::i64, {call.rank(0), count});
}
std::vector<Tensor> non_zero(Call& call) {
  const Dims& shape = call.output().shape;
  Dims indices(static_cast<std::size_t>(element_count(shape)));
  std::int64_t column = 0;
  Walk walk(call.shape(0), {});
  for (const double v : reals(*call.constant(0))) {
    if (v != 0) {
      for (std::size_t d = 0; d < walk.index().size(); ++d)
        indices[d * static_cast<std::size_t>(shape[1]) + static_cast<std::size_t>(column)] = walk.index()[d];
      ++column;
    }
    walk.next();
  }
  return {make_tensor(DataType::i64, shape, indices)};
}

}  // namespace

const std::vector<Operator>& generator_operators() {
  static const std::vector<Operator> table = {
      {"ConstantOfShape", 1, 1, infer_filled, filled, "value"},
      {"EyeLike", 1, 1, infer_eye, eye, "dtype k"},
      {"NonZero", 1, 1, infer_non_zero, non_zero, "", true},
      {"OneHot", 3, 3, infer_one_hot, one_hot, "axis"},
      {"Range", 3, 3, infer_range, range},
      {"Shape", 1, 1, infer_shape_of, shape_of, "end start"},
      {"Size", 1, 1, infer_size, size},
  };
  return table;
}

}  // namespace tessera::import
