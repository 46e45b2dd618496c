// Matrix products: MatMul with numpy's batch rules, Gemm, and the integer and quantized forms.
#include <fmt/format.h>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"
#include "sim/import/operators/quantized.h"

namespace tessera::import {
namespace {

// Inputs of the two factors.
int second_factor(const Call& call) { return call.node().op == "QLinearMatMul" ? 3 : 1; }

// A factor as batch x rows x columns: a vector is a row of the left, a column of the right factor.
Dims as_matrix(const Dims& shape, bool left) {
  if (shape.size() != 1) return shape;
  return left ? Dims{1, shape[0]} : Dims{shape[0], 1};
}

void infer_matmul(Call& call) {
  const int second = second_factor(call);
  const Dims a = as_matrix(call.shape(0), true), b = as_matrix(call.shape(second), false);
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2])
    return call.refuse("", fmt::format("multiplies {} by {}", dims_text(call.shape(0)), dims_text(call.shape(second))),
                       "matrices that fit: columns of the first are rows of the second");
  Dims shape = broadcast(call, Dims(a.begin(), a.end() - 2), Dims(b.begin(), b.end() - 2));
  if (call.rank(0) > 1) shape.push_back(a[a.size() - 2]);
  if (call.rank(second) > 1) shape.push_back(b.back());
  const std::string& op = call.node().op;
  call.set(0, op == "MatMulInteger" ? DataType::i32 : op == "QLinearMatMul" ? call.type(7) : call.type(0), shape);
}

// out[m][n] += a[m][k] * b[k][n], the factors by strides of row and column.
struct Factor {
  const double* values;
  std::int64_t row, column;
};
void multiply(const Factor& a, const Factor& b, double* out, std::int64_t m, std::int64_t k, std::int64_t n) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t c = 0; c < k; ++c) {
      const double factor = a.values[i * a.row + c * a.column];
      const double* row = b.values + c * b.row;
      for (std::int64_t j = 0; j < n; ++j) out[i * n + j] += factor * row[j * b.column];
    }
}

std::vector<Tensor> matmul(Call& call) {
  const int second = second_factor(call);
  const std::string& op = call.node().op;
  const Dims a = as_matrix(call.shape(0), true), b = as_matrix(call.shape(second), false);
  const bool linear = op == "QLinearMatMul", integer = op == "MatMulInteger";
  const std::int64_t rows_axis = std::max<std::int64_t>(0, call.rank(0) - 2), columns_axis = call.rank(second) - 1;
  const std::vector<double> x = linear    ? centered(call, 0, 2, rows_axis)
                                : integer ? centered(call, 0, 2, rows_axis)
                                          : reals(*call.constant(0));
  const std::vector<double> w = linear    ? centered(call, 3, 5, columns_axis)
                                : integer ? centered(call, 1, 3, columns_axis)
                                          : reals(*call.constant(1));
  const std::int64_t m = a[a.size() - 2], k = a.back(), n = b.back();
  const Dims batch_a(a.begin(), a.end() - 2), batch_b(b.begin(), b.end() - 2),
      batch = broadcast(call, batch_a, batch_b);
  std::vector<double> out(static_cast<std::size_t>(element_count(batch) * m * n), 0);
  Walk walk(batch, {broadcast_strides(batch_a, batch), broadcast_strides(batch_b, batch)});
  for (std::int64_t at = 0; at < element_count(batch); ++at, walk.next())
    multiply({x.data() + walk.offset(0) * m * k, k, 1}, {w.data() + walk.offset(1) * k * n, n, 1},
             out.data() + at * m * n, m, k, n);
  if (linear) requantize_linear(call, out, {1, 4, 6, 7}, 1);
  return {make_tensor(call.output().type, call.output().shape, out)};
}

void infer_gemm(Call& call) {
  const bool ta = call.integer("transA", 0) != 0, tb = call.integer("transB", 0) != 0;
  const Dims &a = call.shape(0), &b = call.shape(1);
  if (a.size() != 2 || b.size() != 2 || a[ta ? 0 : 1] != b[tb ? 1 : 0])
    return call.refuse("",
                       fmt::format("multiplies {}{} by {}{}", dims_text(a), ta ? " transposed" : "", dims_text(b),
                                   tb ? " transposed" : ""),
                       "two matrices that fit");
  const Dims shape{a[ta ? 1 : 0], b[tb ? 0 : 1]};
  if (call.has(2) && broadcast(call, shape, call.shape(2)) != shape)
    return call.refuse("C", "has the shape " + dims_text(call.shape(2)), "one that broadcasts to " + dims_text(shape));
  call.set(0, call.type(0), shape);
}
std::vector<Tensor> gemm(Call& call) {
  const bool ta = call.integer("transA", 0) != 0, tb = call.integer("transB", 0) != 0;
  const double alpha = call.real("alpha", 1), beta = call.real("beta", 1);
  const Dims& shape = call.output().shape;
  const std::vector<double> a = reals(*call.constant(0)), b = reals(*call.constant(1));
  const std::int64_t k = call.shape(0)[ta ? 0 : 1];
  std::vector<double> out(static_cast<std::size_t>(element_count(shape)), 0);
  multiply({a.data(), ta ? 1 : k, ta ? shape[0] : 1}, {b.data(), tb ? 1 : shape[1], tb ? k : 1}, out.data(), shape[0],
           k, shape[1]);
  std::vector<double> c{0};
  if (call.has(2)) c = reals(*call.constant(2));
  Walk walk(shape, {broadcast_strides(call.has(2) ? call.shape(2) : Dims{}, shape)});
  for (double& o : out) {
    o = alpha * o + beta * c[static_cast<std::size_t>(walk.offset(0))];
    walk.next();
  }
  return {make_tensor(call.output().type, shape, out)};
}

}  // namespace

const std::vector<Operator>& product_operators() {
  static const std::vector<Operator> table = {
      {"Gemm", 2, 3, infer_gemm, gemm},
      {"MatMul", 2, 2, infer_matmul, matmul},
      {"MatMulInteger", 2, 4, infer_matmul, matmul},
      {"QLinearMatMul", 8, 8, infer_matmul, matmul},
  };
  return table;
}

}  // namespace tessera::import
