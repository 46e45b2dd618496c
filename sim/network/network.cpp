#include "sim/network/network.h"

namespace tessera::network {

const char* op_name(Op op) {
  switch (op) {
    case Op::input:
      return "input";
    case Op::conv2d:
      return "conv2d";
    case Op::maxpool:
      return "maxpool";
    case Op::avgpool:
      return "avgpool";
    case Op::add:
      return "add";
    case Op::concat:
      return "concat";
  }
  return "?";
}

namespace {
struct TypeEntry {
  const char* name;
  Bytes bytes;
};
constexpr TypeEntry types[] = {{"i8", 1}, {"i16", 2}, {"i32", 4}, {"bf16", 2}, {"f32", 4}};  // by ElementType
}  // namespace

const char* type_name(ElementType type) { return types[static_cast<int>(type)].name; }
Bytes type_bytes(ElementType type) { return types[static_cast<int>(type)].bytes; }

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const TypeEntry& type : types) names.emplace_back(type.name);
  return names;
}

std::optional<ElementType> find_type(const std::string& name) {
  for (int t = 0; t <= static_cast<int>(ElementType::f32); ++t)
    if (name == types[t].name) return static_cast<ElementType>(t);
  return std::nullopt;
}

}  // namespace tessera::network
