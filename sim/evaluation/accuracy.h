// How often a classifier is right, how often two agree, and how near images come to what they should be.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "sim/evaluation/dataset.h"

namespace tessera::evaluation {

// The outputs of one network for every image, [image][class]; larger is more likely.
struct Outputs {
  std::int64_t classes = 0;
  std::vector<float> values;
  std::int64_t count() const { return classes == 0 ? 0 : static_cast<std::int64_t>(values.size()) / classes; }
  const float* of(std::int64_t image) const { return values.data() + image * classes; }
};

using Network = std::function<std::vector<float>(const float* image)>;
Outputs evaluate(const Network& network, const Dataset& images, std::int64_t classes,
                 const std::function<void(std::int64_t)>& progress = {});

// Images whose label is among the k largest outputs; of equals the first counts as larger.
std::int64_t hits(const Outputs& outputs, const std::vector<int>& labels, int k);

// Images whose largest output is the same class.
std::int64_t agreements(const Outputs& a, const Outputs& b);

// Root mean square of a - b over that of b; 0 where both are the same.
double relative_error(const std::vector<float>& a, const std::vector<float>& b);

// Mean of the squared differences of as many values.
double mean_squared_error(const std::vector<float>& a, const std::vector<float>& b);

// Peak signal-to-noise ratio in dB, `peak` being the largest value an image can have; nullopt: no difference.
std::optional<double> psnr_db(double mean_squared_error, double peak);

}  // namespace tessera::evaluation
