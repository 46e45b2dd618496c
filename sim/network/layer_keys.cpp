#include "sim/network/layer_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sim/network/shapes.h"

namespace tessera::network {
using nlohmann::json;

namespace {
constexpr double largest_step = 1e30;  // of a lookup
}

void LayerKeys::report(const std::string& key, std::string what, std::string legal) {
  problems_.push_back({file_, key.empty() ? path_ : path_ + "." + key, std::move(what), std::move(legal)});
}

void LayerKeys::read_step(const json& from, const std::string& path, const char* key, double& step) {
  if (!from.contains(key)) return;
  if (from[key].is_number()) step = from[key].get<double>();
  if (!from[key].is_number() || !(step > 0) || step > largest_step)
    problems_.push_back({file_, path + "." + key, "is " + from[key].dump(),
                         fmt::format("what one step of int8 stands for, above 0 and up to {}", largest_step)});
}

int LayerKeys::optional(const char* key, int low, int high, int otherwise) {
  return json_.contains(key) ? required(key, low, high) : otherwise;
}

std::vector<int> LayerKeys::int_list(const char* key, int low, int high, int count) {
  const auto it = json_.find(key);
  const bool fits = it != json_.end() && it->is_array() && !it->empty() && it->size() <= 16 &&
                    (count == 0 || static_cast<int>(it->size()) == count);
  if (!fits) {
    report(key, it == json_.end() ? "is missing" : "is " + it->dump(),
           count == 0 ? "a list of whole numbers" : fmt::format("a list of {} whole numbers", count));
    return {};
  }
  std::vector<int> values;
  for (std::size_t i = 0; i < it->size(); ++i)
    values.push_back(
        read_int((*it)[i], low, high, file_, fmt::format("{}.{}[{}]", path_, key, i), problems_).value_or(low));
  return values;
}

std::vector<int> LayerKeys::positions(const char* key, int steps) {
  const auto it = json_.find(key);
  if (it == json_.end() || !it->is_array() || it->empty() || it->size() > static_cast<std::size_t>(max_side)) {
    report(key, it == json_.end() ? "is missing" : "is no list of positions",
           fmt::format("a list of 1 to {} positions, -1 for zeros", max_side));
    return {};
  }
  std::vector<int> values;
  for (std::size_t i = 0; i < it->size(); ++i) {
    const json& entry = (*it)[i];
    const double value = entry.is_number() ? entry.get<double>() : -2;
    if (value == -1 || (value >= 0 && value < max_side))
      values.push_back(value < 0 ? -1 : static_cast<int>(std::lround(value * steps)));
    else
      report(fmt::format("{}[{}]", key, i), "is " + entry.dump(), fmt::format("-1, or 0 to {}", max_side - 1));
  }
  return values.size() == it->size() ? values : std::vector<int>{};
}

ElementType LayerKeys::type(const char* key) {
  const auto it = json_.find(key);
  if (it == json_.end()) return ElementType::i8;
  const auto found = it->is_string() ? find_type(it->get<std::string>()) : std::nullopt;
  if (!found) report(key, "is " + it->dump(), fmt::format("one of {}", fmt::join(type_names(), ", ")));
  return found.value_or(ElementType::i8);
}

bool LayerKeys::flag(const char* key) {
  const auto it = json_.find(key);
  if (it == json_.end()) return false;
  if (it->is_boolean()) return it->get<bool>();
  report(key, "is " + it->dump(), "true or false");
  return false;
}

int LayerKeys::required(const char* key, int low, int high) {
  const auto it = json_.find(key);
  if (it != json_.end()) return read_int(*it, low, high, file_, path_ + "." + key, problems_).value_or(0);
  report(key, "is missing", fmt::format("a whole number from {} to {}", low, high));
  return 0;
}

std::vector<int> LayerKeys::numbers(const char* key, const std::vector<std::size_t>& lengths, int low, int high,
                                    std::vector<int> otherwise) {
  const auto it = json_.find(key);
  if (it == json_.end()) return otherwise;
  if (it->is_array() && std::find(lengths.begin(), lengths.end(), it->size()) == lengths.end()) {
    report(key, fmt::format("has {} entries", it->size()),
           fmt::format("a number, [height, width]{}", lengths.size() > 1 ? " or [top, left, bottom, right]" : ""));
    return {};
  }
  const json list = it->is_array() ? *it : json::array({*it, *it});
  std::vector<int> values;
  for (std::size_t i = 0; i < (it->is_array() ? list.size() : 1); ++i) {
    const std::string place = it->is_array() ? fmt::format("{}[{}]", key, i) : std::string(key);
    const std::optional<int> v = read_int(list[i], low, high, file_, path_ + "." + place, problems_);
    if (v) values.push_back(*v);
  }
  if (!it->is_array() && values.size() == 1) values.push_back(values[0]);
  return values.size() == list.size() ? values : std::vector<int>{};
}

std::optional<int> read_int(const json& j, int low, int high, const std::string& file, const std::string& path,
                            std::vector<Problem>& problems) {
  const bool unsigned_wide = j.is_number_unsigned() && j.get<std::uint64_t>() > static_cast<std::uint64_t>(high);
  if (j.is_number_integer() && !unsigned_wide) {
    const auto v = j.get<std::int64_t>();
    if (v >= low && v <= high) return static_cast<int>(v);
  }
  problems.push_back({file, path, "is " + j.dump(), fmt::format("a whole number from {} to {}", low, high)});
  return std::nullopt;
}

void refuse_unknown_keys(const json& j, const std::vector<std::string>& legal, const std::string& file,
                         const std::string& path, std::vector<Problem>& problems) {
  for (const auto& item : j.items()) {
    if (std::find(legal.begin(), legal.end(), item.key()) != legal.end()) continue;
    const std::string near = nearest_name(item.key(), legal);
    problems.push_back(
        {file, path, fmt::format("unknown key '{}'", item.key()),
         fmt::format("{}one of {}", near.empty() ? "" : "did you mean '" + near + "'? ", fmt::join(legal, ", "))});
  }
}

}  // namespace tessera::network
