// Products: fused ones, and those of integers. Integers of a dynamic quantization stand for the numbers that they are
// made of: layers quantize them in their own steps.
#include "sim/import/forms/form.h"

namespace tessera::import {
namespace {

// The last two dimensions change places.
ValueId turned_last(Expansion& e, int input) {
  Dims order;
  for (std::int64_t d = 0; d < e.call.rank(input); ++d) order.push_back(d);
  if (order.size() < 2) return e.input(input);
  std::swap(order.back(), order[order.size() - 2]);
  return e.turned(e.input(input), order);
}

void fused_matmul(Expansion& e) {
  for (const char* batch : {"transBatchA", "transBatchB"})
    if (e.call.integer(batch, 0) != 0) e.call.refuse(batch, "is 1", "0");
  const ValueId a = e.call.integer("transA", 0) != 0 ? turned_last(e, 0) : e.input(0),
                b = e.call.integer("transB", 0) != 0 ? turned_last(e, 1) : e.input(1);
  const double alpha = e.call.real("alpha", 1);
  if (alpha == 1) return e.finish("MatMul", {a, b});
  e.finish("Mul", {e.add("MatMul", {a, b}), e.real(alpha)});
}

// Integers as numbers without a scale; numbers stay.
ValueId without_zero(Expansion& e, int input, int zero, std::int64_t axis) {
  if (is_real(e.call.type(input))) return e.input(input);
  const Dims shape = e.call.has(zero) ? e.call.shape(zero) : Dims{};
  const ValueId ones = e.reals(shape, std::vector<double>(static_cast<std::size_t>(element_count(shape)), 1));
  return e.add("DequantizeLinear", {e.input(input), ones, e.input(zero)}, {{"axis", axis}});
}

void integer_product(Expansion& e) {
  const bool conv = e.call.node().op == "ConvInteger";
  const ValueId x = without_zero(e, 0, 2, 0), w = without_zero(e, 1, 3, conv ? 0 : e.call.rank(1) - 1);
  e.finish(conv ? "Conv" : "MatMul", {x, w},
           e.attributes({"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}));
}

void dynamic_quantization(Expansion& e) {
  e.finish("Identity", {e.input(0)});
  e.finish("Identity", {e.real(1)}, {}, 1);
  e.finish("Identity", {e.real(0)}, {}, 2);
}

// x times dequantized weights, plus a bias: x, weights, their scale and zero point, bias.
void dynamic_product(Expansion& e) {
  const ValueId w = e.add("DequantizeLinear", {e.input(1), e.input(2), e.input(3)}, {{"axis", std::int64_t{1}}});
  const ValueId product = e.add("MatMul", {e.input(0), w});
  e.finish("Identity", {e.sum(product, e.input(4))});
}

// Integers of both factors, their scales, their zero points, bias.
void scaled_product(Expansion& e) {
  const ValueId x = is_real(e.call.type(0)) ? e.add("Mul", {e.input(0), e.input(2)})
                                            : e.add("DequantizeLinear", {e.input(0), e.input(2), e.input(4)});
  const ValueId w = e.add("DequantizeLinear", {e.input(1), e.input(3), e.input(5)}, {{"axis", std::int64_t{1}}});
  e.finish("Identity", {e.sum(e.add("MatMul", {x, w}), e.input(6))});
}

// Quantization of com.microsoft is that of ONNX.
void same_of_onnx(Expansion& e) {
  e.finish(e.call.node().op.c_str(), {e.input(0), e.input(1), e.input(2)}, e.attributes({"axis"}));
}

}  // namespace

const std::vector<Form>& product_forms() {
  static const std::vector<Form> table = {
      {"", "ConvInteger", 2, 4, integer_product, "auto_pad dilations group kernel_shape pads strides"},
      {"", "DynamicQuantizeLinear", 1, 1, dynamic_quantization},
      {"", "MatMulInteger", 2, 4, integer_product},
      {microsoft, "DequantizeLinear", 2, 3, same_of_onnx, "axis"},
      {microsoft, "DynamicQuantizeMatMul", 3, 5, dynamic_product},
      {microsoft, "FusedMatMul", 2, 2, fused_matmul, "alpha transA transB transBatchA transBatchB"},
      {microsoft, "MatMulIntegerToFloat", 4, 7, scaled_product},
      {microsoft, "QuantizeLinear", 2, 3, same_of_onnx, "axis"},
      {microsoft, "TransposeMatMul", 2, 2, fused_matmul, "alpha transA transB"},
  };
  return table;
}

}  // namespace tessera::import
