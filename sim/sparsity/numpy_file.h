// Arrays in NumPy's own files: .npy (one array) and .npz (a zip of them, as numpy.savez and numpy.savez_compressed
// write it; written without compression). C order and little endian only; zip64 only where numpy puts it beside plain
// sizes.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::sparsity {

struct NumpyArray {
  std::string dtype;  // "|b1", "|u1", "|i1", "<i4", "<f4", ...
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;  // elements in C order
  std::int64_t elements() const;
  int element_size() const;
};

std::string shape_text(const std::vector<std::int64_t>& shape);  // "(64, 3)"

// Elements as floats, whatever number the type is.
std::vector<float> to_floats(const NumpyArray& array);

// Whether bytes begin as an .npy or .npz does.
bool is_numpy(const std::string& bytes);

// The arrays in the bytes of a file; `path` names them in problems.
Expected<std::map<std::string, NumpyArray>> parse_numpy(const std::string& bytes, const std::string& path);

// All arrays of a file by name; the array of an .npy has the empty name.
Expected<std::map<std::string, NumpyArray>> read_numpy(const std::string& path);

// The name of a layer's arrays in a file: its own, or where no archive can hold that (65,535 bytes) its beginning and a
// hash of it.
std::string array_name(const std::string& layer);

std::optional<Failure> write_npy(const std::string& path, const NumpyArray& array);
std::optional<Failure> write_npz(const std::string& path, const std::map<std::string, NumpyArray>& arrays);

}  // namespace tessera::sparsity
