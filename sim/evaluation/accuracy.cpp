#include "sim/evaluation/accuracy.h"

#include <algorithm>
#include <cmath>

#include "sim/evaluation/parallel.h"

namespace tessera::evaluation {

Outputs evaluate(const Network& network, const Dataset& images, std::int64_t classes,
                 const std::function<void(std::int64_t)>& progress) {
  Outputs outputs{classes, std::vector<float>(static_cast<std::size_t>(images.count * classes))};
  for_each_in_parallel(
      images.count,
      [&](std::int64_t i) {
        const std::vector<float> values = network(images.image(i));
        std::copy(values.begin(), values.end(), outputs.values.begin() + i * classes);
      },
      progress);
  return outputs;
}

std::int64_t hits(const Outputs& outputs, const std::vector<int>& labels, int k) {
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < outputs.count(); ++i) {
    const float* of = outputs.of(i);
    const int label = labels[static_cast<std::size_t>(i)];
    std::int64_t before = 0;
    for (int c = 0; c < outputs.classes; ++c) before += of[c] > of[label] || (of[c] == of[label] && c < label) ? 1 : 0;
    right += before < k ? 1 : 0;
  }
  return right;
}

std::int64_t agreements(const Outputs& a, const Outputs& b) {
  const auto largest = [](const Outputs& o, std::int64_t i) {
    return std::max_element(o.of(i), o.of(i) + o.classes) - o.of(i);
  };
  std::int64_t same = 0;
  for (std::int64_t i = 0; i < a.count(); ++i) same += largest(a, i) == largest(b, i) ? 1 : 0;
  return same;
}

double mean_squared_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  return a.empty() ? 0 : sum / static_cast<double>(a.size());
}

double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  const double off = mean_squared_error(a, b), all = mean_squared_error(std::vector<float>(b.size(), 0.0F), b);
  return off == 0 ? 0 : std::sqrt(off / all);
}

std::optional<double> psnr_db(double mean_squared_error, double peak) {
  if (mean_squared_error == 0) return std::nullopt;
  return 10 * std::log10(peak * peak / mean_squared_error);
}

}  // namespace tessera::evaluation
