#include "sim/evaluation/calibration.h"

#include <algorithm>
#include <cmath>

#include "sim/evaluation/float_network.h"
#include "sim/evaluation/parallel.h"
#include "sim/import/mask_constants.h"

namespace tessera::evaluation {
namespace {
constexpr std::size_t samples_per_image = 512;  // of a tensor
constexpr int candidates = 29;
constexpr double least_fraction = 0.3;
}  // namespace

double best_step(const std::vector<float>& values) {
  float largest = 0;
  for (const float v : values) largest = std::max(largest, std::fabs(v));
  double best = 0, least_error = 0;
  for (int i = candidates; i-- > 0 && largest > 0;) {
    const double fraction = least_fraction + (1 - least_fraction) * i / (candidates - 1),
                 step = fraction * largest / 127;
    double error = 0;
    for (const float v : values) {
      const double difference = std::clamp(std::nearbyint(v / step), -128.0, 127.0) * step - v;
      error += difference * difference;
    }
    if (best > 0 && error >= least_error) continue;
    best = step;
    least_error = error;
  }
  return best;
}

std::vector<double> observed_steps(const import::Imported& imported, const Dataset& images) {
  const FloatNetwork network(imported);
  const std::int64_t count = std::min(images.count, calibration_images);
  const std::size_t layers = imported.network.layers.size();
  std::vector<bool> masked;
  for (const network::Layer& layer : imported.network.layers) masked.push_back(import::adds_mask(imported, layer));
  std::vector<std::vector<std::vector<float>>> samples(static_cast<std::size_t>(count));  // by image and layer
  for_each_in_parallel(count, [&](std::int64_t i) {
    auto& mine = samples[static_cast<std::size_t>(i)];
    mine.resize(layers);
    const std::vector<std::vector<float>> tensors = network.run(images.image(i));
    for (std::size_t l = 0; l < layers; ++l) {
      const std::vector<float>& values = tensors[l];
      // An odd distance, so that all channels have their turn; the largest magnitude is always among them.
      const std::size_t step = values.size() / samples_per_image | 1U;
      for (std::size_t v = static_cast<std::size_t>(i) % step; v < values.size(); v += step)
        mine[l].push_back(values[v]);
      mine[l].push_back(*std::max_element(values.begin(), values.end(),
                                          [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
      if (masked[l])  // what a mask leaves
        mine[l].erase(std::remove_if(mine[l].begin(), mine[l].end(), [](float v) { return v < 0; }), mine[l].end());
    }
  });
  std::vector<double> steps(layers, 0);
  for_each_in_parallel(static_cast<std::int64_t>(layers), [&](std::int64_t l) {
    std::vector<float> all;
    for (const auto& image : samples) {
      const std::vector<float>& of = image[static_cast<std::size_t>(l)];
      all.insert(all.end(), of.begin(), of.end());
    }
    steps[static_cast<std::size_t>(l)] = best_step(all);
  });
  return steps;
}

}  // namespace tessera::evaluation
