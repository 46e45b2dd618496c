// Matrix products: MatMul with numpy's batch rules, Gemm, and the integer and quantized forms.
#include <fmt/format.h>

#include "sim/import/einsum.h"
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
  if (call.node().op == "MatMul") check_factors(call);
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
  check_factors(call);
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

// The side of every letter of an equation; empty, and refused, where they contradict each other.
std::map<char, std::int64_t> sides_of(Call& call, const Equation& e) {
  std::map<char, std::int64_t> sides;
  for (int i = 0; i < call.inputs(); ++i) {
    const std::string& letters = e.terms[static_cast<std::size_t>(i)];
    const Dims& shape = call.shape(i);
    bool good = shape.size() == letters.size();
    for (std::size_t d = 0; good && d < shape.size(); ++d)
      good = sides.emplace(letters[d], shape[d]).first->second == shape[d];
    if (good) continue;
    call.refuse("equation", fmt::format("says '{}' of {}", letters, dims_text(shape)), "a letter for every dimension");
    return {};
  }
  return sides;
}

std::optional<Equation> equation_of(Call& call) {
  std::vector<std::size_t> ranks;
  for (int i = 0; i < call.inputs(); ++i) ranks.push_back(call.shape(i).size());
  return import::equation_of(call.node(), ranks);
}

void infer_einsum(Call& call) {
  const std::optional<Equation> e = equation_of(call);
  if (!e)
    return call.refuse("equation", "is " + call.text("equation", "missing"),
                       "letters or dots, each once in a term, of as many terms as there are inputs");
  const std::map<char, std::int64_t> sides = sides_of(call, *e);
  if (call.refused()) return;
  Dims shape;
  for (const char c : e->out) shape.push_back(sides.at(c));
  call.set(0, call.type(0), shape);
}

std::vector<Tensor> einsum(Call& call) {
  const Equation e = *equation_of(call);
  std::map<char, std::int64_t> sides = sides_of(call, e);
  std::string letters = e.out;  // of the loops, those of the output first
  for (const auto& [letter, side] : sides)
    if (letters.find(letter) == std::string::npos) letters += letter;
  Dims loops;
  for (const char c : letters) loops.push_back(sides[c]);
  std::vector<Dims> strides;
  std::vector<std::vector<double>> factors;
  for (std::size_t i = 0; i <= e.terms.size(); ++i) {
    const std::string& term = i == e.terms.size() ? e.out : e.terms[i];
    const Dims own = strides_of(i == e.terms.size() ? call.output().shape : call.shape(static_cast<int>(i)));
    strides.emplace_back();
    for (const char c : letters) {
      const std::size_t d = term.find(c);
      strides.back().push_back(d == std::string::npos ? 0 : own[d]);
    }
    if (i < e.terms.size()) factors.push_back(reals(*call.constant(static_cast<int>(i))));
  }
  std::vector<double> out(static_cast<std::size_t>(element_count(call.output().shape)), 0);
  Walk walk(loops, strides);
  for (std::int64_t n = element_count(loops); n > 0; --n, walk.next()) {
    double product = 1;
    for (std::size_t i = 0; i < factors.size(); ++i)
      product *= factors[i][static_cast<std::size_t>(walk.offset(static_cast<int>(i)))];
    out[static_cast<std::size_t>(walk.offset(static_cast<int>(factors.size())))] += product;
  }
  return {make_tensor(call.output().type, call.output().shape, out)};
}

}  // namespace

const std::vector<Operator>& product_operators() {
  static const std::vector<Operator> table = {
      {"Einsum", 1, any_number, infer_einsum, einsum, "equation"},
      {"Gemm", 2, 3, infer_gemm, gemm, "alpha beta transA transB"},
      {"MatMul", 2, 2, infer_matmul, matmul},
      {"MatMulInteger", 2, 4, infer_matmul, matmul},
      {"QLinearMatMul", 8, 8, infer_matmul, matmul},
  };
  return table;
}

}  // namespace tessera::import
