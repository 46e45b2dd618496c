#include "sim/replay/line_reader.h"

#include <fmt/format.h>

#include <cmath>

namespace tessera::replay {
namespace {

std::string shown(const nlohmann::json& v) {
  const std::string s = v.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return s.size() > 60 ? s.substr(0, 57) + "..." : s;
}

// JSON integers only: 3.0 is not one, true is not one.
bool in_range(const nlohmann::json& v, std::int64_t least, std::int64_t most) {
  if (!v.is_number_integer()) return false;
  if (v.is_number_unsigned() && v.get<std::uint64_t>() > static_cast<std::uint64_t>(most)) return false;
  const auto n = v.get<std::int64_t>();
  return n >= least && n <= most;
}

}  // namespace

void LineReader::report(const std::string& key, std::string what, std::string legal) {
  problems_.push_back({file_, where_ + key, std::move(what), std::move(legal)});
}

const nlohmann::json* LineReader::find(const std::string& key, const char* type) {
  asked_.insert(key);
  const auto it = object_.find(key);
  if (it != object_.end()) return &*it;
  const std::string near = nearest_name(key, unknown());  // a key that nobody asked for so far may be the one meant
  report(key, "is missing", std::string(type) + (near.empty() ? "" : "; there is \"" + near + "\""));
  return nullptr;
}

std::int64_t LineReader::integer(const std::string& key, std::int64_t least, std::int64_t most) {
  const std::string legal = fmt::format("an integer from {} to {}", least, most);
  const auto* v = find(key, legal.c_str());
  if (v == nullptr) return least;
  if (in_range(*v, least, most)) return v->get<std::int64_t>();
  report(key, "is " + shown(*v), legal);
  return least;
}

std::string LineReader::text(const std::string& key) {
  const auto* v = find(key, "a string");
  if (v == nullptr) return "";
  if (v->is_string() && !v->get<std::string>().empty()) return v->get<std::string>();
  report(key, "is " + shown(*v), "a string that is not empty");
  return "";
}

bool LineReader::flag(const std::string& key) {
  const auto* v = find(key, "true or false");
  if (v == nullptr) return false;
  if (v->is_boolean()) return v->get<bool>();
  report(key, "is " + shown(*v), "true or false");
  return false;
}

std::vector<int> LineReader::integers(const std::string& key, std::size_t count, const char* meaning) {
  constexpr int most = 65536;
  const std::string legal = fmt::format("{}, each from 1 to {}", meaning, most);
  const std::vector<int> ones(count, 1);
  const auto* v = find(key, legal.c_str());
  if (v == nullptr) return ones;
  bool good = v->is_array() && v->size() == count;
  std::vector<int> out;
  for (std::size_t i = 0; good && i < count; ++i) {
    good = in_range((*v)[i], 1, most);
    if (good) out.push_back((*v)[i].get<int>());
  }
  if (good) return out;
  report(key, "is " + shown(*v), legal);
  return ones;
}

network::Shape LineReader::shape(const std::string& key) {
  const auto v = integers(key, 3, "[height, width, channels]");
  return {v[0], v[1], v[2]};
}

WeightShape LineReader::weights(const std::string& key) {
  const auto v = integers(key, 4, "[cout, kh, kw, cin]");
  return {v[0], v[1], v[2], v[3]};
}

void LineReader::null_or_absent(const std::string& key) {
  asked_.insert(key);
  const auto it = object_.find(key);
  if (it != object_.end() && !it->is_null()) report(key, "is " + shown(*it), "null: the layer has no weights");
}

std::optional<double> LineReader::time(const std::string& key) {
  asked_.insert(key);
  const auto it = object_.find(key);
  if (it == object_.end()) return std::nullopt;
  if (it->is_number() && it->get<double>() >= 0) return it->get<double>();
  report(key, "is " + shown(*it), "microseconds, not negative (may be left out)");
  return std::nullopt;
}

const nlohmann::json* LineReader::object(const std::string& key) {
  const auto* v = find(key, "an object");
  if (v == nullptr || v->is_object()) return v;
  report(key, "is " + shown(*v), "an object");
  return nullptr;
}

const nlohmann::json* LineReader::list(const std::string& key) {
  const auto* v = find(key, "a list of objects");
  if (v == nullptr) return v;
  if (v->is_array() && !v->empty()) return v;
  report(key, "is " + shown(*v), "a list of objects that is not empty");
  return nullptr;
}

std::vector<std::string> LineReader::unknown() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : object_.items())
    if (asked_.count(name) == 0) out.push_back(name);
  return out;
}

}  // namespace tessera::replay
