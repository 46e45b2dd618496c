// Attention of com.microsoft: products with the weights of queries, keys and values, and Attention of ONNX.
#include <fmt/format.h>

#include "sim/import/forms/form.h"

namespace tessera::import {
namespace {

struct Parts {
  ValueId q, k, v;
};

// A padding mask, 1 where a key counts: batch x keys, or batch x queries x keys. As numbers that are added to scores.
ValueId added_mask(Expansion& e, int input) {
  if (!e.call.has(input)) return no_value;
  const std::int64_t rank = e.call.rank(input);
  if (rank != 2 && rank != 3) {
    e.call.refuse("", fmt::format("has a mask of {}", dims_text(e.call.shape(input))),
                  "batch x keys, or batch x queries x keys");
    return no_value;
  }
  const double masked = e.call.real("mask_filter_value", -10000);
  const ValueId counts = e.add("Cast", {e.input(input)}, {{"to", std::int64_t{1}}});
  const ValueId inverse = e.add("Sub", {e.real(1), counts}), score = e.add("Mul", {inverse, e.real(masked)});
  return e.add("Unsqueeze", {score, e.integers(rank == 2 ? Dims{1, 2} : Dims{1})});
}

void refuse_given(Expansion& e, std::initializer_list<int> inputs) {
  for (const int i : inputs)
    if (e.call.has(i)) e.call.refuse("", fmt::format("has input {}", i), "attention without a cache");
  for (const std::size_t o : {1U, 2U})
    if (e.wants(o)) e.call.refuse("", fmt::format("has output {}", o), "attention without a cache");
}

void finish_attention(Expansion& e, const Parts& parts, ValueId mask) {
  const std::int64_t heads = e.call.integer("num_heads", 0);
  std::map<std::string, Attribute> attributes = {
      {"q_num_heads", heads}, {"kv_num_heads", heads}, {"is_causal", e.call.integer("unidirectional", 0)}};
  if (const double scale = e.call.real("scale", 0); scale != 0) attributes["scale"] = static_cast<float>(scale);
  e.finish("Attention", {parts.q, parts.k, parts.v, mask}, attributes);
}

// Input, weights [inputs][queries, keys, values], bias, mask, past, and what is added to scores.
void attention(Expansion& e) {
  refuse_given(e, {4, 6, 7});
  if (e.call.integer("do_rotary", 0) != 0) e.call.refuse("do_rotary", "is 1", "0");
  const std::int64_t all = e.call.rank(1) == 2 ? e.call.shape(1)[1] : 0;
  const Dims sizes = e.call.integers("qkv_hidden_sizes", {all / 3, all / 3, all / 3});
  if (sizes.size() != 3 || sizes[0] + sizes[1] + sizes[2] != all)
    e.call.refuse("weights", "have the shape " + dims_text(e.call.shape(1)),
                  "inputs x (queries, keys and values), as qkv_hidden_sizes says");
  if (e.call.refused()) return;
  const ValueId product = e.add("MatMul", {e.input(0), e.input(1)});
  const std::vector<ValueId> parts =
      e.add_many("Split", {e.sum(product, e.input(2)), e.integers(sizes)}, 3, {{"axis", std::int64_t{2}}});
  finish_attention(e, {parts[0], parts[1], parts[2]}, e.sum(added_mask(e, 3), e.input(5)));
}

// Queries, keys, values, bias of all three, padding mask, and what is added to scores.
void multi_head(Expansion& e) {
  refuse_given(e, {6, 7, 8, 9});
  for (const int i : {0, 1, 2})
    if (!e.call.has(i) || e.call.rank(i) != 3)
      e.call.refuse("", fmt::format("has no input {} of three dimensions", i), "queries, keys and values apart");
  if (e.call.refused()) return;
  Parts parts{e.input(0), e.input(1), e.input(2)};
  if (e.call.has(3)) {
    std::int64_t at = 0;
    for (const auto& [part, input] : {std::pair{&parts.q, 0}, {&parts.k, 1}, {&parts.v, 2}}) {
      const std::int64_t size = e.call.shape(input).back();
      *part = e.add("Add", {*part, e.part(e.input(3), 0, at, at + size)});
      at += size;
    }
  }
  finish_attention(e, parts, e.sum(added_mask(e, 4), e.input(5)));
}

}  // namespace

const std::vector<Form>& attention_forms() {
  static const std::vector<Form> table = {
      {microsoft, "Attention", 2, 8, attention,
       "do_rotary mask_filter_value num_heads qkv_hidden_sizes scale unidirectional"},
      {microsoft, "MultiHeadAttention", 1, 10, multi_head, "mask_filter_value num_heads scale unidirectional"},
  };
  return table;
}

}  // namespace tessera::import
