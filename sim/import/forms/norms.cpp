// Normalizations that ONNX says in other words, and those of com.microsoft.
#include <fmt/format.h>

#include "sim/import/forms/form.h"

namespace tessera::import {
namespace {

// Output `output` normalized by another operator, with the epsilon of the node.
void finish_norm(Expansion& e, const char* op, std::vector<ValueId> inputs, double epsilon) {
  e.finish(op, std::move(inputs),
           {{"axis", std::int64_t{-1}}, {"epsilon", static_cast<float>(e.call.real("epsilon", epsilon))}});
}

void refuse_statistics(Expansion& e) {
  for (const std::size_t o : {1U, 2U})
    if (e.wants(o)) e.call.refuse("", fmt::format("has output {}", o), "without mean and deviation");
}

// Input, what is added to it, scale, bias of the norm, bias of the sum; the sum is output 3.
void skip_norm(Expansion& e) {
  refuse_statistics(e);
  const bool centred = e.call.node().op == "SkipLayerNormalization";
  const ValueId sum = e.sum(e.sum(e.input(0), e.input(1)), e.input(centred ? 4 : 3));
  if (centred)
    finish_norm(e, "LayerNormalization", {sum, e.input(2), e.input(3)}, 1e-12F);
  else
    finish_norm(e, "RMSNormalization", {sum, e.input(2)}, 1e-5F);
  if (e.wants(3)) e.finish("Identity", {sum}, {}, 3);
}

void simplified_norm(Expansion& e) {
  if (e.wants(1)) return e.call.refuse("", "has output 1", "without the deviation");
  e.finish("RMSNormalization", {e.input(0), e.input(1)}, e.attributes({"axis", "epsilon", "stash_type"}));
}

// Tokens, segments, tables of words, positions and segments, scale, bias, mask, positions. The mask is output 1, as it
// is given; the sum is output 2.
void embed(Expansion& e) {
  if (e.call.integer("mask_index_type", 2) == 1 || (e.wants(1) && !e.call.has(7)))
    return e.call.refuse("mask_index_type", "asks for numbers of tokens", "a mask of ones and zeros");
  for (const int i : {2, 3, 5, 6})
    if (!e.call.has(i)) return e.call.refuse("", fmt::format("has no input {}", i), "tables, scale and bias");
  const std::int64_t tokens = e.call.rank(0) == 2 ? e.call.shape(0)[1] : 0;
  ValueId sum = e.add("Gather", {e.input(2), e.input(0)});
  const ValueId places = e.call.has(8) ? e.add("Gather", {e.input(3), e.input(8)}) : e.part(e.input(3), 0, 0, tokens);
  sum = e.add("Add", {sum, places});
  if (e.call.has(1) && e.call.has(4)) sum = e.add("Add", {sum, e.add("Gather", {e.input(4), e.input(1)})});
  finish_norm(e, "LayerNormalization", {sum, e.input(5), e.input(6)}, 1e-12F);
  if (e.wants(1)) e.finish("Identity", {e.input(7)}, {}, 1);
  if (e.wants(2)) e.finish("Identity", {sum}, {}, 2);
}

// x over the sum of its magnitudes, or over the root of that of its squares, along an axis.
void lp_norm(Expansion& e) {
  const std::int64_t axis = e.call.axis("axis", -1, e.call.rank(0)), p = e.call.integer("p", 2);
  if (p != 1 && p != 2) return e.call.refuse("p", fmt::format("is {}", p), "1 or 2");
  const ValueId length = e.add(p == 1 ? "ReduceL1" : "ReduceL2", {e.input(0), e.integers({axis})});
  e.finish("Div", {e.input(0), length});
}

// (x - mean) / deviation over some axes, without epsilon.
void mean_variance(Expansion& e) {
  const ValueId axes = e.integers(e.call.integers("axes", {0, 2, 3})), x = e.input(0);
  const ValueId centred = e.add("Sub", {x, e.add("ReduceMean", {x, axes})});
  const ValueId variance = e.add("ReduceMean", {e.add("Mul", {centred, centred}), axes});
  e.finish("Div", {centred, e.add("Sqrt", {variance})});
}

// Of the elements of each window the root of the sum of their squares, or the sum of their magnitudes.
void lp_pool(Expansion& e) {
  const std::int64_t p = e.call.integer("p", 2);
  const bool global = e.call.node().op == "GlobalLpPool";
  if (p != 1 && p != 2) return e.call.refuse("p", fmt::format("is {}", p), "1 or 2");
  if (e.call.integer("ceil_mode", 0) != 0) return e.call.refuse("ceil_mode", "is 1", "0");
  const ValueId x = e.input(0), magnitude = p == 1 ? e.add("Abs", {x}) : e.add("Mul", {x, x});
  std::map<std::string, Attribute> window = e.attributes({"auto_pad", "dilations", "kernel_shape", "pads", "strides"});
  window["count_include_pad"] = std::int64_t{1};
  const Dims& shape = e.call.shape(0);
  const Dims sides = global ? Dims(shape.begin() + std::min<std::ptrdiff_t>(2, e.call.rank(0)), shape.end())
                            : e.call.integers("kernel_shape", {});
  const ValueId mean = global ? e.add("GlobalAveragePool", {magnitude}) : e.add("AveragePool", {magnitude}, window);
  const ValueId sum = e.add("Mul", {mean, e.real(static_cast<double>(element_count(sides)))});
  e.finish(p == 1 ? "Identity" : "Sqrt", {sum});
}

}  // namespace

const std::vector<Form>& norm_forms() {
  static const std::vector<Form> table = {
      {"", "GlobalLpPool", 1, 1, lp_pool, "p"},
      {"", "LpNormalization", 1, 1, lp_norm, "axis p"},
      {"", "LpPool", 1, 1, lp_pool, "auto_pad ceil_mode dilations kernel_shape p pads strides"},
      {"", "MeanVarianceNormalization", 1, 1, mean_variance, "axes"},
      {"", "SimplifiedLayerNormalization", 2, 2, simplified_norm, "axis epsilon stash_type"},
      {microsoft, "EmbedLayerNormalization", 1, 9, embed, "epsilon mask_index_type"},
      {microsoft, "SkipLayerNormalization", 3, 5, skip_norm, "epsilon"},
      {microsoft, "SkipSimplifiedLayerNormalization", 3, 4, skip_norm, "epsilon"},
  };
  return table;
}

}  // namespace tessera::import
