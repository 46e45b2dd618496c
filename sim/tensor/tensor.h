// An n-dimensional array of one element type, in C order and little endian as ONNX stores it. Copies share the bytes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/tensor/data_type.h"

namespace tessera::tensor {

using Dims = std::vector<std::int64_t>;

constexpr std::int64_t max_elements = std::int64_t{1} << 36;  // of any tensor; more is taken for damage
constexpr std::int64_t max_dimensions = 16;

// Product of the dimensions, each >= 0; -1 when it exceeds max_elements.
std::int64_t element_count(const Dims& shape);
std::string dims_text(const Dims& shape);  // "1x3x224x224", "scalar"

struct Tensor {
  DataType type = DataType::f32;
  Dims shape;
  std::shared_ptr<const std::string> bytes;  // element_count(shape) * type_bytes(type)

  std::int64_t elements() const { return element_count(shape); }
};

// Elements as numbers, whatever the type is. Real to integer truncates.
std::vector<double> reals(const Tensor& tensor);
std::vector<std::int64_t> integers(const Tensor& tensor);

// Values rounded, wrapped (integers) or clamped (real to integer) to the type.
Tensor make_tensor(DataType type, Dims shape, const std::vector<double>& values);
Tensor make_tensor(DataType type, Dims shape, const std::vector<std::int64_t>& values);

// Elements between 0 and the number of dimensions in between: strides in elements of a C-order array.
Dims strides_of(const Dims& shape);

// The tensor of `shape` whose element at index i is the element of `from` at offset + sum of i[d] * strides[d]: views
// such as transpositions, slices and broadcasts. Every place must lie within `from`.
Tensor strided_copy(const Tensor& from, Dims shape, std::int64_t offset, const Dims& strides);
void strided_copy(char* to, const Tensor& from, const Dims& shape, std::int64_t offset, const Dims& strides);

// Strides over an array of shape `from` that is broadcast to `to` (dimensions of size 1, or missing ones in front).
Dims broadcast_strides(const Dims& from, const Dims& to);

// Counts through the indices of a shape in C order and keeps the offset of each into `n` arrays.
class Walk {
 public:
  Walk(const Dims& shape, std::vector<Dims> strides);
  std::int64_t offset(int array) const { return offsets_[static_cast<std::size_t>(array)]; }
  const Dims& index() const { return index_; }
  void next();

 private:
  const Dims& shape_;
  std::vector<Dims> strides_;
  Dims index_, offsets_;
};

}  // namespace tessera::tensor
