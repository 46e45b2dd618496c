// Rotary embeddings: pairs of channels are turned by angles that the position decides, of com.microsoft and of operator
// set 23.
#include <fmt/format.h>

#include "sim/import/forms/form.h"

namespace tessera::import {
namespace {

// Inputs besides the tensor; -1: none.
struct TableInputs {
  int cosines, sines, positions;
};

// Rows of a table for every token, with a dimension for heads: batch x tokens x 1 x pairs.
ValueId angles(Expansion& e, int table, int positions, std::int64_t tokens) {
  ValueId rows = e.input(table);
  if (positions < 0) return e.add("Unsqueeze", {rows, e.integers({2})});
  if (e.call.rank(positions) == 2) {
    rows = e.add("Gather", {rows, e.input(positions)});
    return e.add("Unsqueeze", {rows, e.integers({2})});
  }
  const Dims first = e.call.integer_list(positions, "position_ids");  // of the first token
  if (e.call.refused()) return no_value;
  if (first.size() != 1) {
    e.call.refuse("position_ids", "have the shape " + dims_text(e.call.shape(positions)),
                  "a position per token, or that of the first one");
    return no_value;
  }
  return e.add("Unsqueeze", {e.part(rows, 0, first[0], first[0] + tokens), e.integers({0, 2})});
}

// Channels of a head: the turned ones in pairs, and the rest. `shape`: batch x tokens x heads x channels.
ValueId turned_pairs(Expansion& e, ValueId x, const Dims& shape, std::int64_t turned, const TableInputs& at) {
  const bool neighbours = e.call.integer("interleaved", 0) != 0;
  const std::int64_t half = turned / 2;
  const ValueId cosines = angles(e, at.cosines, at.positions, shape[1]),
                sines = angles(e, at.sines, at.positions, shape[1]);
  if (e.call.refused()) return no_value;
  const ValueId whole = turned == shape[3] ? x : e.part(x, 3, 0, turned);
  ValueId first = no_value, second = no_value;
  const Dims pairs{shape[0], shape[1], shape[2], half, 2}, halves{shape[0], shape[1], shape[2], half};
  if (neighbours) {
    const ValueId apart = e.reshaped(whole, pairs);
    first = e.reshaped(e.part(apart, 4, 0, 1), halves);
    second = e.reshaped(e.part(apart, 4, 1, 2), halves);
  } else {
    first = e.part(whole, 3, 0, half);
    second = e.part(whole, 3, half, turned);
  }
  const auto product = [&](ValueId a, ValueId b) { return e.add("Mul", {a, b}); };
  ValueId low = e.add("Sub", {product(first, cosines), product(second, sines)}),
          high = e.add("Add", {product(first, sines), product(second, cosines)});
  if (!neighbours) {
    std::vector<ValueId> all{low, high};
    if (turned != shape[3]) all.push_back(e.part(x, 3, turned, shape[3]));
    return e.add("Concat", all, {{"axis", std::int64_t{3}}});
  }
  const Dims columns{shape[0], shape[1], shape[2], half, 1};
  low = e.reshaped(low, columns);
  high = e.reshaped(high, columns);
  const ValueId joined =
      e.reshaped(e.add("Concat", {low, high}, {{"axis", std::int64_t{4}}}), {shape[0], shape[1], shape[2], turned});
  if (turned == shape[3]) return joined;
  return e.add("Concat", {joined, e.part(x, 3, turned, shape[3])}, {{"axis", std::int64_t{3}}});
}

void rotary(Expansion& e) {
  const bool own = e.call.node().domain == microsoft;
  const TableInputs at = own ? TableInputs{2, 3, 1} : TableInputs{1, 2, e.call.has(3) ? 3 : -1};
  const Dims given = e.call.shape(0);
  std::int64_t heads = given.size() == 4 ? given[1] : e.call.integer("num_heads", 0);
  const std::int64_t named = e.call.integer("rotary_embedding_dim", 0);
  // Where the heads are not said, the tables say how many channels one has.
  const std::int64_t pairs = e.call.rank(at.cosines) > 0 ? e.call.shape(at.cosines).back() : 0;
  if (heads == 0 && given.size() == 3 && pairs > 0 && given[2] % (2 * pairs) == 0) heads = given[2] / (2 * pairs);
  if ((given.size() != 3 && given.size() != 4) || heads < 1 || given.back() % (given.size() == 3 ? heads : 1) != 0)
    return e.call.refuse("num_heads", fmt::format("is {} for {}", heads, dims_text(given)),
                         "heads that divide the channels of batch x tokens x channels");
  if (own && e.call.real("scale", 1) != 1) e.call.refuse("scale", "is not 1", "1");
  const bool apart = given.size() == 4;
  const Dims shape =
      apart ? Dims{given[0], given[2], heads, given[3]} : Dims{given[0], given[1], heads, given[2] / heads};
  const std::int64_t turned = named > 0 ? named : shape[3];
  if (turned > shape[3] || turned != 2 * pairs)
    e.call.refuse("rotary_embedding_dim",
                  fmt::format("is {} for heads of {} and tables of {}", turned, shape[3], pairs),
                  "twice the columns of the tables, at most the channels of a head");
  if (e.call.refused()) return;
  const ValueId x = apart ? e.turned(e.input(0), {0, 2, 1, 3}) : e.reshaped(e.input(0), shape);
  const ValueId result = turned_pairs(e, x, shape, turned, at);
  if (e.call.refused()) return;
  if (apart)
    e.finish("Transpose", {result}, {{"perm", Dims{0, 2, 1, 3}}});
  else
    e.finish("Reshape", {result, e.integers(given)});
}

}  // namespace

const std::vector<Form>& rotary_forms() {
  static const std::vector<Form> table = {
      {"", "RotaryEmbedding", 3, 4, rotary, "interleaved num_heads rotary_embedding_dim"},
      {microsoft, "RotaryEmbedding", 4, 4, rotary, "interleaved num_heads rotary_embedding_dim scale"},
  };
  return table;
}

}  // namespace tessera::import
