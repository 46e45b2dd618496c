// A network as ONNX says it: typed n-dimensional values, and nodes in topological order that make values of values.
// Constants share their bytes with what was read. Nodes have the form of the newest operator set (see opset.h).
#pragma once
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/error.h"
#include "sim/import/tensor.h"

namespace tessera::import {

using ValueId = int;              // index into Graph::values
constexpr ValueId no_value = -1;  // an optional input that is left out

// What integers a real value stands for: (integer - zero) * scale. One scale and zero for all, or one per index of
// axis.
struct Quantization {
  std::vector<double> scales, zeros;
  std::int64_t axis = 0;
  std::optional<Tensor> integers;  // of a constant
};

struct Value {
  std::string name;
  bool known = false;     // type and shape are
  bool of_host = false;   // the host computes it, and leaves its elements in any order
  bool declared = false;  // type and shape are what the file says, for operators without a shape rule
  DataType type = DataType::f32;
  Dims shape;
  std::optional<Tensor> constant;  // of type and shape
  std::optional<Quantization> quantization;
};

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>, Tensor>;

struct Node {
  std::string name;  // never empty, of its own for every node
  std::string op;
  std::string domain;  // empty: ONNX's own
  std::map<std::string, Attribute> attributes;
  std::vector<ValueId> inputs, outputs;  // at least one output
};

// What the file says of the shape of a value that a node makes; sides without a size are 0.
struct Declaration {
  ValueId value = no_value;
  Dims shape;
};

struct Graph {
  std::string name, file;  // file: what problems name
  int opset = 0;
  int widened = 0;          // tensors whose scale was made larger, since their zero point is not in the middle
  std::int64_t images = 1;  // batch of the file, of which the graph computes one
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs, outputs;  // inputs: without those that have an initializer
  std::vector<Declaration> declarations;
  bool sizes_were_chosen = false;  // of dynamic dimensions

  ValueId add_value(Value value) {
    values.push_back(std::move(value));
    return static_cast<ValueId>(values.size()) - 1;
  }
  ValueId add_constant(std::string value_name, Tensor tensor);
  bool is_output(ValueId value) const;
};

// An attribute where it has the kind of `otherwise`, else that.
std::int64_t integer_of(const Node& node, const char* attribute, std::int64_t otherwise);
double real_of(const Node& node, const char* attribute, double otherwise);

// Whether it is one of these operators of ONNX, by name with spaces between.
bool is_among(const Node& node, const std::string& names);

std::string node_path(const Node& node);  // "node 'conv1' (Conv)"

// users[v]: nodes that read value v, one entry per input that does.
std::vector<std::vector<int>> users_of(const Graph& graph);

// Whether a value goes into softmax alone, also through sums and what changes its shape. `users`: those of the graph.
bool is_score(const Graph& graph, const std::vector<std::vector<int>>& users, ValueId value);

// producer[v]: node that makes value v, or -1.
std::vector<int> producers_of(const Graph& graph);

// Sorts the nodes so that each follows those it reads; the problem of a cycle, if there is one.
std::optional<Problem> sort_nodes(Graph& graph);

}  // namespace tessera::import
