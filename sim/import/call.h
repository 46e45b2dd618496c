// One node with what is known of its inputs: what the rules of an operator see, when they infer the types and shapes of
// the outputs and when they compute them. What is wrong is kept as problems that name node and attribute; after the
// first, values asked for are harmless and the outputs do not count.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/import/graph.h"

namespace tessera::import {

struct TensorType {
  DataType type = DataType::f32;
  Dims shape;
};

// An input: its type, and its elements where they are known.
struct Operand {
  TensorType type;
  const Tensor* data = nullptr;
};

class Call {
 public:
  // inputs[i]: nullopt where the node leaves it out.
  Call(const Node& node, int opset, std::vector<std::optional<Operand>> inputs, const std::string& file);

  const Node& node() const { return node_; }
  int opset() const { return opset_; }

  int inputs() const { return static_cast<int>(inputs_.size()); }
  bool has(int i) const { return i < inputs() && inputs_[static_cast<std::size_t>(i)].has_value(); }
  DataType type(int i) const { return operand(i).type.type; }
  const Dims& shape(int i) const { return operand(i).type.shape; }
  std::int64_t rank(int i) const { return static_cast<std::int64_t>(shape(i).size()); }
  const Tensor* constant(int i) const { return operand(i).data; }
  // Elements of an input that must be known: refused, and empty, when they depend on data.
  Dims integer_list(int i, const char* name);

  bool has(const char* attribute) const { return node_.attributes.count(attribute) != 0; }
  std::int64_t integer(const char* attribute, std::int64_t otherwise);
  double real(const char* attribute, double otherwise);
  std::string text(const char* attribute, const char* otherwise);
  // One of some words, the first where it is not given; others are refused.
  std::string word(const char* attribute, std::initializer_list<const char*> legal);
  Dims integers(const char* attribute, Dims otherwise);
  std::vector<double> real_list(const char* attribute);  // empty where it is not given
  const Tensor* tensor(const char* attribute);
  // An axis of `rank` dimensions, counted from the end when negative; 0 after a problem.
  std::int64_t axis(const char* attribute, std::int64_t otherwise, std::int64_t rank);
  std::int64_t checked_axis(std::int64_t value, std::int64_t rank, const char* at);

  // Declares output i, which is not empty and not too large.
  void set(int i, DataType type, Dims shape);
  void set(int i, const TensorType& type) { set(i, type.type, type.shape); }
  int wanted_outputs() const { return static_cast<int>(node_.outputs.size()); }
  const std::vector<TensorType>& outputs() const { return outputs_; }
  const TensorType& output(int i = 0) const { return outputs_[static_cast<std::size_t>(i)]; }

  void refuse(const std::string& at, std::string what, std::string legal);
  bool refused() const { return !problems_.empty(); }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  const Operand& operand(int i) const;
  const Attribute* find(const char* attribute) const;

  const Node& node_;
  int opset_;
  std::vector<std::optional<Operand>> inputs_;
  const std::string& file_;
  std::vector<TensorType> outputs_;
  std::vector<Problem> problems_;
};

}  // namespace tessera::import
