#include "sim/ops/layer.h"

namespace tessera::ops {
namespace {
struct TypeEntry {
  const char* name;
  Bytes bytes;
  std::int64_t elements;  // in so many bytes
};
constexpr TypeEntry types[] = {{"i8", 1, 1},   {"i16", 2, 1}, {"i32", 4, 1},
                               {"bf16", 2, 1}, {"f32", 4, 1}, {"bfp16", 9, 8}};  // by ElementType
}  // namespace

const char* type_name(ElementType type) { return types[static_cast<int>(type)].name; }
Bytes type_bytes(ElementType type) { return bytes_of(type, 1); }
Bytes bytes_of(ElementType type, std::int64_t elements) {
  const TypeEntry& entry = types[static_cast<int>(type)];
  return ceil_div(elements * entry.bytes, entry.elements);
}

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const TypeEntry& type : types) names.emplace_back(type.name);
  return names;
}

std::optional<ElementType> find_type(const std::string& name) {
  int index = 0;
  for (const TypeEntry& type : types) {
    if (name == type.name) return static_cast<ElementType>(index);
    ++index;
  }
  return std::nullopt;
}

}  // namespace tessera::ops
