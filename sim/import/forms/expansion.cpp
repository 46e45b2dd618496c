#include "sim/import/forms/expansion.h"

#include "sim/import/infer.h"

namespace tessera::import {

bool Expansion::wants(std::size_t output) const {
  return output < node_.outputs.size() && !graph_.values[static_cast<std::size_t>(node_.outputs[output])].name.empty();
}

Node Expansion::made(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes,
                     std::string name) const {
  while (!inputs.empty() && inputs.back() == no_value) inputs.pop_back();
  Node node;
  node.name = std::move(name);
  node.op = op;
  node.attributes = std::move(attributes);
  node.inputs = std::move(inputs);
  if (node_.attributes.count(in_branch) != 0) node.attributes[in_branch] = std::int64_t{1};
  return node;
}

std::vector<ValueId> Expansion::add_many(const char* op, std::vector<ValueId> inputs, std::size_t count,
                                         std::map<std::string, Attribute> attributes) {
  Node node = made(op, std::move(inputs), std::move(attributes), name(op));
  for (std::size_t o = 0; o < count; ++o) {
    Value value;
    value.name = node.name + (o == 0 ? "" : "." + std::to_string(o));
    node.outputs.push_back(add_value(std::move(value)));
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

ValueId Expansion::add(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes) {
  return add_many(op, std::move(inputs), 1, std::move(attributes))[0];
}

void Expansion::finish(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes,
                       std::size_t output) {
  Node node = made(op, std::move(inputs), std::move(attributes), output == 0 ? node_.name : name(op));
  node.outputs = {node_.outputs[output]};
  nodes_.push_back(std::move(node));
}

ValueId Expansion::reals(const Dims& shape, const std::vector<double>& values) {
  const DataType type = is_real(call.type(0)) ? call.type(0) : DataType::f32;
  return constant(make_tensor(type, shape, values));
}

ValueId Expansion::integers(const Dims& values) {
  return constant(make_tensor(DataType::i64, {static_cast<std::int64_t>(values.size())}, values));
}

ValueId Expansion::add_value(Value value) {
  values_.push_back(std::move(value));
  return static_cast<ValueId>(graph_.values.size() + values_.size()) - 1;
}

ValueId Expansion::constant(Tensor tensor) {
  Value value;
  value.name = name("constant");
  value.known = true;
  value.type = tensor.type;
  value.shape = tensor.shape;
  value.constant = std::move(tensor);
  return add_value(std::move(value));
}

std::vector<Node> Expansion::added_to(Graph& graph) {
  for (Value& value : values_) graph.values.push_back(std::move(value));
  return std::move(nodes_);
}

std::map<std::string, Attribute> Expansion::attributes(const std::vector<const char*>& names) const {
  std::map<std::string, Attribute> some;
  for (const char* name : names)
    if (const auto it = node_.attributes.find(name); it != node_.attributes.end()) some.insert(*it);
  return some;
}

ValueId Expansion::part(ValueId id, std::int64_t axis, std::int64_t from, std::int64_t to) {
  return add("Slice", {id, integers({from}), integers({to}), integers({axis})});
}

}  // namespace tessera::import
