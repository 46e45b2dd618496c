#include "sim/import/rewriter.h"

#include "sim/import/passes.h"

namespace tessera::import {

const Tensor* Rewriter::constant(const Node& node, std::size_t input) const {
  return constant_input(graph_, node, input);
}

std::optional<double> Rewriter::number(const Node& node, std::size_t input) const {
  const Tensor* tensor = constant(node, input);
  if (tensor == nullptr || tensor->elements() != 1) return std::nullopt;
  return import::reals(*tensor)[0];
}

ValueId Rewriter::add(const Node& of, const char* op, std::vector<ValueId> inputs, Dims shape,
                      std::map<std::string, Attribute> attributes) {
  Node node;
  node.name = name(of, op);
  node.op = op;
  node.attributes = std::move(attributes);
  Value made;
  made.name = node.name;
  made.known = true;
  made.type = value(inputs[0]).type;
  made.shape = std::move(shape);
  const ValueId id = graph_.add_value(std::move(made));
  node.inputs = std::move(inputs);
  node.outputs = {id};
  graph_.nodes.push_back(std::move(node));
  return id;
}

void Rewriter::finish(const Node& of, const char* op, std::vector<ValueId> inputs,
                      std::map<std::string, Attribute> attributes, std::size_t output) {
  Node node;
  node.name = of.name;
  node.op = op;
  node.attributes = std::move(attributes);
  node.inputs = std::move(inputs);
  node.outputs = {of.outputs[output]};
  graph_.nodes.push_back(std::move(node));
}

ValueId Rewriter::reals(const Node& of, Dims shape, const std::vector<double>& values) {
  return graph_.add_constant(name(of, "constant"), make_tensor(DataType::f32, std::move(shape), values));
}

ValueId Rewriter::integers(const Node& of, const Dims& values) {
  return graph_.add_constant(name(of, "constant"),
                             make_tensor(DataType::i64, {static_cast<std::int64_t>(values.size())}, values));
}

ValueId Rewriter::reshaped_constant(const Node& of, ValueId id, const Dims& shape) {
  Value copy = value(id);
  copy.name = name(of, "constant");
  copy.shape = shape;
  copy.constant->shape = shape;
  if (copy.quantization && copy.quantization->integers) copy.quantization->integers->shape = shape;
  return graph_.add_value(std::move(copy));
}

ValueId Rewriter::changed_constant(const Node& of, ValueId id, const std::function<Tensor(const Tensor&)>& moved) {
  Value copy = value(id);
  copy.name = name(of, "constant");
  copy.constant = moved(*copy.constant);
  copy.shape = copy.constant->shape;
  if (copy.quantization && copy.quantization->integers)
    copy.quantization->integers = moved(*copy.quantization->integers);
  return graph_.add_value(std::move(copy));
}

ValueId Rewriter::turned_constant(const Node& of, ValueId id, const Dims& order, const Dims& shape) {
  const Tensor from = *value(id).constant;
  const Dims own = strides_of(from.shape);
  Dims strides, sides;
  for (const std::int64_t d : order) {
    strides.push_back(own[static_cast<std::size_t>(d)]);
    sides.push_back(from.shape[static_cast<std::size_t>(d)]);
  }
  Tensor turned = strided_copy(from, sides, 0, strides);
  turned.shape = shape;
  return graph_.add_constant(name(of, "constant"), std::move(turned));
}

}  // namespace tessera::import
