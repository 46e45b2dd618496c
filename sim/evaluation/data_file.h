// Arrays of a data set: idx files (those of MNIST: a magic number with type and rank, sides, elements, all big endian),
// .npy and .npz, each plain or compressed with gzip.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::evaluation {

struct DataArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // in C order
};

// By name; the array of an idx or .npy file has the empty name.
Expected<std::map<std::string, DataArray>> read_data_file(const std::string& path);

}  // namespace tessera::evaluation
