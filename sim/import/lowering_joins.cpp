// Tensors that become parts of one, whose step is that of all of them.
#include <algorithm>
#include <numeric>

#include "sim/import/lowering.h"

namespace tessera::import {
using nlohmann::json;
namespace {

// The step of a softmax is its kernel's.
bool is_softmax(const json& layer) { return layer.value("op", "") == "softmax"; }

// Results of the layer's function are at most 1, whatever its argument.
bool has_bounds(const json& layer) {
  const json& table = layer.contains("lookup") ? layer["lookup"] : layer;
  for (const char* function : {"sigmoid", "hard_sigmoid", "tanh", "erf", "softsign", "sign", "sin", "cos"})
    if (table.value("function", "") == function) return true;
  return is_softmax(layer);
}

}  // namespace

View Lowering::sum_of_parts(const Node& node, const std::vector<View>& parts) {
  View sum = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    json& layer = add_layer(node, "add", {sum, parts[i]});
    sum.layer = layer["name"];
    set_join(sum.layer);
  }
  return sum;
}

// Channels begin at groups of 8: where parts do not fill theirs, zeros do, which are left out behind.
std::string Lowering::concatenated(const Node& node, const std::vector<View>& parts) {
  std::vector<View> whole;
  std::vector<std::int64_t> source;
  std::int64_t first = 0;
  for (const View& v : parts) {
    std::vector<std::int64_t> channels(static_cast<std::size_t>(round_up(v.c, 8)), -1);
    std::iota(channels.begin(), channels.begin() + v.c, 0);
    const bool filled = v.c % 8 == 0 || &v == &parts.back();
    whole.push_back(filled ? v : selected(node, v, channels));
    for (std::int64_t c = 0; c < v.c; ++c) source.push_back(first + c);
    first += whole.back().c;
  }
  View all = whole.front();
  all.layer = add_layer(node, "concat", whole)["name"];
  all.c = first;
  return source.size() == static_cast<std::size_t>(first) ? all.layer : selected(node, all, source).layer;
}

const json& Lowering::maker_of(const std::string& layer_name, bool* shared) {
  const json* made = &layer(layer_name);
  bool read = !alone(layer_name);
  while (hands_on(made->value("op", "")) && (*made)["inputs"].is_string()) {
    const std::string input = (*made)["inputs"];
    read = read || !alone(input, (*made)["name"]);
    made = &layer(input);
  }
  if (shared != nullptr) *shared = read;
  return *made;
}

void Lowering::free_steps(const Node& node, std::vector<View>& parts) {
  const auto all = [&](bool (*kind)(const json&)) {
    return std::all_of(parts.begin(), parts.end(), [&](const View& v) { return kind(maker_of(v.layer)); });
  };
  const bool alike = all(has_bounds);
  if (all(is_softmax)) return;
  for (View& v : parts) {
    bool shared = false;
    const json& maker = maker_of(v.layer, &shared);
    if (!is_softmax(maker) && (alike || !has_bounds(maker) || !shared)) continue;
    const auto channels = static_cast<std::size_t>(v.c);
    v = affine(node, v, std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0));
  }
}

}  // namespace tessera::import
