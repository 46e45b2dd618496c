#include "sim/import/mask_constants.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera::import {
namespace {
constexpr double none = -std::numeric_limits<double>::infinity();
constexpr double always_masks = -1e3;
constexpr double masks_beside_zeros = -20;
}  // namespace

ConstantRange range_of(const std::vector<float>& values) {
  ConstantRange range{0, none};
  if (values.empty()) return range;
  const float least = *std::min_element(values.begin(), values.end());
  const bool zeros_beside = std::all_of(values.begin(), values.end(), [&](float v) { return v == 0 || v == least; });
  if (least <= always_masks)
    range.masked = always_masks;
  else if (least <= masks_beside_zeros && zeros_beside)
    range.masked = least;
  for (const float v : values)
    if (v > range.masked && std::isfinite(v)) range.most = std::max(range.most, std::fabs(static_cast<double>(v)));
  return range;
}

namespace {

bool moves(network::Op op) {
  return op == network::Op::pick || op == network::Op::select || op == network::Op::transpose ||
         op == network::Op::depth_to_space || op == network::Op::resize;
}

// Whether every layer that reads this one, and there are some, is a sum or a softmax, or moves its elements, and all
// but the softmax go the same way.
bool ends_in_softmax(const Imported& imported, network::LayerId id) {
  bool read = false;
  for (const network::Layer& reader : imported.network.layers) {
    if (std::count(reader.inputs.begin(), reader.inputs.end(), id) == 0) continue;
    read = true;
    if (reader.op == network::Op::softmax) continue;
    if ((reader.op != network::Op::add && !moves(reader.op)) || !ends_in_softmax(imported, reader.id)) return false;
  }
  return read;
}

}  // namespace

const network::Layer& origin(const std::vector<network::Layer>& layers, network::LayerId id) {
  const network::Layer* layer = &layers[static_cast<std::size_t>(id)];
  while (moves(layer->op)) layer = &layers[static_cast<std::size_t>(layer->inputs[0])];
  return *layer;
}

bool is_mask_input(const Imported& imported, const network::Layer& layer) {
  return layer.op == network::Op::constant && imported.constants.count(layer.name) == 0 &&
         ends_in_softmax(imported, layer.id);
}

bool adds_mask(const Imported& imported, const network::Layer& layer) {
  if (layer.op != network::Op::add) return false;
  return std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](network::LayerId id) {
    const network::Layer& input = origin(imported.network.layers, id);
    const auto it = imported.constants.find(input.name);
    return it != imported.constants.end() ? range_of(it->second).masked > none : is_mask_input(imported, input);
  });
}

}  // namespace tessera::import
