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

// Of a layer's tensors, with an image.
struct Samples {
  std::vector<float> values, sums;
};

// An odd distance, so that all channels have their turn; the largest magnitude is always among them.
std::vector<float> sampled(const Values& values, std::size_t first) {
  std::vector<float> some;
  if (values.empty()) return some;
  const std::size_t step = values.size() / samples_per_image | 1U;
  for (std::size_t v = first % step; v < values.size(); v += step) some.push_back(values[v]);
  some.push_back(
      *std::max_element(values.begin(), values.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
  return some;
}

// Those of a layer with all images.
std::vector<float> gathered(const std::vector<std::vector<Samples>>& samples, std::int64_t layer,
                            std::vector<float> Samples::*which) {
  std::vector<float> all;
  for (const std::vector<Samples>& image : samples) {
    const std::vector<float>& of = image[static_cast<std::size_t>(layer)].*which;
    all.insert(all.end(), of.begin(), of.end());
  }
  return all;
}

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

import::ObservedSteps observed_steps(const import::Imported& imported,
                                     const Dataset& images){const FloatNetwork network(imported);
const std::int64_t count = std::min(images.count, calibration_images);
const auto layers = static_cast<std::int64_t>(imported.network.layers.size());
std::vector<std::vector<Samples>> samples(static_cast<std::size_t>(count));  // by image and layer
for_each_in_parallel(count, [&](std::int64_t i) {
  const std::vector<FloatTensor> tensors = network.run(images.image(i));
  for (const network::Layer& layer : imported.network.layers) {
    const FloatTensor& tensor = tensors[static_cast<std::size_t>(layer.id)];
    Samples& mine = samples[static_cast<std::size_t>(i)].emplace_back();
    mine.values = sampled(tensor.values, static_cast<std::size_t>(i));
    mine.sums = sampled(tensor.sums, static_cast<std::size_t>(i));
    if (import::adds_mask(imported, layer))  // what a mask leaves
      mine.values.erase(std::remove_if(mine.values.begin(), mine.values.end(), [](float v) { return v < 0; }),
                        mine.values.end());
  }
});
import::ObservedSteps steps{std::vector<double>(static_cast<std::size_t>(layers)),
                            std::vector<double>(static_cast<std::size_t>(layers))};
for_each_in_parallel(layers, [&](std::int64_t l) {
  steps.tensors[static_cast<std::size_t>(l)] = best_step(gathered(samples, l, &Samples::values));
  steps.sums[static_cast<std::size_t>(l)] = best_step(gathered(samples, l, &Samples::sums));
});
return steps;
}  // namespace tessera::evaluation

}  // namespace tessera::evaluation
