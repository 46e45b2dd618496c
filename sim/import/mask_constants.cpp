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

bool adds_mask(const Imported& imported, const network::Layer& layer) {
  if (layer.op != network::Op::add) return false;
  return std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](network::LayerId input) {
    const auto it = imported.constants.find(imported.network.layers[static_cast<std::size_t>(input)].name);
    return it != imported.constants.end() && range_of(it->second).masked > none;
  });
}

}  // namespace tessera::import
