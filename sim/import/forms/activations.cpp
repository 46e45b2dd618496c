// Activations of com.microsoft, also behind sums, convolutions and products.
#include "sim/import/forms/form.h"

namespace tessera::import {
namespace {

void bias_gelu(Expansion& e) { e.finish("Gelu", {e.sum(e.input(0), e.input(1))}); }

void fast_gelu(Expansion& e) {
  e.finish("Gelu", {e.sum(e.input(0), e.input(1))}, {{"approximate", std::string("tanh")}});
}

void quick_gelu(Expansion& e) {
  e.finish("Swish", {e.input(0)}, {{"alpha", static_cast<float>(e.call.real("alpha", 1.702F))}});
}

void bias_add(Expansion& e) { e.finish("Add", {e.sum(e.input(0), e.input(1)), e.input(2)}); }

// All dimensions from the axis on are normalized: the last one alone.
void bias_softmax(Expansion& e) {
  const std::int64_t rank = e.call.rank(0), axis = e.call.axis("axis", 1, rank);
  if (axis != rank - 1) return e.call.refuse("axis", "is not the last one", "the last dimension");
  if (e.call.integer("is_inner_broadcast", 1) == 0)
    return e.call.refuse("is_inner_broadcast", "is 0", "1: a bias that broadcasts as in Add");
  e.finish("Softmax", {e.sum(e.input(0), e.input(1))}, {{"axis", rank - 1}});
}

// An activation by name, with the parameters that the file gives it.
void finish_activation(Expansion& e, ValueId x, const std::vector<double>& parameters) {
  const std::string name =
      e.call.word("activation", {"", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "Clip"});
  const auto parameter = [&](std::size_t i) { return e.real(i < parameters.size() ? parameters[i] : 0); };
  const std::size_t wanted = name == "LeakyRelu" ? 1 : name == "HardSigmoid" || name == "Clip" ? 2 : 0;
  if (parameters.size() < wanted)
    return e.call.refuse("activation_params", "are too few", "as many as the activation has");
  if (name.empty()) return e.finish("Identity", {x});
  if (name == "Clip") return e.finish("Clip", {x, parameter(0), parameter(1)});
  std::map<std::string, Attribute> attributes;
  if (wanted > 0) attributes["alpha"] = static_cast<float>(parameters[0]);
  if (wanted > 1) attributes["beta"] = static_cast<float>(parameters[1]);
  e.finish(name.c_str(), {x}, attributes);
}

void fused_conv(Expansion& e) {
  const ValueId convolved = e.add("Conv", {e.input(0), e.input(1), e.input(2)},
                                  e.attributes({"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}));
  finish_activation(e, e.sum(convolved, e.input(3)), e.call.real_list("activation_params"));
}

void fused_gemm(Expansion& e) {
  const ValueId product =
      e.add("Gemm", {e.input(0), e.input(1), e.input(2)}, e.attributes({"alpha", "beta", "transA", "transB"}));
  finish_activation(e, product, {e.call.real("activation_alpha", 0.01F), e.call.real("activation_beta", 0)});
}

}  // namespace

const std::vector<Form>& activation_forms() {
  static const std::vector<Form> table = {
      {microsoft, "BiasAdd", 3, 3, bias_add},
      {microsoft, "BiasGelu", 2, 2, bias_gelu},
      {microsoft, "BiasSoftmax", 2, 2, bias_softmax, "axis is_inner_broadcast"},
      {microsoft, "FastGelu", 1, 2, fast_gelu},
      {microsoft, "FusedConv", 2, 4, fused_conv,
       "activation activation_params auto_pad dilations group kernel_shape pads strides"},
      {microsoft, "FusedGemm", 2, 3, fused_gemm,
       "activation activation_alpha activation_beta alpha beta transA transB"},
      {microsoft, "Gelu", 1, 1, bias_gelu},
      {microsoft, "QuickGelu", 1, 1, quick_gelu, "alpha"},
  };
  return table;
}

}  // namespace tessera::import
