// Operators that are said by others before their shapes are inferred: those of com.microsoft that ONNX Runtime's
// optimizer writes, and rare ones of ONNX. A table per family.
#pragma once
#include "sim/import/forms/expansion.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {

struct Form {
  const char* domain;
  const char* name;
  int least, most;  // inputs
  void (*expand)(Expansion& e);
  const char* attributes = "";  // as in Operator
};

const Form* find_form(const Node& node);
std::vector<std::string> form_names();  // with their domains, sorted

// The nodes in place of one, whose inputs are known; none, and the call refused, where it is wrong.
std::vector<Node> expanded(const Form& form, Graph& graph, const Node& node, Call& call);

constexpr const char* microsoft = "com.microsoft";

// Tables, one per file.
const std::vector<Form>& activation_forms();
const std::vector<Form>& attention_forms();
const std::vector<Form>& norm_forms();
const std::vector<Form>& product_forms();
const std::vector<Form>& rotary_forms();

}  // namespace tessera::import
