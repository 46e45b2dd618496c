#include "sim/tensor/data_type.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace tessera::tensor {
namespace {

struct TypeEntry {
  const char* name;
  int bytes;
  bool real;
  int onnx_number;
};

// In the order of DataType.
constexpr TypeEntry types[] = {
    {"float", 4, true, 1},  {"double", 8, true, 11}, {"float16", 2, true, 10}, {"bfloat16", 2, true, 16},
    {"int8", 1, false, 3},  {"int16", 2, false, 5},  {"int32", 4, false, 6},   {"int64", 8, false, 7},
    {"uint8", 1, false, 2}, {"uint16", 2, false, 4}, {"uint32", 4, false, 12}, {"uint64", 8, false, 13},
    {"bool", 1, false, 9},
};

const TypeEntry& entry(DataType type) { return types[static_cast<int>(type)]; }

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

const char* type_name(DataType type) { return entry(type).name; }
std::int64_t type_bytes(DataType type) { return entry(type).bytes; }
bool is_real(DataType type) { return entry(type).real; }

std::optional<DataType> find_type(int onnx_number) {
  for (int t = 0; t <= static_cast<int>(DataType::boolean); ++t)
    if (types[t].onnx_number == onnx_number) return static_cast<DataType>(t);
  return std::nullopt;
}

std::string onnx_type_name(int onnx_number) {
  if (const auto type = find_type(onnx_number)) return type_name(*type);
  switch (onnx_number) {
    case 0:
      return "undefined";
    case 8:
      return "string";
    case 14:
      return "complex64";
    case 15:
      return "complex128";
    case 17:
    case 18:
    case 19:
    case 20:
      return "float8";
    case 21:
      return "uint4";
    case 22:
      return "int4";
    case 23:
      return "float4";
    default:
      return fmt::format("type number {}", onnx_number);
  }
}

IntegerRange integer_range(DataType type) {
  switch (type) {
    case DataType::boolean:
      return {0, 1};
    case DataType::u8:
    case DataType::u16:
    case DataType::u32:
      return {0, (std::int64_t{1} << (8 * type_bytes(type))) - 1};
    case DataType::u64:
      return {0, std::numeric_limits<std::int64_t>::max()};
    case DataType::i64:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    default: {
      const std::int64_t half = std::int64_t{1} << (8 * type_bytes(type) - 1);
      return {-half, half - 1};
    }
  }
}

float from_bf16(std::uint16_t bits) { return float_of(std::uint32_t{bits} << 16); }

float from_f16(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

std::uint16_t to_bf16(double value) {
  const std::uint32_t bits = bits_of(static_cast<float>(value));
  if (std::isnan(value)) return 0x7fc0;
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

std::uint16_t to_f16(double value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double size = std::fabs(value);
  if (std::isnan(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < std::ldexp(1, -14)) return sign | static_cast<std::uint16_t>(std::nearbyint(std::ldexp(size, 24)));
  int exponent = std::ilogb(size);
  auto fraction = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));  // 1024 to 2048
  if (fraction == 2048) {
    fraction = 1024;
    ++exponent;
  }
  return static_cast<std::uint16_t>(sign | ((exponent + 15) << 10) | (fraction - 1024));
}

}  // namespace tessera::tensor
