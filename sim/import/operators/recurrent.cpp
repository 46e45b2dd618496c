// Recurrent networks: their shapes. Layers do not compute them; the host may.
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

// X [steps][batch][inputs], R [directions][rows][hidden] -> Y [steps][directions][batch][hidden], and the last state
// (and cell) [directions][batch][hidden]. `layout` 1: the batch in front.
void infer_recurrent(Call& call) {
  if (call.rank(0) != 3 || call.rank(2) != 3)
    return call.refuse("", "has " + dims_text(call.shape(0)) + " and weights of " + dims_text(call.shape(2)),
                       "three dimensions each");
  const bool batch_first = call.integer("layout", 0) != 0;
  const Dims x = call.shape(0), r = call.shape(2);
  const std::int64_t steps = x[batch_first ? 1 : 0], batch = x[batch_first ? 0 : 1];
  call.set(0, call.type(0), batch_first ? Dims{batch, steps, r[0], r[2]} : Dims{steps, r[0], batch, r[2]});
  const Dims last = batch_first ? Dims{batch, r[0], r[2]} : Dims{r[0], batch, r[2]};
  call.set(1, call.type(0), last);
  if (call.node().op == "LSTM") call.set(2, call.type(0), last);
}

// The k largest along an axis, and where they stand.
void infer_top(Call& call) {
  const Dims count = call.integer_list(1, "K");
  Dims shape = call.shape(0);
  const std::int64_t axis = call.axis("axis", -1, call.rank(0));
  if (call.refused()) return;
  if (count.size() != 1 || count[0] < 1 || shape.empty() || count[0] > shape[static_cast<std::size_t>(axis)])
    return call.refuse("K", "is " + dims_text(count), "one number of at most the side that is searched");
  shape[static_cast<std::size_t>(axis)] = count[0];
  call.set(0, call.type(0), shape);
  call.set(1, DataType::i64, shape);
}

}  // namespace

const std::vector<Operator>& recurrent_operators() {
  static const std::vector<Operator> table = {
      {"GRU", 3, 6, infer_recurrent, nullptr,
       "activation_alpha activation_beta activations clip direction hidden_size layout linear_before_reset"},
      {"LSTM", 3, 8, infer_recurrent, nullptr,
       "activation_alpha activation_beta activations clip direction hidden_size input_forget layout"},
      {"RNN", 3, 6, infer_recurrent, nullptr,
       "activation_alpha activation_beta activations clip direction hidden_size layout"},
      {"TopK", 2, 2, infer_top, nullptr, "axis largest sorted"}};
  return table;
}

}  // namespace tessera::import
