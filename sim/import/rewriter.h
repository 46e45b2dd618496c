// Nodes in place of a node: what a pass needs to say an operator by others. Shapes of all values are known.
#pragma once
#include <functional>

#include "sim/import/graph.h"

namespace tessera::import {

class Rewriter {
 public:
  explicit Rewriter(Graph& graph) : graph_(graph) {}

  // Calls rewrite(*this, node) for every node whose first output is known; false: the node stays. Nodes that a rewrite
  // adds are not looked at again.
  template <class Rewrite>
  void each(Rewrite rewrite) {
    std::vector<Node> old = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (Node& node : old) {
      count_ = 0;
      const bool makes = !node.outputs.empty() && node.outputs[0] != no_value && value(node.outputs[0]).known;
      if (!makes || !rewrite(*this, node)) graph_.nodes.push_back(std::move(node));
    }
  }

  const Graph& graph() const { return graph_; }
  const Value& value(ValueId id) const { return graph_.values[static_cast<std::size_t>(id)]; }
  const Dims& shape(ValueId id) const { return value(id).shape; }
  // Of a value that is not of the type of its node's first input.
  void retype(ValueId id, DataType type) { graph_.values[static_cast<std::size_t>(id)].type = type; }
  const Tensor* constant(const Node& node, std::size_t input) const;
  std::optional<double> number(const Node& node, std::size_t input) const;

  // A node that makes a new value of this shape, of the type of its first input.
  ValueId add(const Node& of, const char* op, std::vector<ValueId> inputs, Dims shape,
              std::map<std::string, Attribute> attributes = {});
  // One that makes output `output` of the node that goes.
  void finish(const Node& of, const char* op, std::vector<ValueId> inputs,
              std::map<std::string, Attribute> attributes = {}, std::size_t output = 0);
  ValueId reals(const Node& of, Dims shape, const std::vector<double>& values);
  ValueId real(const Node& of, double value) { return reals(of, {}, {value}); }
  ValueId integers(const Node& of, const Dims& values);
  // A constant in another shape of the same elements, its integers with it.
  ValueId reshaped_constant(const Node& of, ValueId id, const Dims& shape);
  // A constant with its elements, and the integers that they were made of, as `moved` puts them; scales stay per output
  // channel, which is the first dimension of both.
  ValueId changed_constant(const Node& of, ValueId id, const std::function<Tensor(const Tensor&)>& moved);
  // A constant with its dimensions in another order, and then in this shape.
  ValueId turned_constant(const Node& of, ValueId id, const Dims& order, const Dims& shape);

 private:
  std::string name(const Node& of, const char* op) { return of.name + "." + op + std::to_string(++count_); }

  Graph& graph_;
  int count_ = 0;
};

}  // namespace tessera::import
