// Element types of ONNX tensors that are understood, and the 16-bit floating point formats.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace tessera::tensor {

enum class DataType : std::uint8_t { f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

const char* type_name(DataType type);                // "float16"
std::int64_t type_bytes(DataType type);              // of one element
bool is_real(DataType type);                         // floating point
std::optional<DataType> find_type(int onnx_number);  // of TensorProto.DataType; none: not understood
std::string onnx_type_name(int onnx_number);         // also of types that are not understood

struct IntegerRange {
  std::int64_t low, high;
};
IntegerRange integer_range(DataType type);  // of an integer type; u64 ends at 2^63 - 1

float from_f16(std::uint16_t bits);
float from_bf16(std::uint16_t bits);
// Round to nearest, ties to even; f16 overflows to infinity.
std::uint16_t to_f16(double value);
std::uint16_t to_bf16(double value);

}  // namespace tessera::tensor
