// Einsum: transpositions, sums over what one tensor has alone, and products of matrices, one tensor after the other.
#include <algorithm>

#include "sim/import/einsum.h"
#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

// A tensor with a letter for every dimension.
struct Labelled {
  ValueId id;
  std::string letters;
};

class TensorProduct {
 public:
  TensorProduct(Rewriter& r, const Node& node, const Equation& e) : r_(r), node_(node), e_(e) {}

  void run() {
    std::vector<Labelled> parts;
    for (std::size_t i = 0; i < e_.terms.size(); ++i) {
      const Dims& shape = r_.shape(node_.inputs[i]);
      for (std::size_t d = 0; d < shape.size(); ++d) sides_[e_.terms[i][d]] = shape[d];
      parts.push_back({node_.inputs[i], e_.terms[i]});
    }
    Labelled product = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) {
      kept_ = e_.out;  // what the product still needs
      for (std::size_t later = i + 1; later < parts.size(); ++later) kept_ += parts[later].letters;
      sum_alone(product, parts[i].letters);
      sum_alone(parts[i], product.letters);
      product = multiply(product, parts[i]);
    }
    kept_ = e_.out;
    sum_alone(product, "");
    r_.finish(node_, "Transpose", {product.id}, {{"perm", order(product.letters, e_.out)}});
  }

 private:
  Dims shape_of(const std::string& letters) const {
    Dims shape;
    for (const char c : letters) shape.push_back(sides_.at(c));
    return shape;
  }
  static Dims order(const std::string& from, const std::string& to) {
    Dims perm;
    for (const char c : to) perm.push_back(static_cast<std::int64_t>(from.find(c)));
    return perm;
  }
  static bool in(char c, const std::string& letters) { return letters.find(c) != std::string::npos; }

  // Letters that neither the other term nor what comes behind has.
  void sum_alone(Labelled& part, const std::string& other) {
    Dims axes;
    std::string kept;
    for (const char c : part.letters) {
      if (in(c, other) || in(c, kept_))
        kept += c;
      else
        axes.push_back(static_cast<std::int64_t>(part.letters.find(c)));
    }
    if (axes.empty()) return;
    part.id = r_.add(node_, "ReduceSum", {part.id, r_.integers(node_, axes)}, shape_of(kept),
                     {{"keepdims", std::int64_t{0}}});
    part.letters = kept;
  }

  ValueId brought(const Labelled& part, const std::string& letters, const Dims& shape) {
    ValueId id = part.id;
    if (r_.value(id).constant) return r_.turned_constant(node_, id, order(part.letters, letters), shape);
    if (part.letters != letters)
      id = r_.add(node_, "Transpose", {id}, shape_of(letters), {{"perm", order(part.letters, letters)}});
    return r_.shape(id) == shape ? id : r_.add(node_, "Reshape", {id}, shape);
  }

  // [batch][rows][depth] times [batch][depth][columns]
  Labelled multiply(const Labelled& a, const Labelled& b) {
    std::string batch, rows, depth, columns;
    for (const char c : a.letters) (!in(c, b.letters) ? rows : in(c, kept_) ? batch : depth) += c;
    for (const char c : b.letters)
      if (!in(c, a.letters)) columns += c;
    const auto joined = [&](const std::string& letters) {
      std::int64_t n = 1;
      for (const char c : letters) n *= sides_.at(c);
      return n;
    };
    Dims first = shape_of(batch), second = first, out = first;
    for (const std::int64_t n : {joined(rows), joined(depth)}) first.push_back(n);
    for (const std::int64_t n : {joined(depth), joined(columns)}) second.push_back(n);
    for (const std::int64_t n : {joined(rows), joined(columns)}) out.push_back(n);
    const ValueId x = brought(a, batch + rows + depth, first), y = brought(b, batch + depth + columns, second);
    const ValueId made = r_.add(node_, "MatMul", {x, y}, out);
    const std::string letters = batch + rows + columns;
    return {r_.shape(made) == shape_of(letters) ? made : r_.add(node_, "Reshape", {made}, shape_of(letters)), letters};
  }

  Rewriter& r_;
  const Node& node_;
  const Equation& e_;
  std::string kept_;
  std::map<char, std::int64_t> sides_;
};

bool rewrite_einsum(Rewriter& r, const Node& node) {
  if (node.op != "Einsum" || !node.domain.empty() || !r.value(node.outputs[0]).known) return false;
  std::vector<std::size_t> ranks;
  for (const ValueId id : node.inputs) ranks.push_back(r.shape(id).size());
  const std::optional<Equation> e = equation_of(node, ranks);
  if (!e) return false;
  for (std::size_t i = 0; i < e->terms.size(); ++i)
    if (r.shape(node.inputs[i]).size() != e->terms[i].size()) return false;
  TensorProduct(r, node, *e).run();
  return true;
}

// A vector is a row of the left factor, a column of the right one, and no dimension of the product.
bool rewrite_vector(Rewriter& r, const Node& node) {
  if (node.op != "MatMul" || !node.domain.empty()) return false;
  const bool row = r.shape(node.inputs[0]).size() == 1, column = r.shape(node.inputs[1]).size() == 1;
  if (!row && !column) return false;
  const auto matrix = [&](ValueId id, const Dims& shape) {
    return r.value(id).constant ? r.reshaped_constant(node, id, shape) : r.add(node, "Reshape", {id}, shape);
  };
  const std::int64_t depth = r.shape(node.inputs[0]).back();
  const ValueId a = row ? matrix(node.inputs[0], {1, depth}) : node.inputs[0],
                b = column ? matrix(node.inputs[1], {depth, 1}) : node.inputs[1];
  Dims shape = r.shape(node.outputs[0]);
  if (column) shape.push_back(1);
  if (row) shape.insert(shape.end() - 1, 1);
  r.finish(node, "Reshape", {r.add(node, "MatMul", {a, b}, shape)});
  return true;
}

}  // namespace

void multiply_vectors(Graph& graph) { Rewriter(graph).each(rewrite_vector); }

void multiply_out(Graph& graph) { Rewriter(graph).each(rewrite_einsum); }

}  // namespace tessera::import
