#include "explore/sweep/object_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::explore {

ObjectReader::ObjectReader(const OrderedJson& object, std::string where, std::vector<Problem>& problems)
    : object_(object), where_(std::move(where)), problems_(problems) {
  if (!object_.is_object()) problems_.push_back({"", where_, object_.dump() + " is not an object", "{...}"});
}

const OrderedJson* ObjectReader::find(const std::string& key) {
  known_.push_back(key);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

void ObjectReader::text(const std::string& key, std::string& value) {
  const OrderedJson* found = find(key);
  if (!found) return;
  if (!found->is_string() || found->get<std::string>().empty())
    problem(key, found->dump() + " is not a text", "a text in quotes");
  else
    value = found->get<std::string>();
}

void ObjectReader::whole(const std::string& key, std::int64_t low, std::int64_t high, const std::string& unit,
                         std::int64_t& value) {
  const OrderedJson* found = find(key);
  if (!found) return;
  const std::string legal = fmt::format("a whole number from {} to {}{}", low, high, unit.empty() ? "" : " " + unit);
  if (!found->is_number_integer() || found->get<double>() < static_cast<double>(low) ||
      found->get<double>() > static_cast<double>(high))
    problem(key, found->dump() + " is out of range", legal);
  else
    value = found->get<std::int64_t>();
}

void ObjectReader::number(const std::string& key, double low, double high, const std::string& unit, double& value) {
  const OrderedJson* found = find(key);
  if (!found) return;
  const std::string legal = fmt::format("a number from {} to {}{}", low, high, unit.empty() ? "" : " " + unit);
  if (!found->is_number() || found->get<double>() < low || found->get<double>() > high)
    problem(key, found->dump() + " is out of range", legal);
  else
    value = found->get<double>();
}

void ObjectReader::texts(const std::string& key, std::vector<std::string>& values) {
  const OrderedJson* found = find(key);
  if (!found) return;
  const bool all = found->is_array() &&
                   std::all_of(found->begin(), found->end(), [](const OrderedJson& v) { return v.is_string(); });
  if (!all)
    problem(key, found->dump() + " is not a list of texts", "[\"a\", \"b\"]");
  else
    values = found->get<std::vector<std::string>>();
}

void ObjectReader::refuse_the_rest() {
  if (!object_.is_object()) return;
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string near = nearest_name(key, known_);
    problem(key, "unknown key",
            near.empty() ? fmt::format("legal keys: {}", fmt::join(known_, ", "))
                         : fmt::format("did you mean '{}'?", near));
  }
}

void ObjectReader::problem(const std::string& key, const std::string& what, const std::string& legal) {
  problems_.push_back({"", where_.empty() ? key : where_ + "." + key, what, legal});
}

}  // namespace tessera::explore
