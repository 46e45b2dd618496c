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
#include "sim/network/network.h"
#include "sim/tensor/layer_weights.h"
#include "sim/tensor/view.h"

namespace tessera::import {

struct Lowered {
  nlohmann::json network;                       // a network file
  std::vector<View> inputs, outputs;            // where those of the graph stand, in its order
  std::map<std::string, LayerWeights> weights;  // by layer name
  std::map<std::string, double> scales;         // by layer name: of its tensor, where the file says
  // By layer name: what an input stands for, over what stands in its tensor, where that is not 1.
  std::map<std::string, std::vector<double>> factors;
  std::set<std::string> joins;                          // additions of what is never other than zero at one place
  std::map<std::string, double> limits;                 // by layer name: of a clipped ReLU
  std::map<std::string, double> epsilons;               // by layer name: of a normalization, in the file's numbers
  std::map<std::string, std::vector<float>> constants;  // by layer name: [h][w][c]
  int other_steps = 0;                                  // layers whose weights have other steps than the file's
};

// 1 x channels x height x width where nothing else says how it stands: a single row as a column, of whose rows tiles
// are made.
View placed_map(const Dims& shape);

class Lowering {
 public:
  explicit Lowering(const Graph& graph);
  Expected<Lowered> run();

  // For the rules.
  const Graph& graph() const { return graph_; }
  const Value& value(ValueId id) const { return graph_.values[static_cast<std::size_t>(id)]; }
  const Tensor* constant(const Node& node, std::size_t input) const;
  // Whether an input is there and no constant: refused where a rule needs its numbers.
  bool depends_on_data(const Node& node, std::size_t input, const char* name);
  // Where input i stands; refused, and null, when it is a constant.
  const View* view(const Node& node, std::size_t input);
  // Where an output stands from now on; a layer behind it changes the scale if the file says so.
  void put(const Node& node, View view, std::size_t output = 0);
  // Where a tensor stands in the scale of output 0, or else of input 0, which has been asked for before.
  View in_common_scale(const Node& node, View view);
  std::optional<double> common_scale(const Node& node) const;  // that one, of the value
  // The same elements as h x w x c of a tensor of their own order: `map` of 1 x c x h x w, else rows whose last
  // dimension are the channels. Adds layers that pick channels and pixels where they stand otherwise. Nothing, and
  // refused, when that moves pixels into channels.
  std::optional<View> settled(const Node& node, const View& view, bool map);
  // The same with the channels in dimension `channel`, which others may leave: see arranged.
  std::optional<View> settled(const Node& node, const View& view, std::size_t channel, bool map);
  // Every dimension counts what it does, channels or pixels, in the order of the dimensions.
  View ordered(const Node& node, const View& view);
  // A view whose channels stand in one dimension alone, and no pixels there. Nothing, and refused, where that would
  // make too many layers.
  std::optional<View> arranged(const Node& node, const View& view, std::size_t channel);
  // The channels that the digits count become those of a tensor, in this order.
  View with_channels(const Node& node, const View& view, const Digits& channels);
  // The same pixels in h x w, in order.
  View in_map(const Node& node, const View& view, std::int64_t h, std::int64_t w);
  // The pixels that the digits count as a tensor of h x w.
  View picked(const Node& node, const View& view, const Digits& pixels, std::int64_t h, std::int64_t w);
  // The channels of these numbers, -1 for zeros.
  View selected(const Node& node, const View& view, const std::vector<std::int64_t>& channels);
  // A tensor of constants, broadcast to the shape of a view and laid out as its tensor is.
  std::optional<std::string> constant_layer(const Node& node, const Tensor& tensor, const View& like);
  // Parts of channels one behind the other in a tensor, whose layer it names; all have one step.
  std::string concatenated(const Node& node, const std::vector<View>& parts);
  // The sum of tensors of which at most one is not zero at a time.
  View sum_of_parts(const Node& node, const std::vector<View>& parts);
  // Parts whose function says their step, and that could not keep it beside the others, get a tensor of their own.
  void free_steps(const Node& node, std::vector<View>& parts);
  // value * scale + shift, a number of each per channel of a settled view.
  View affine(const Node& node, const View& view, const std::vector<double>& scale, const std::vector<double>& shift);
  // The same value with the factor 1: a layer computes it in where it is another.
  View unscaled(const Node& node, const View& view);
  // The same value with a positive factor: a layer turns the signs round where it is negative.
  View positive(const Node& node, const View& view);
  // A layer named after the node; `inputs`: views whose tensors it reads. The json is valid until the next layer.
  nlohmann::json& add_layer(const Node& node, const char* op, const std::vector<View>& inputs);
  nlohmann::json& layer(const std::string& name);
  void set_weights(const std::string& layer_name, LayerWeights weights) {
    lowered_.weights[layer_name] = std::move(weights);
  }
  // Its inputs are never other than zero at the same place: they have one scale.
  void set_join(const std::string& layer_name) { lowered_.joins.insert(layer_name); }
  void count_other_steps() { ++lowered_.other_steps; }
  void set_limit(const std::string& layer_name, double limit) { lowered_.limits[layer_name] = limit; }
  void set_epsilon(const std::string& layer_name, double epsilon) { lowered_.epsilons[layer_name] = epsilon; }
  // Whether the node being lowered alone reads the layer: no other layer but `beside` does, no node still to come reads
  // a value that stands there, and none of these is an output of the graph.
  bool alone(const std::string& layer_name, const std::string& beside = "") const;
  // Whether a node or the outputs of the graph read the value.
  bool is_score(ValueId id) const { return import::is_score(graph_, users_, id); }
  bool is_read(ValueId id) const { return !users_[static_cast<std::size_t>(id)].empty() || graph_.is_output(id); }
  // The scale that the file gives the tensor of a layer.
  std::optional<double> scale_of(const std::string& layer_name) const;
  Call call(const Node& node) const;
  void refuse(const Node& node, const std::string& at, std::string what, std::string legal);

 private:
  void place_inputs();
  bool reads_windows(ValueId row) const;
  bool has_channels_last(ValueId image) const;
  void lower_node(const Node& node);
  std::string known_operators();
  void place_unknown(const Node& node);
  View rescaled(const Node& node, View view, double scale);
  bool may_set_scale(const Node& node, const View& place) const;
  void set_scale(const std::string& layer_name, double scale);
  void settle_outputs();
  std::string layer_name(const Node& node);
  View spread_channels(const Node& node, const View& view, std::size_t channel);
  View exchanged(const Node& node, const View& view, std::size_t channel);
  View gathered(const Node& node, const View& view, std::size_t channel);
  // The layer that computes what stands in a tensor: behind it elements were moved alone. `shared` (may be null):
  // whether others read it, or what was moved on the way.
  const nlohmann::json& maker_of(const std::string& layer_name, bool* shared = nullptr);

  const Graph& graph_;
  std::vector<std::vector<int>> users_;
  int current_ = 0;      // the node being lowered
  bool listed_ = false;  // what has layers, in a problem
  Lowered lowered_;
  std::map<ValueId, View> views_;
  std::map<std::string, std::size_t> index_;  // of layers by name
  std::vector<Problem> problems_;
  nlohmann::json unnamed_ = nlohmann::json::object();  // stands for the layers of refused nodes
};

// Whether values of such a layer are those of its inputs, so that all have one step.
bool hands_on(const std::string& op);

// What stands for a value of that shape when nothing is known of it.
View view_of_shape(const Dims& shape);

// The layers of a graph; every node that they cannot express is a problem, all of them in one pass.
Expected<Lowered> lower(const Graph& graph);

}  // namespace tessera::import
