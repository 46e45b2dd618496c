#include "sim/import/opset.h"

#include <fmt/format.h>

#include <limits>

namespace tessera::import {
namespace {

// Operators whose attribute became an input of that index.
struct MovedAttribute {
  const char* op;
  const char* attribute;
  std::size_t input;
};
constexpr MovedAttribute moved[] = {
    {"Squeeze", "axes", 1},
    {"Unsqueeze", "axes", 1},
    {"Split", "split", 1},
    {"Slice", "starts", 1},
    {"Slice", "ends", 2},
    {"Slice", "axes", 3},
    {"Pad", "pads", 1},
    {"Pad", "value", 2},
    {"Clip", "min", 1},
    {"Clip", "max", 2},
    {"Dropout", "ratio", 1},
    {"ReduceL1", "axes", 1},
    {"ReduceL2", "axes", 1},
    {"ReduceLogSum", "axes", 1},
    {"ReduceMax", "axes", 1},
    {"ReduceMean", "axes", 1},
    {"ReduceMin", "axes", 1},
    {"ReduceProd", "axes", 1},
    {"ReduceSum", "axes", 1},
    {"ReduceSumSquare", "axes", 1},
    {"ReduceLogSumExp", "axes", 1},
    {"Upsample", "scales", 1},
    {"Reshape", "shape", 1},
    {"Tile", "repeats", 1},
    {"TopK", "k", 1},
};

// An attribute as a constant: whole numbers as int64, reals as float; none when it is of another kind.
std::optional<Tensor> as_tensor(const Attribute& attribute) {
  if (const auto* list = std::get_if<Dims>(&attribute))
    return make_tensor(DataType::i64, {static_cast<std::int64_t>(list->size())}, *list);
  if (const auto* reals = std::get_if<std::vector<float>>(&attribute))
    return make_tensor(DataType::f32, {static_cast<std::int64_t>(reals->size())},
                       std::vector<double>(reals->begin(), reals->end()));
  if (const auto* i = std::get_if<std::int64_t>(&attribute)) return make_tensor(DataType::i64, {1}, Dims{*i});
  if (const auto* f = std::get_if<float>(&attribute)) return make_tensor(DataType::f32, {}, std::vector<double>{*f});
  return std::nullopt;
}

void move_attributes(Graph& graph, Node& node) {
  for (const MovedAttribute& m : moved) {
    const auto it = node.attributes.find(m.attribute);
    if (node.op != m.op || it == node.attributes.end()) continue;
    std::optional<Tensor> tensor = as_tensor(it->second);
    if (!tensor) continue;
    if (node.inputs.size() <= m.input) node.inputs.resize(m.input + 1, no_value);
    if (node.inputs[m.input] == no_value)
      node.inputs[m.input] = graph.add_constant(fmt::format("{}.{}", node.name, m.attribute), std::move(*tensor));
    node.attributes.erase(it);
  }
}

}  // namespace

void upgrade(Graph& graph) {
  for (Node& node : graph.nodes) {
    if (!node.domain.empty()) continue;
    move_attributes(graph, node);
    if (node.op == "Scatter") node.op = "ScatterElements";  // its name before operator set 11
    const bool old_resize = node.op == "Resize" && graph.opset < 11;
    if ((node.op == "Upsample" || old_resize) && node.inputs.size() == 2) {
      node.op = "Resize";
      node.inputs.insert(node.inputs.begin() + 1, no_value);
      node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
      node.attributes["nearest_mode"] = std::string("floor");
    }
  }
}

}  // namespace tessera::import
