#include <algorithm>
#include <limits>

#include "sim/import/passes.h"

namespace tessera::import {
namespace {

std::string word_of(const Node& node, const char* attribute, const char* otherwise) {
  const auto it = node.attributes.find(attribute);
  const auto* text = it == node.attributes.end() ? nullptr : std::get_if<std::string>(&it->second);
  return text == nullptr ? otherwise : *text;
}

// Padding of the two last dimensions of 1 x C x H x W alone, nothing cut: top, left, bottom, right.
std::optional<Dims> map_padding(const Graph& graph, const Node& pad) {
  const Tensor* amounts = constant_input(graph, pad, 1);
  const auto rank = graph.values[static_cast<std::size_t>(pad.inputs[0])].shape.size();
  const bool plain = word_of(pad, "mode", "constant") == "constant";
  const bool named = pad.inputs.size() > 3 && pad.inputs[3] != no_value;
  if (amounts == nullptr || !plain || named || rank < 3 || amounts->elements() != static_cast<std::int64_t>(2 * rank))
    return std::nullopt;
  const Dims all = integers(*amounts);
  Dims padding;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] < 0 || (i % rank < 2 && all[i] != 0)) return std::nullopt;
    if (i % rank >= 2) padding.push_back(all[i]);
  }
  return padding;
}

// What the padding holds.
double value_of(const Graph& graph, const Node& pad) {
  const Tensor* value = constant_input(graph, pad, 2);
  return value == nullptr || value->elements() != 1 ? 0 : reals(*value)[0];
}

bool takes(const Graph& graph, const Node& user, const Node& pad, ValueId padded) {
  if (!user.domain.empty() || user.inputs.empty() || user.inputs[0] != padded) return false;
  if (std::count(user.inputs.begin(), user.inputs.end(), padded) != 1) return false;
  const std::string automatic = word_of(user, "auto_pad", "NOTSET");
  if (automatic != "NOTSET" && automatic != "VALID") return false;
  if (integer_of(user, "ceil_mode", 0) != 0) return false;
  const double value = value_of(graph, pad);
  const auto own = user.attributes.find("pads");
  const bool padded_too = own != user.attributes.end() && std::holds_alternative<Dims>(own->second) &&
                          std::any_of(std::get<Dims>(own->second).begin(), std::get<Dims>(own->second).end(),
                                      [](std::int64_t p) { return p != 0; });
  if (user.op == "Conv") return value == 0;
  // A maximum ignores its padding, which is less than everything.
  if (user.op == "MaxPool") return value <= -std::numeric_limits<float>::max();
  return user.op == "AveragePool" && value == 0 && (!padded_too || integer_of(user, "count_include_pad", 0) != 0);
}

// The padding joins what the node has, and stays below the kernel, where a window would read nothing else.
bool add_padding(const Graph& graph, Node& user, const Dims& padding) {
  const std::size_t n = padding.size() / 2;
  Dims pads(2 * n, 0), kernel;
  if (const auto it = user.attributes.find("pads"); it != user.attributes.end()) pads = std::get<Dims>(it->second);
  if (const auto it = user.attributes.find("kernel_shape"); it != user.attributes.end())
    kernel = std::get<Dims>(it->second);
  else if (user.inputs.size() > 1)
    kernel.assign(graph.values[static_cast<std::size_t>(user.inputs[1])].shape.begin() + 2,
                  graph.values[static_cast<std::size_t>(user.inputs[1])].shape.end());
  if (pads.size() != 2 * n || kernel.size() != n) return false;
  for (std::size_t i = 0; i < 2 * n; ++i) {
    pads[i] += padding[i];
    if (pads[i] >= kernel[i % n]) return false;
  }
  user.attributes["pads"] = pads;
  user.attributes.erase("auto_pad");
  if (user.op == "AveragePool") user.attributes["count_include_pad"] = std::int64_t{1};
  return true;
}

}  // namespace

void fold_padding(Graph& graph) {
  const std::vector<std::vector<int>> users = users_of(graph);
  for (const Node& pad : graph.nodes) {
    if (pad.op != "Pad" || !pad.domain.empty() || graph.is_output(pad.outputs[0])) continue;
    const ValueId padded = pad.outputs[0];
    const std::vector<int>& readers = users[static_cast<std::size_t>(padded)];
    const std::optional<Dims> padding = map_padding(graph, pad);
    if (!padding || readers.empty()) continue;
    std::vector<Node> changed;
    for (const int n : readers) {
      changed.push_back(graph.nodes[static_cast<std::size_t>(n)]);
      if (!takes(graph, changed.back(), pad, padded) || !add_padding(graph, changed.back(), *padding)) break;
      changed.back().inputs[0] = pad.inputs[0];
    }
    if (changed.size() != readers.size() || changed.back().inputs[0] != pad.inputs[0]) continue;
    for (std::size_t i = 0; i < changed.size(); ++i)
      graph.nodes[static_cast<std::size_t>(readers[i])] = std::move(changed[i]);
  }
}

}  // namespace tessera::import
