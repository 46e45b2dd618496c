// A node that stands for several of ONNX's own, while types and shapes are inferred: its inputs are known, what is
// added is not yet.
#pragma once
#include <string>
#include <vector>

#include "sim/import/call.h"

namespace tessera::import {

class Expansion {
 public:
  Expansion(const Graph& graph, const Node& node, Call& the_call) : call(the_call), graph_(graph), node_(node) {}

  Call& call;  // inputs, attributes and what is refused

  ValueId input(int i) const { return call.has(i) ? node_.inputs[static_cast<std::size_t>(i)] : no_value; }
  // Whether the file names an output.
  bool wants(std::size_t output) const;
  // A node that makes a new value; inputs that are left out at the end go.
  ValueId add(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes = {});
  // Its outputs, where it has `count`.
  std::vector<ValueId> add_many(const char* op, std::vector<ValueId> inputs, std::size_t count,
                                std::map<std::string, Attribute> attributes = {});
  // One that makes an output of the node that goes.
  void finish(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes = {},
              std::size_t output = 0);
  ValueId reals(const Dims& shape, const std::vector<double>& values);  // of the type of the first input, if it is real
  ValueId real(double value) { return reals({}, {value}); }
  ValueId integers(const Dims& values);
  // Those of the node's attributes that it has among `names`.
  std::map<std::string, Attribute> attributes(const std::vector<const char*>& names) const;

  // Often needed.
  ValueId reshaped(ValueId id, const Dims& shape) { return add("Reshape", {id, integers(shape)}); }
  ValueId turned(ValueId id, const Dims& order) { return add("Transpose", {id}, {{"perm", order}}); }
  ValueId sum(ValueId a, ValueId b) { return a == no_value ? b : b == no_value ? a : add("Add", {a, b}); }
  // Elements [from, to) of a dimension.
  ValueId part(ValueId id, std::int64_t axis, std::int64_t from, std::int64_t to);

  // What was added; its values come to those of the graph, which must not have got others.
  std::vector<Node> added_to(Graph& graph);

 private:
  ValueId add_value(Value value);
  ValueId constant(Tensor tensor);
  Node made(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes,
            std::string name) const;
  std::string name(const char* op) { return node_.name + "." + op + std::to_string(++count_); }

  const Graph& graph_;
  const Node& node_;
  std::vector<Node> nodes_;
  std::vector<Value> values_;  // behind those of the graph, which stay where they are while `call` looks at them
  int count_ = 0;
};

}  // namespace tessera::import
