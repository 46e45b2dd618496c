// From graph to layers of sim/network/, node by node: where each value stands, and the layers so far. The rules of the
// operators are in layer_table.cpp; a node without one, or one that its rule cannot express, is refused, and its output
// stands in a layer without a name so that the nodes behind it are judged too.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/import/call.h"
#include "sim/import/layer_weights.h"
#include "sim/network/network.h"

namespace tessera::import {

// How the elements of a value stand in the tensor h x w x c of a layer.
//   map   batch 1 x c x h x w
//   flat  c x h x w in one dimension, and dimensions of size 1
//   rows  matrix of h x c, w is 1; leading dimensions are rows
enum class Layout { map, flat, rows };

struct Place {
  std::string layer;
  Layout layout = Layout::map;
  std::int64_t h = 1, w = 1, c = 1;
};

struct Lowered {
  nlohmann::json network;                       // a network file
  std::map<std::string, LayerWeights> weights;  // by layer name
  std::map<std::string, double> scales;         // by layer name: of its tensor, where the file says
};

class Lowering {
 public:
  explicit Lowering(const Graph& graph);
  Expected<Lowered> run();

  // For the rules.
  const Graph& graph() const { return graph_; }
  const Value& value(ValueId id) const { return graph_.values[static_cast<std::size_t>(id)]; }
  const Tensor* constant(const Node& node, std::size_t input) const;
  // Where input i stands; refused, and null, when it is a constant.
  const Place* place(const Node& node, std::size_t input);
  // Where output 0 stands from now on; a layer behind it changes the scale if the file says so.
  void put(const Node& node, Place place);
  // Where a tensor stands in the scale of output 0, or else of input 0, which has been asked for before.
  Place in_common_scale(const Node& node, Place place);
  // A layer named after the node; `input`: of the layers it reads.
  nlohmann::json& add_layer(const Node& node, const char* op, const std::vector<std::string>& inputs);
  nlohmann::json& layer(const std::string& name);
  void set_weights(const std::string& layer_name, LayerWeights weights) {
    lowered_.weights[layer_name] = std::move(weights);
  }
  // Whether the node alone reads its input i, which is no output of the graph.
  bool alone(const Node& node, std::size_t input) const;
  Call call(const Node& node) const;
  void refuse(const Node& node, const std::string& at, std::string what, std::string legal);

 private:
  void place_inputs();
  void lower_node(const Node& node);
  void place_unknown(const Node& node);
  Place rescaled(const Node& node, Place place, double scale);
  void set_scale(const std::string& layer_name, double scale);
  std::optional<double> scale_of(const std::string& layer_name) const;
  std::string layer_name(const Node& node);

  const Graph& graph_;
  std::vector<std::vector<int>> users_;
  Lowered lowered_;
  std::map<ValueId, Place> places_;
  std::map<std::string, std::size_t> index_;  // of layers by name
  std::vector<Problem> problems_;
  nlohmann::json unnamed_ = nlohmann::json::object();  // stands for the layers of refused nodes
};

// What stands for a value of that shape when nothing is known of it.
Place place_of_shape(const Dims& shape);

// The layers of a graph; every node that they cannot express is a problem, all of them in one pass.
Expected<Lowered> lower(const Graph& graph);

}  // namespace tessera::import
