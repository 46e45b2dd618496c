// How often a classifier is right, and how often two agree.
#pragma once
#include <functional>
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

}  // namespace tessera::evaluation
