#include "sim/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace tessera::tensor {
namespace {

// Stored form of a type.
template <class T>
struct Plain {
  using Stored = T;
  static T read(Stored s) { return s; }
};
struct Half {
  using Stored = std::uint16_t;
  static float read(Stored s) { return from_f16(s); }
};
struct Brain {
  using Stored = std::uint16_t;
  static float read(Stored s) { return from_bf16(s); }
};

// Calls `use` with the form of the type.
template <class Use>
void with_type(DataType type, const Use& use) {
  switch (type) {
    case DataType::f32:
      return use(Plain<float>());
    case DataType::f64:
      return use(Plain<double>());
    case DataType::f16:
      return use(Half());
    case DataType::bf16:
      return use(Brain());
    case DataType::i8:
      return use(Plain<std::int8_t>());
    case DataType::i16:
      return use(Plain<std::int16_t>());
    case DataType::i32:
      return use(Plain<std::int32_t>());
    case DataType::i64:
      return use(Plain<std::int64_t>());
    case DataType::u8:
    case DataType::boolean:
      return use(Plain<std::uint8_t>());
    case DataType::u16:
      return use(Plain<std::uint16_t>());
    case DataType::u32:
      return use(Plain<std::uint32_t>());
    case DataType::u64:
      return use(Plain<std::uint64_t>());
  }
}

std::int64_t to_integer(double value, IntegerRange range) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(range.low)) return range.low;
  if (value >= static_cast<double>(range.high)) return range.high;
  return static_cast<std::int64_t>(value);
}

template <class Target, class Source>
Target convert(Source value) {
  if constexpr (std::is_floating_point_v<Source> && std::is_integral_v<Target>)
    return to_integer(value, integer_range(DataType::i64));
  else
    return static_cast<Target>(value);
}

template <class Target>
std::vector<Target> read_all(const Tensor& tensor) {
  std::vector<Target> values(static_cast<std::size_t>(tensor.elements()));
  with_type(tensor.type, [&](auto form) {
    using Form = decltype(form);
    const char* at = tensor.bytes->data();
    for (Target& value : values) {
      typename Form::Stored stored;
      std::memcpy(&stored, at, sizeof stored);
      at += sizeof stored;
      value = convert<Target>(Form::read(stored));
    }
  });
  return values;
}

template <class Stored, class Value, class Encode>
std::string packed(const std::vector<Value>& values, const Encode& encode) {
  std::string bytes(values.size() * sizeof(Stored), '\0');
  char* at = bytes.data();
  for (const Value& value : values) {
    const Stored stored = encode(value);
    std::memcpy(at, &stored, sizeof stored);
    at += sizeof stored;
  }
  return bytes;
}

template <class Value>
std::string pack(DataType type, const std::vector<Value>& values) {
  if (type == DataType::f16)
    return packed<std::uint16_t>(values, [](Value v) { return to_f16(static_cast<double>(v)); });
  if (type == DataType::bf16)
    return packed<std::uint16_t>(values, [](Value v) { return to_bf16(static_cast<double>(v)); });
  if (type == DataType::boolean) return packed<std::uint8_t>(values, [](Value v) { return std::uint8_t{v != 0}; });
  std::string bytes;
  with_type(type, [&](auto form) {
    using Stored = typename decltype(form)::Stored;
    bytes = packed<Stored>(values, [&](Value v) {
      if constexpr (std::is_floating_point_v<Value> && std::is_integral_v<Stored>)
        return static_cast<Stored>(to_integer(v, integer_range(type)));
      else
        return static_cast<Stored>(v);
    });
  });
  return bytes;
}

}  // namespace

std::int64_t element_count(const Dims& shape) {
  std::int64_t count = 1;
  for (const std::int64_t d : shape)
    if (d == 0) return 0;
  for (const std::int64_t d : shape) {
    if (d < 0 || d > max_elements / count) return -1;
    count *= d;
  }
  return count;
}

std::string dims_text(const Dims& shape) { return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x")); }

std::vector<double> reals(const Tensor& tensor) { return read_all<double>(tensor); }
std::vector<std::int64_t> integers(const Tensor& tensor) { return read_all<std::int64_t>(tensor); }

Tensor make_tensor(DataType type, Dims shape, const std::vector<double>& values) {
  return {type, std::move(shape), std::make_shared<const std::string>(pack(type, values))};
}
Tensor make_tensor(DataType type, Dims shape, const std::vector<std::int64_t>& values) {
  return {type, std::move(shape), std::make_shared<const std::string>(pack(type, values))};
}

Dims strides_of(const Dims& shape) {
  Dims strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Dims broadcast_strides(const Dims& from, const Dims& to) {
  const Dims own = strides_of(from);
  Dims strides(to.size(), 0);
  for (std::size_t d = 0; d < from.size(); ++d)
    if (from[d] != 1) strides[to.size() - from.size() + d] = own[d];
  return strides;
}

Walk::Walk(const Dims& shape, std::vector<Dims> strides)
    : shape_(shape), strides_(std::move(strides)), index_(shape.size(), 0), offsets_(strides_.size(), 0) {}

void Walk::next() {
  for (std::size_t d = shape_.size(); d-- > 0;) {
    const std::int64_t back = ++index_[d] < shape_[d] ? 0 : shape_[d];
    for (std::size_t a = 0; a < strides_.size(); ++a) offsets_[a] += strides_[a][d] * (1 - back);
    if (back == 0) return;
    index_[d] = 0;
  }
}

namespace {

// Writes rows of `columns` elements at distance 1; in `from` rows are at distance 1 and columns at distance `step`.
// Block by block, so that what is read stays near until all of it was used.
template <class Element>
void transpose(char* to, const char* from, std::int64_t rows, std::int64_t columns, std::int64_t to_row,
               std::int64_t step) {
  constexpr std::int64_t block = 32, size = sizeof(Element);
  for (std::int64_t r0 = 0; r0 < rows; r0 += block)
    for (std::int64_t c0 = 0; c0 < columns; c0 += block)
      for (std::int64_t r = r0; r < std::min(rows, r0 + block); ++r)
        for (std::int64_t c = c0; c < std::min(columns, c0 + block); ++c)
          std::memcpy(to + (r * to_row + c) * size, from + (r + c * step) * size, sizeof(Element));
}

// The same, one row after the other, of any distances.
template <class Element>
void copy_row(char* to, const char* from, std::int64_t columns, std::int64_t step) {
  constexpr std::int64_t size = sizeof(Element);
  if (step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(columns * size));
    return;
  }
  for (std::int64_t c = 0; c < columns; ++c) std::memcpy(to + c * size, from + c * step * size, sizeof(Element));
}

// Elements of a view, in its order.
template <class Element>
void copy_view(char* to, const char* from, const Dims& shape, const Dims& strides) {
  constexpr std::int64_t size = sizeof(Element);
  const std::int64_t count = element_count(shape);
  if (count == 0) return;
  const std::int64_t columns = shape.empty() ? 1 : shape.back(), step = shape.empty() ? 1 : strides.back();
  Dims outer = shape, from_strides = strides, to_strides = strides_of(shape);
  if (!outer.empty()) outer.back() = 1;
  // A dimension whose elements stand side by side, if it is not the last.
  std::size_t rows_at = shape.size();
  for (std::size_t d = 0; step != 1 && d + 1 < shape.size(); ++d)
    if (strides[d] == 1 && shape[d] > 1) rows_at = d;
  const bool turned = rows_at < shape.size();
  if (turned) outer[rows_at] = 1;
  Walk walk(outer, {from_strides, to_strides});
  for (std::int64_t left = element_count(outer); left > 0; --left, walk.next()) {
    const char* at = from + walk.offset(0) * size;
    if (turned)
      transpose<Element>(to + walk.offset(1) * size, at, shape[rows_at], columns, to_strides[rows_at], step);
    else
      copy_row<Element>(to + walk.offset(1) * size, at, columns, step);
  }
}

}  // namespace

void strided_copy(char* to, const Tensor& from, const Dims& shape, std::int64_t offset, const Dims& strides) {
  const std::int64_t size = type_bytes(from.type);
  const char* at = from.bytes->data() + offset * size;
  if (size == 1) return copy_view<std::uint8_t>(to, at, shape, strides);
  if (size == 2) return copy_view<std::uint16_t>(to, at, shape, strides);
  if (size == 4) return copy_view<std::uint32_t>(to, at, shape, strides);
  copy_view<std::uint64_t>(to, at, shape, strides);
}

Tensor strided_copy(const Tensor& from, Dims shape, std::int64_t offset, const Dims& strides) {
  std::string bytes(static_cast<std::size_t>(element_count(shape) * type_bytes(from.type)), '\0');
  strided_copy(bytes.data(), from, shape, offset, strides);
  return {from.type, std::move(shape), std::make_shared<const std::string>(std::move(bytes))};
}

}  // namespace tessera::tensor
