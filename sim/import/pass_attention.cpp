// Attention (operator set 23) becomes what it is made of: scaled products of queries and keys, a mask, a softmax, and
// products with the values.
#include <cmath>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

constexpr double masked_score = -1e9;

// Of 1 x rows x (heads * depth): 1 x heads x rows x depth.
ValueId with_heads(Rewriter& r, const Node& node, ValueId id, std::int64_t heads) {
  const Dims s = r.shape(id);
  if (s.size() == 4) return id;
  const ValueId split = r.add(node, "Reshape", {id}, {s[0], s[1], heads, s[2] / heads});
  return r.add(node, "Transpose", {split}, {s[0], heads, s[1], s[2] / heads}, {{"perm", Dims{0, 2, 1, 3}}});
}

// Each head `times` times.
ValueId repeated_heads(Rewriter& r, const Node& node, ValueId id, std::int64_t times) {
  if (times == 1) return id;
  const Dims s = r.shape(id);
  const ValueId apart = r.add(node, "Reshape", {id}, {s[0], s[1], 1, s[2], s[3]}),
                wide = r.add(node, "Expand", {apart}, {s[0], s[1], times, s[2], s[3]});
  return r.add(node, "Reshape", {wide}, {s[0], s[1] * times, s[2], s[3]});
}

// Zeros up to the diagonal, and what masks beyond.
ValueId causal_mask(Rewriter& r, const Node& node, std::int64_t rows, std::int64_t columns) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) values.push_back(j > i ? masked_score : 0);
  return r.reals(node, {1, 1, rows, columns}, values);
}

// Scores where the mask is true, and what masks elsewhere.
ValueId chosen(Rewriter& r, const Node& node, ValueId scores, ValueId mask) {
  const ValueId made = r.add(node, "Where", {mask, scores, r.real(node, masked_score)}, r.shape(scores));
  r.retype(made, r.value(scores).type);
  return made;
}

bool expand(Rewriter& r, const Node& node) {
  if (node.op != "Attention" || !node.domain.empty() || node.outputs.size() != 1) return false;
  const bool masks = node.inputs.size() > 3 && node.inputs[3] != no_value;
  const bool flat = r.shape(node.inputs[0]).size() == 3;
  const std::int64_t heads = flat ? integer_of(node, "q_num_heads", 1) : r.shape(node.inputs[0])[1],
                     shared = flat ? integer_of(node, "kv_num_heads", 1) : r.shape(node.inputs[1])[1];
  const ValueId q = with_heads(r, node, node.inputs[0], heads),
                k = repeated_heads(r, node, with_heads(r, node, node.inputs[1], shared), heads / shared),
                v = repeated_heads(r, node, with_heads(r, node, node.inputs[2], shared), heads / shared);
  const Dims of_q = r.shape(q), of_k = r.shape(k), scores{of_q[0], heads, of_q[2], of_k[2]};
  const ValueId turned =
      r.add(node, "Transpose", {k}, {of_k[0], heads, of_k[3], of_k[2]}, {{"perm", Dims{0, 1, 3, 2}}});
  const double scale = real_of(node, "scale", 1 / std::sqrt(static_cast<double>(of_q[3])));
  ValueId s = r.add(node, "Mul", {r.add(node, "MatMul", {q, turned}, scores), r.real(node, scale)}, scores);
  if (const double cap = real_of(node, "softcap", 0); cap != 0) {  // cap * tanh(s / cap)
    const ValueId bent = r.add(node, "Tanh", {r.add(node, "Mul", {s, r.real(node, 1 / cap)}, scores)}, scores);
    s = r.add(node, "Mul", {bent, r.real(node, cap)}, scores);
  }
  if (masks && is_real(r.value(node.inputs[3]).type)) s = r.add(node, "Add", {s, node.inputs[3]}, scores);
  if (masks && !is_real(r.value(node.inputs[3]).type)) s = chosen(r, node, s, node.inputs[3]);
  if (integer_of(node, "is_causal", 0) != 0)
    s = r.add(node, "Add", {s, causal_mask(r, node, scores[2], scores[3])}, scores);
  s = r.add(node, "Softmax", {s}, scores, {{"axis", std::int64_t{-1}}});
  if (!flat) {
    r.finish(node, "MatMul", {s, v});
    return true;
  }
  const std::int64_t depth = r.shape(v)[3];
  const ValueId mixed = r.add(node, "MatMul", {s, v}, {of_q[0], heads, of_q[2], depth});
  r.finish(node, "Reshape",
           {r.add(node, "Transpose", {mixed}, {of_q[0], of_q[2], heads, depth}, {{"perm", Dims{0, 2, 1, 3}}})});
  return true;
}

}  // namespace

void expand_attention(Graph& graph) { Rewriter(graph).each(expand); }

}  // namespace tessera::import
