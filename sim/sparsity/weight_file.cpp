#include "sim/sparsity/weight_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/sparsity/numpy_file.h"

namespace tessera::sparsity {
namespace {

constexpr const char* suffix = ".weight";

// The layer of an array of weights; empty: another array.
std::string layer_of(const std::string& array) {
  const std::string end = suffix;
  return array.size() > end.size() && array.compare(array.size() - end.size(), end.size(), end) == 0
             ? array.substr(0, array.size() - end.size())
             : "";
}

}  // namespace

Expected<WeightsByLayer> read_weights(const std::string& path) {
  const auto arrays = read_numpy(path);
  if (!arrays) return arrays.failure();
  WeightsByLayer weights;
  Failure failure{ExitCode::bad_input, {}};
  for (const auto& [name, array] : *arrays) {
    const std::string layer = layer_of(name);
    if (layer.empty()) continue;
    if (array.shape.size() != 4 || array.elements() == 0) {
      failure.problems.push_back(
          {path, name, "has the shape " + shape_text(array.shape), "(output channels, height, width, input channels)"});
      continue;
    }
    FloatWeights w{static_cast<int>(array.shape[0]), static_cast<int>(array.shape[1] * array.shape[2]),
                   static_cast<int>(array.shape[3]), to_floats(array)};
    const auto scale = arrays->find(layer + ".weight_scale");
    const bool scaled = scale != arrays->end();
    if (scaled && scale->second.shape != std::vector<std::int64_t>{array.shape[0]}) {
      failure.problems.push_back({path, scale->first, "has the shape " + shape_text(scale->second.shape),
                                  fmt::format("({},): one per output channel", array.shape[0])});
      continue;
    }
    const std::vector<float> scales = scaled ? to_floats(scale->second) : std::vector<float>{};
    const std::size_t row = w.values.size() / static_cast<std::size_t>(w.cout);
    for (std::size_t i = 0; scaled && i < w.values.size(); ++i) w.values[i] *= scales[i / row];
    if (const auto bad = std::count_if(w.values.begin(), w.values.end(), [](float v) { return !std::isfinite(v); }))
      failure.problems.push_back(
          {path, name, fmt::format("holds {} values that are no finite numbers", bad), "finite numbers"});
    weights[layer] = std::move(w);
  }
  if (weights.empty() && failure.problems.empty())
    failure.problems.push_back({path, "", "holds no weights", "arrays called <layer>.weight"});
  if (!failure.problems.empty()) return failure;
  return weights;
}

}  // namespace tessera::sparsity
