// The operators of ONNX that are understood: a table per family, each operator with its shape rule and its plain-loop
// arithmetic. An operator that is in no table is refused with the name of its node.
#pragma once
#include <string>
#include <vector>

#include "sim/import/call.h"

namespace tessera::import {

struct Operator {
  const char* name;
  int least, most;  // inputs
  void (*infer)(Call& call);
  // The outputs, as inferred, of inputs that are all known. Null: never computed while importing.
  std::vector<Tensor> (*compute)(Call& call);
  // The attributes that it may have, by name, with spaces between them; what became an input (opset.h) is none. Their
  // kinds are in operators/attributes.cpp.
  const char* attributes = "";
  // The shape of its output follows from numbers: where the file does not decide them it is as if it stood in no table.
  bool of_constants = false;
};

constexpr int any_number = 1 << 20;  // of inputs

const Operator* find_operator(const std::string& name);
std::vector<std::string> operator_names();  // sorted

// Refuses attributes that the operator does not have, or that are of another kind.
void check_attributes(const Operator& op, Call& call);

// Checks attributes and the number of inputs. False when the call was refused.
bool check(const Operator& op, Call& call);

// Checks them and runs the shape rule. False when the call was refused.
bool infer(const Operator& op, Call& call);

// Tables, one per file.
const std::vector<Operator>& unary_operators();
const std::vector<Operator>& binary_operators();
const std::vector<Operator>& movement_operators();
const std::vector<Operator>& indexing_operators();
const std::vector<Operator>& generator_operators();
const std::vector<Operator>& reduction_operators();
const std::vector<Operator>& window_operators();
const std::vector<Operator>& convolution_operators();
const std::vector<Operator>& product_operators();
const std::vector<Operator>& norm_operators();
const std::vector<Operator>& quantization_operators();
const std::vector<Operator>& resize_operators();
const std::vector<Operator>& recurrent_operators();
const std::vector<Operator>& attention_operators();

}  // namespace tessera::import
