#include "sim/import/lowering.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "sim/import/infer.h"
#include "sim/import/layer_table.h"
#include "sim/import/passes.h"

namespace tessera::import {
namespace {
using nlohmann::json;

// "/layer1/layer1.0/conv1/Conv" -> "layer1.0.conv1": a part that the next one repeats goes, and so does the operator.
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
  return name.empty() ? "layer" : name;
}

}  // namespace

Place place_of_shape(const Dims& shape) {
  if (shape.size() == 4) return {"", Layout::map, shape[2], shape[3], shape[1]};
  Place place{"", Layout::rows, 1, 1, shape.empty() ? 1 : shape.back()};
  for (std::size_t d = 0; d + 1 < shape.size(); ++d) place.h *= shape[d];
  return place;
}

Lowering::Lowering(const Graph& graph) : graph_(graph), users_(users_of(graph)) {}

void Lowering::refuse(const Node& node, const std::string& at, std::string what, std::string legal) {
  problems_.push_back({graph_.file, node_path(node) + (at.empty() ? "" : "." + at), std::move(what), std::move(legal)});
}

const Tensor* Lowering::constant(const Node& node, std::size_t input) const {
  return constant_input(graph_, node, input);
}

const Place* Lowering::place(const Node& node, std::size_t input) {
  const auto it = places_.find(node.inputs[input]);
  if (it != places_.end()) return &it->second;
  refuse(node, "", fmt::format("input {} is a constant", input), "tensors that layers make, beside weights and biases");
  return nullptr;
}

json& Lowering::add_layer(const Node& node, const char* op, const std::vector<std::string>& inputs) {
  const std::string name = layer_name(node);
  json layer_json = {{"name", name}, {"op", op}, {"inputs", inputs}};
  if (inputs.size() == 1) layer_json["inputs"] = inputs[0];
  json& layers = lowered_.network["layers"];
  index_[name] = layers.size();
  layers.push_back(std::move(layer_json));
  if (const std::string kind = op; kind == "maxpool" || kind == "concat")
    if (const std::optional<double> scale = scale_of(inputs[0])) set_scale(name, *scale);
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
  const std::string op = made.value("op", "");
  if (op != "maxpool" && op != "concat") return;
  if (made["inputs"].is_string()) return set_scale(made["inputs"], scale);
  for (const json& input : made["inputs"]) set_scale(input, scale);
}

Place Lowering::rescaled(const Node& node, Place place, double scale) {
  if (place.layer.empty()) return place;
  if (!scale_of(place.layer)) set_scale(place.layer, scale);
  if (*scale_of(place.layer) == scale) return place;
  json& layer = add_layer(node, "avgpool", {place.layer});
  layer["kernel"] = 1;
  place.layer = layer["name"];
  set_scale(place.layer, scale);
  return place;
}

Place Lowering::in_common_scale(const Node& node, Place place) {
  std::optional<double> wanted;
  if (const auto& q = value(node.outputs[0]).quantization)
    wanted = q->scales[0];
  else if (const auto first = places_.find(node.inputs[0]); first != places_.end())
    wanted = scale_of(first->second.layer);
  return wanted ? rescaled(node, std::move(place), *wanted) : place;
}

void Lowering::put(const Node& node, Place place) {
  if (const auto& q = value(node.outputs[0]).quantization) place = rescaled(node, std::move(place), q->scales[0]);
  places_[node.outputs[0]] = std::move(place);
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

bool Lowering::alone(const Node& node, std::size_t input) const {
  const ValueId id = node.inputs[input];
  return users_[static_cast<std::size_t>(id)].size() == 1 && !graph_.is_output(id);
}

Call Lowering::call(const Node& node) const {
  return Call(node, graph_.opset, operands_of(graph_, node).value_or(std::vector<std::optional<Operand>>{}),
              graph_.file);
}

void Lowering::place_inputs() {
  if (graph_.inputs.size() != 1) {
    std::vector<std::string> names;
    for (const ValueId id : graph_.inputs) names.push_back(value(id).name);
    problems_.push_back(
        {graph_.file, "graph", fmt::format("has {} inputs: {}", names.size(), fmt::join(names, ", ")), "one input"});
  }
  for (const ValueId id : graph_.inputs) {
    const Dims& shape = value(id).shape;
    Place place = place_of_shape(shape);
    place.layer = "input";
    if (shape.size() == 4 && shape[0] != 1)
      problems_.push_back(
          {graph_.file, fmt::format("input '{}'", value(id).name), fmt::format("has a batch of {}", shape[0]), "1"});
    lowered_.network["input"] = {place.h, place.w, place.c};
    places_[id] = place;
    if (value(id).quantization) set_scale(place.layer, value(id).quantization->scales[0]);
  }
}

// What stands for the output of a node that was refused.
void Lowering::place_unknown(const Node& node) {
  for (const ValueId id : node.outputs)
    if (id != no_value && places_.count(id) == 0) places_[id] = place_of_shape(value(id).shape);
}

void Lowering::lower_node(const Node& node) {
  const LayerRule* rule = node.domain.empty() ? find_layer_rule(node.op) : nullptr;
  const std::size_t before = problems_.size();
  if (rule != nullptr && value(node.outputs[0]).known)
    rule->lower(*this, node);
  else if (rule == nullptr)
    refuse(node, "",
           fmt::format("the operator {}{} has no layer", node.domain.empty() ? "" : node.domain + ".", node.op),
           fmt::format("{}", fmt::join(layer_operators(), ", ")));
  if (problems_.size() > before || rule == nullptr) place_unknown(node);
}

Expected<Lowered> Lowering::run() {
  lowered_.network = {{"name", graph_.name}, {"layers", json::array()}};
  place_inputs();
  for (const Node& node : graph_.nodes) lower_node(node);
  if (!problems_.empty()) return Failure{ExitCode::bad_input, std::move(problems_)};
  return std::move(lowered_);
}

Expected<Lowered> lower(const Graph& graph) { return Lowering(graph).run(); }

}  // namespace tessera::import
