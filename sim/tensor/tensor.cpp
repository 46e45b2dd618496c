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

Tensor strided_copy(const Tensor& from, Dims shape, std::int64_t offset, const Dims& strides) {
  const auto size = static_cast<std::size_t>(type_bytes(from.type));
  const std::int64_t count = element_count(shape);
  std::string bytes(static_cast<std::size_t>(count) * size, '\0');
  const std::int64_t inner = shape.empty() ? 1 : shape.back();
  const std::int64_t step = shape.empty() ? 1 : strides.back();
  const Dims outer_shape(shape.begin(), shape.empty() ? shape.end() : shape.end() - 1);
  const Dims outer_strides(strides.begin(), strides.empty() ? strides.end() : strides.end() - 1);
  Walk walk(outer_shape, {outer_strides});
  char* to = bytes.data();
  for (std::int64_t done = 0; done < count; done += inner, walk.next()) {
    const char* row = from.bytes->data() + (offset + walk.offset(0)) * static_cast<std::int64_t>(size);
    if (step == 1) {
      std::memcpy(to, row, static_cast<std::size_t>(inner) * size);
      to += static_cast<std::size_t>(inner) * size;
      continue;
    }
    for (std::int64_t i = 0; i < inner; ++i, to += size)
      std::memcpy(to, row + i * step * static_cast<std::int64_t>(size), size);
  }
  return {from.type, std::move(shape), std::make_shared<const std::string>(std::move(bytes))};
}

}  // namespace tessera::tensor
