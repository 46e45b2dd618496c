// Attention as one operator (operator set 23): its shape. Layers compute it as products and a softmax
// (pass_attention.cpp).
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

// Heads of queries and of keys: a dimension of four, an attribute beside three.
std::int64_t heads_of(Call& call, int input) {
  if (call.rank(input) == 4) return call.shape(input)[1];
  return call.integer(input == 0 ? "q_num_heads" : "kv_num_heads", 0);
}

void infer_attention(Call& call) {
  const std::int64_t rank = call.rank(0);
  if ((rank != 3 && rank != 4) || call.rank(1) != rank || call.rank(2) != rank)
    return call.refuse("", "has " + dims_text(call.shape(0)),
                       "queries, keys and values of three dimensions, or of four");
  if (call.has(4) || call.has(5)) return call.refuse("past_key", "is given", "attention without a cache");
  const std::int64_t heads = heads_of(call, 0), shared = heads_of(call, 1);
  Dims q = call.shape(0), k = call.shape(1), v = call.shape(2);
  if (heads < 1 || shared < 1 || heads % shared != 0 || q.back() % (rank == 3 ? heads : 1) != 0 ||
      v.back() % (rank == 3 ? shared : 1) != 0 ||
      q.back() * (rank == 3 ? shared : 1) != k.back() * (rank == 3 ? heads : 1))
    return call.refuse("", "has " + dims_text(q) + ", " + dims_text(k) + " and " + dims_text(v),
                       "heads that divide the channels");
  q.back() = rank == 4 ? v.back() : v.back() / shared * heads;
  call.set(0, call.type(0), q);
}

}  // namespace

const std::vector<Operator>& attention_operators() {
  static const std::vector<Operator> table = {
      {"Attention", 3, 6, infer_attention, nullptr,
       "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision"}};
  return table;
}

}  // namespace tessera::import
