// Labelled images of a classifier: value = (stored / scale - mean) / std, mean and std one number or one per channel.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/import/import.h"
#include "sim/network/network.h"

namespace tessera::evaluation {

struct Normalization {
  double scale = 1;
  std::vector<double> mean, std;  // empty: 0, and 1
};

struct Dataset {
  network::Shape shape;
  std::int64_t count = 0;
  std::vector<float> images;  // normalized, [count][h][w][c]
  std::vector<int> labels;    // empty: none given
  std::int64_t stride() const { return shape.elements(); }
  const float* image(std::int64_t i) const { return images.data() + i * stride(); }
};

struct DatasetFiles {
  std::string images;       // array "images", or the only one
  std::string labels;       // array "labels", or the only one; empty: those of `images`, if it has them
  std::int64_t subset = 0;  // images that are taken; 0: all
  std::uint64_t seed = 1;   // of the subset, which is drawn; the first `subset` with seed 0
  int classes = 0;          // labels are below; 0: not checked
};

// Images of the shape of the network's input, as [n][h][w] (one channel), [n][c][h][w] or [n][h][w][c]; or, where
// `view` is given, as [n] and the dimensions of the file's input, with or without one of size 1 in front.
Expected<Dataset> read_dataset(const DatasetFiles& files, const Normalization& normalization,
                               const network::Shape& input, const import::View* view = nullptr);

}  // namespace tessera::evaluation
