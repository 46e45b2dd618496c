#include "sim/import/call.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tessera::import {

Call::Call(const Node& node, int opset, std::vector<std::optional<Operand>> inputs, const std::string& file)
    : node_(node), opset_(opset), inputs_(std::move(inputs)), file_(file) {}

const Operand& Call::operand(int i) const {
  static const Operand none;
  return has(i) ? *inputs_[static_cast<std::size_t>(i)] : none;
}

const Attribute* Call::find(const char* attribute) const {
  const auto it = node_.attributes.find(attribute);
  return it == node_.attributes.end() ? nullptr : &it->second;
}

void Call::refuse(const std::string& at, std::string what, std::string legal) {
  problems_.push_back({file_, node_path(node_) + (at.empty() ? "" : "." + at), std::move(what), std::move(legal)});
}

Dims Call::integer_list(int i, const char* name) {
  if (!has(i)) {
    refuse(name, "is missing", "a list of whole numbers");
    return {};
  }
  if (is_real(type(i))) {
    refuse(name, fmt::format("is of {}", type_name(type(i))), "whole numbers");
    return {};
  }
  if (constant(i) == nullptr) {
    refuse(name, "depends on the data", "a list that the file decides");
    return {};
  }
  return import::integers(*constant(i));
}

std::int64_t Call::integer(const char* name, std::int64_t otherwise) {
  const Attribute* given = find(name);
  if (given == nullptr) return otherwise;
  if (const auto* value = std::get_if<std::int64_t>(given)) return *value;
  refuse(name, "is no whole number", "an INT");
  return otherwise;
}

double Call::real(const char* name, double otherwise) {
  const Attribute* given = find(name);
  if (given == nullptr) return otherwise;
  if (const auto* value = std::get_if<float>(given)) return *value;
  refuse(name, "is no real number", "a FLOAT");
  return otherwise;
}

std::string Call::text(const char* name, const char* otherwise) {
  const Attribute* given = find(name);
  if (given == nullptr) return otherwise;
  if (const auto* value = std::get_if<std::string>(given)) return *value;
  refuse(name, "is no text", "a STRING");
  return otherwise;
}

std::string Call::word(const char* name, std::initializer_list<const char*> legal) {
  const std::string given = text(name, *legal.begin());
  if (std::find(legal.begin(), legal.end(), given) != legal.end()) return given;
  refuse(name, "is " + given, fmt::format("{}", fmt::join(legal, ", ")));
  return *legal.begin();
}

Dims Call::integers(const char* name, Dims otherwise) {
  const Attribute* given = find(name);
  if (given == nullptr) return otherwise;
  if (const auto* value = std::get_if<Dims>(given)) return *value;
  refuse(name, "is no list of whole numbers", "INTS");
  return otherwise;
}

std::vector<double> Call::real_list(const char* name) {
  const Attribute* given = find(name);
  if (given == nullptr) return {};
  if (const auto* value = std::get_if<std::vector<float>>(given)) return {value->begin(), value->end()};
  refuse(name, "is no list of real numbers", "FLOATS");
  return {};
}

const Tensor* Call::tensor(const char* name) {
  const Attribute* given = find(name);
  if (given == nullptr) return nullptr;
  if (const auto* value = std::get_if<Tensor>(given)) return value;
  refuse(name, "is no tensor", "a TENSOR");
  return nullptr;
}

std::int64_t Call::axis(const char* name, std::int64_t otherwise, std::int64_t of_rank) {
  return checked_axis(integer(name, otherwise), of_rank, name);
}

std::int64_t Call::checked_axis(std::int64_t value, std::int64_t of_rank, const char* at) {
  if (value >= -of_rank && value < of_rank) return value < 0 ? value + of_rank : value;
  refuse(at, fmt::format("is {}", value),
         fmt::format("an axis of {} dimensions, {} to {}", of_rank, -of_rank, of_rank - 1));
  return 0;
}

void Call::set(int i, DataType type, Dims shape) {
  if (static_cast<std::int64_t>(shape.size()) > max_dimensions || element_count(shape) < 0)
    refuse("", fmt::format("makes a tensor of {}", dims_text(shape)),
           fmt::format("up to {} dimensions, {} elements in all", max_dimensions, max_elements));
  if (static_cast<int>(outputs_.size()) <= i) outputs_.resize(static_cast<std::size_t>(i) + 1);
  outputs_[static_cast<std::size_t>(i)] = {type, std::move(shape)};
}

}  // namespace tessera::import
