#include "sim/import/lowering.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "sim/base/utf8.h"
#include "sim/import/host_calls.h"
#include "sim/import/infer.h"
#include "sim/import/layer_table.h"
#include "sim/import/passes.h"

namespace tessera::import {
namespace {
using nlohmann::json;

constexpr std::size_t longest_name = 200;

// "/layer1/layer1.0/conv1/Conv" -> "layer1.0.conv1": a part that the next one repeats goes, and so does the operator;
// what is longer than any name that somebody reads is cut off.
std::string readable_name(const Node& node) {
  std::vector<std::string> parts;
  std::istringstream in(node.name);
  for (std::string part; std::getline(in, part, '/');)
    if (!part.empty()) parts.push_back(part);
  if (parts.size() > 1 && parts.back() == node.op) parts.pop_back();
  std::string name;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i + 1 < parts.size() && parts[i + 1].rfind(parts[i] + ".", 0) == 0) continue;
    name += (name.empty() ? "" : ".") + parts[i];
  }
  for (char& c : name)
    if (std::isspace(static_cast<unsigned char>(c)) != 0 || std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '_';
  return name.empty() ? "layer" : as_utf8(name.substr(0, longest_name));
}

// Operators whose results have the dimensions of what they read, in its order: functions of elements, and parts.
constexpr const char* keeping_dimensions =
    "Abs Add BatchNormalization Cast Clip Concat Div Exp Gather Identity InstanceNormalization LeakyRelu Log Mul Neg "
    "PRelu Pad Pow Relu Sigmoid Slice Split Sqrt Sub Tanh";

}  // namespace

bool hands_on(const std::string& op) {
  for (const char* name : {"maxpool", "concat", "select", "pick", "resize", "depth_to_space", "remap", "transpose"})
    if (op == name) return true;
  return false;
}

View placed_map(const Dims& shape) {
  View view = map_view("", shape[2], shape[3], shape[1]);
  if (view.h == 1) std::swap(view.h, view.w);
  return view;
}

View view_of_shape(const Dims& shape) {
  const bool row = shape.size() == 4 && shape[1] == 1 && shape[2] == 1;  // a mask of scores
  if (shape.size() == 4 && !row) return placed_map(shape);
  return rows_view("", shape);
}

Lowering::Lowering(const Graph& graph) : graph_(graph), users_(users_of(graph)) {}

void Lowering::refuse(const Node& node, const std::string& at, std::string what, std::string legal) {
  problems_.push_back({graph_.file, node_path(node) + (at.empty() ? "" : "." + at), std::move(what), std::move(legal)});
}

const Tensor* Lowering::constant(const Node& node, std::size_t input) const {
  return constant_input(graph_, node, input);
}

bool Lowering::depends_on_data(const Node& node, std::size_t input, const char* name) {
  const bool given = input < node.inputs.size() && node.inputs[input] != no_value;
  if (!given || constant(node, input) != nullptr) return false;
  refuse(node, name, "is no constant", "numbers that stand in the file");
  return true;
}

const View* Lowering::view(const Node& node, std::size_t input) {
  const auto it = views_.find(node.inputs[input]);
  if (it != views_.end()) return &it->second;
  refuse(node, "", fmt::format("input {} is a constant", input), "tensors that layers make, beside weights and biases");
  return nullptr;
}

json& Lowering::add_layer(const Node& node, const char* op, const std::vector<View>& inputs) {
  const std::string name = layer_name(node);
  json names = json::array();
  std::vector<double> factors;
  for (const View& in : inputs) {
    names.push_back(in.layer);
    factors.push_back(in.factor);
  }
  json layer_json = {{"name", name}, {"op", op}, {"inputs", names}};
  if (inputs.size() == 1) layer_json["inputs"] = names[0];
  if (inputs.empty()) layer_json.erase("inputs");
  if (!hands_on(op) && std::any_of(factors.begin(), factors.end(), [](double f) { return f != 1; }))
    lowered_.factors[name] = factors;
  json& layers = lowered_.network["layers"];
  index_[name] = layers.size();
  layers.push_back(std::move(layer_json));
  if (hands_on(op) && inputs[0].factor == 1)
    if (const std::optional<double> scale = scale_of(inputs[0].layer)) set_scale(name, *scale);
  return layers.back();
}

std::optional<double> Lowering::scale_of(const std::string& layer_name) const {
  const auto it = lowered_.scales.find(layer_name);
  return it == lowered_.scales.end() ? std::nullopt : std::optional(it->second);
}

// A maximum, or a part, has the scale of what it is made of.
void Lowering::set_scale(const std::string& layer_name, double scale) {
  if (!lowered_.scales.emplace(layer_name, scale).second) return;
  const json& made = layer(layer_name);
  if (!hands_on(made.value("op", ""))) return;
  if (made["inputs"].is_string()) return set_scale(made["inputs"], scale);
  for (const json& input : made["inputs"]) set_scale(input, scale);
}

// Whether a scale of the value at `place` serves all that reads its layer: nothing else does, or it is the layer's own.
bool Lowering::may_set_scale(const Node& node, const View& place) const {
  const auto outputs = std::count_if(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return is_read(id); });
  return alone(place.layer) && (outputs == 1 || is_whole(place));
}

// `scale`: of the value. That of its tensor is without the factor, which a layer of its own computes in.
View Lowering::rescaled(const Node& node, View place, double scale) {
  if (place.layer.empty()) return place;
  if (place.factor > 0) {
    const double of_tensor = scale / place.factor;
    if (!scale_of(place.layer) && may_set_scale(node, place)) set_scale(place.layer, of_tensor);
    if (scale_of(place.layer) == of_tensor) return place;
    json& layer = add_layer(node, "avgpool", {place});
    layer["kernel"] = 1;
    place = over(place, layer["name"]);
  } else {
    place = unscaled(node, place);
  }
  set_scale(place.layer, scale);
  return place;
}

std::optional<double> Lowering::common_scale(const Node& node) const {
  if (const auto& q = value(node.outputs[0]).quantization) return q->scales[0];
  const auto first = views_.find(node.inputs[0]);
  if (first == views_.end()) return std::nullopt;
  std::optional<double> scale = scale_of(first->second.layer);
  if (scale) *scale *= std::fabs(first->second.factor);
  return scale;
}

View Lowering::in_common_scale(const Node& node, View place) {
  const std::optional<double> wanted = common_scale(node);
  return wanted ? rescaled(node, std::move(place), *wanted) : place;
}

void Lowering::put(const Node& node, View place, std::size_t output) {
  const ValueId id = node.outputs[output];
  if (const auto& q = value(id).quantization) place = rescaled(node, std::move(place), q->scales[0]);
  views_[id] = std::move(place);
}

json& Lowering::layer(const std::string& name) {
  const auto it = index_.find(name);
  return it == index_.end() ? unnamed_ : lowered_.network["layers"][it->second];
}

std::string Lowering::layer_name(const Node& node) {
  const std::string wanted = readable_name(node);
  std::string name = wanted;
  for (int n = 2; name == "input" || index_.count(name) != 0; ++n) name = fmt::format("{}_{}", wanted, n);
  return name;
}

bool Lowering::alone(const std::string& layer_name, const std::string& beside) const {
  for (const json& layer : lowered_.network["layers"]) {
    const auto inputs = layer.find("inputs");
    if (inputs == layer.end() || layer["name"] == beside) continue;
    if (inputs->is_array() ? std::find(inputs->begin(), inputs->end(), layer_name) != inputs->end()
                           : *inputs == layer_name)
      return false;
  }
  return std::all_of(views_.begin(), views_.end(), [&](const auto& entry) {
    const auto& [id, place] = entry;
    if (place.layer != layer_name) return true;
    const std::vector<int>& users = users_[static_cast<std::size_t>(id)];
    return !graph_.is_output(id) && std::all_of(users.begin(), users.end(), [&](int n) { return n <= current_; });
  });
}

Call Lowering::call(const Node& node) const {
  return Call(node, graph_.opset, operands_of(graph_, node).value_or(std::vector<std::optional<Operand>>{}),
              graph_.file);
}

// Whether windows slide over a row of pixels, the last dimension of 1 x C x L, 1 x C x 1 x L, or 1 x L of one channel
// (pass_flat_windows.cpp).
bool Lowering::reads_windows(ValueId row) const {
  const Dims& shape = value(row).shape;
  if (shape.size() < 2 || shape.size() > 4 || shape[0] != 1 || (shape.size() == 4 && shape[2] != 1)) return false;
  const std::int64_t channels = shape.size() == 2 ? 1 : shape[1];
  std::vector<ValueId> same = {row};  // values with these channels and pixels
  for (std::size_t at = 0; at < same.size(); ++at)
    for (const int n : users_[static_cast<std::size_t>(same[at])]) {
      const Node& user = graph_.nodes[static_cast<std::size_t>(n)];
      if (is_among(user, "Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool Resize")) return true;
      const Dims& to = value(user.outputs[0]).shape;
      const bool turned = user.op == "Transpose" && to.size() == 4 && to[3] == 1;
      const bool reshaped = user.op == "Unsqueeze" || user.op == "Reshape";
      const bool handed = is_among(user, keeping_dimensions) || reshaped || turned;
      if (handed && (to.size() == 2 || (to.size() > 2 && to[1] == channels))) same.push_back(user.outputs[0]);
    }
  return false;
}

// Whether an image has its channels last, as TensorFlow has them: they are brought to the second dimension before
// anything looks for them there.
bool Lowering::has_channels_last(ValueId image) const {
  bool last = false;
  std::vector<ValueId> same = {image};  // values with the dimensions of the image
  for (std::size_t at = 0; at < same.size(); ++at)
    for (const int n : users_[static_cast<std::size_t>(same[at])]) {
      const Node& user = graph_.nodes[static_cast<std::size_t>(n)];
      const Dims &from = value(image).shape, &to = value(user.outputs[0]).shape;
      const auto perm = user.attributes.find("perm");
      if (user.op == "Transpose" && perm != user.attributes.end())
        last = last || std::get<Dims>(perm->second) == Dims{0, 3, 1, 2};
      else if (user.op == "Reshape")
        last = last || (from[3] == 1 && to == Dims{1, 1, from[1], from[2]});
      else if (is_among(user, keeping_dimensions) && to.size() == 4)
        same.insert(same.end(), user.outputs.begin(), user.outputs.end());
      else
        return false;
    }
  return last;
}

void Lowering::place_inputs() {
  for (const ValueId id : graph_.inputs) {
    const Dims& shape = value(id).shape;
    const bool batch = shape.size() == 4 && shape[0] != 1;
    if (batch && !value(id).of_host)
      problems_.push_back(
          {graph_.file, fmt::format("input '{}'", value(id).name), fmt::format("has a batch of {}", shape[0]), "1"});
    View view = batch && value(id).of_host ? rows_view("", shape) : view_of_shape(shape);
    if (reads_windows(id)) {
      view = map_view("", shape.back(), 1, shape.size() == 2 ? 1 : shape[1]);
      view.dims = reshaped(view, shape)->dims;
    }
    if (shape.size() == 4 && !batch && has_channels_last(id))
      view = transposed(placed_map({1, shape[3], shape[1], shape[2]}), {0, 2, 3, 1});
    view.layer = "input";
    if (id == graph_.inputs[0]) {
      lowered_.network["input"] = {view.h, view.w, view.c};
    } else {  // stands in DDR like the first one
      Node node;
      node.name = value(id).name;
      json& layer = add_layer(node, "constant", {});
      layer["size"] = {view.h, view.w, view.c};
      view.layer = layer["name"];
    }
    if (value(id).quantization) set_scale(view.layer, value(id).quantization->scales[0]);
    lowered_.inputs.push_back(view);
    views_[id] = std::move(view);
  }
}

// What stands for the output of a node that was refused.
void Lowering::place_unknown(const Node& node) {
  for (const ValueId id : node.outputs)
    if (views_.count(id) == 0) views_[id] = view_of_shape(value(id).shape);
}

// What has layers; the list itself only once.
std::string Lowering::known_operators() {
  if (std::exchange(listed_, true)) return "those listed above";
  return fmt::format("{}", fmt::join(layer_operators(), ", "));
}

void Lowering::lower_node(const Node& node) {
  const LayerRule* rule = node.domain.empty() ? find_layer_rule(node.op) : nullptr;
  const auto read = [&](ValueId id) { return is_read(id); };
  const auto further = std::find_if(node.outputs.begin() + 1, node.outputs.end(), read);
  if (rule == nullptr)
    refuse(node, "", fmt::format("the operator {} has no layer", full_name(node)),
           fmt::format("--host {}=TIME, or {}", full_name(node), known_operators()));
  else if (further != node.outputs.end() && node.op != "Split")
    refuse(node, "", fmt::format("has its output '{}' read", value(*further).name), "the first output alone");
  else if (value(node.outputs[0]).known && element_count(value(node.outputs[0]).shape) == 0)
    refuse(node, "", fmt::format("makes {}, without an element", dims_text(value(node.outputs[0]).shape)),
           "tensors with elements");
  else if (value(node.outputs[0]).known)
    rule->lower(*this, node);
  place_unknown(node);
}

// Outputs of the graph are what stands in a tensor, in its scale: none with its sign turned round.
void Lowering::settle_outputs() {
  for (const ValueId id : graph_.outputs) {
    const auto it = views_.find(id);
    if (it == views_.end()) continue;
    Node node;
    node.name = value(id).name;
    it->second = positive(node, it->second);
    lowered_.outputs.push_back(it->second);
  }
}

Expected<Lowered> Lowering::run() {
  lowered_.network = {{"name", graph_.name}, {"layers", json::array()}};
  place_inputs();
  for (const Node& node : graph_.nodes) {
    lower_node(node);
    ++current_;
  }
  settle_outputs();
  if (!problems_.empty()) return Failure{ExitCode::bad_input, std::move(problems_)};
  return std::move(lowered_);
}

Expected<Lowered> lower(const Graph& graph) { return Lowering(graph).run(); }

}  // namespace tessera::import
