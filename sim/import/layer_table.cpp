#include "sim/import/layer_table.h"

#include <algorithm>

#include "sim/import/rules.h"

namespace tessera::import {
namespace {

const std::vector<LayerRule>& rules() {
  static const std::vector<LayerRule> all = [] {
    std::vector<LayerRule> list;
    for (const auto* family :
         {&product_rules(), &window_rules(), &elementwise_rules(), &function_rules(), &movement_rules(),
          &attention_rules(), &reduce_rules(), &resample_rules(), &transposed_rules()})
      list.insert(list.end(), family->begin(), family->end());
    std::sort(list.begin(), list.end(),
              [](const LayerRule& a, const LayerRule& b) { return std::string(a.op) < b.op; });
    return list;
  }();
  return all;
}

}  // namespace

const LayerRule* find_layer_rule(const std::string& op) {
  for (const LayerRule& rule : rules())
    if (op == rule.op) return &rule;
  return nullptr;
}

std::vector<std::string> layer_operators() {
  std::vector<std::string> names;
  for (const LayerRule& rule : rules()) names.emplace_back(rule.op);
  return names;
}

}  // namespace tessera::import
