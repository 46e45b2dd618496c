#include "explore/axis_facts.h"

#include <sstream>

#include "sim/run/run_rule.h"

namespace tessera::explore {
namespace {

std::vector<std::string> keys_of(const std::string& path) {
  std::vector<std::string> keys;
  std::istringstream parts(path);
  for (std::string key; std::getline(parts, key, '.');) keys.push_back(key);
  return keys;
}

bool is_index(const std::string& key) { return key.find_first_not_of("0123456789") == std::string::npos; }

// A number of a hardware file carries unit and source beside its value; a file that was inlined has a name.
Json bare(const Json& value) {
  if (!value.is_object()) return value;
  for (const char* key : {"value", "name"})
    if (value.contains(key)) return value[key];
  return nullptr;
}

Json value_at(const Json& config, const std::string& path) {
  const Json* at = &config;
  for (const std::string& key : keys_of(path)) {
    if (at->is_object() && at->contains(key)) {
      at = &(*at)[key];
    } else if (at->is_array() && is_index(key) && std::stoul(key) < at->size()) {
      at = &(*at)[std::stoul(key)];
    } else {
      return nullptr;
    }
  }
  return bare(*at);
}

std::string unit_at(const config::Rule& all, const std::string& path) {
  const config::Rule* rule = &all;
  for (const std::string& key : keys_of(path)) {
    const config::Rule* found = rule->find(key);
    rule = found != nullptr ? found : rule->item.get();
    if (rule == nullptr) return "";
  }
  return rule->kind == config::Rule::Kind::list && rule->item ? rule->item->unit : rule->unit;
}

}  // namespace

std::map<std::string, AxisFacts> axis_facts(const Json& config, const std::vector<std::string>& paths) {
  std::map<std::string, AxisFacts> facts;
  const config::Rule rule = run::run_rule();
  for (const std::string& path : paths) facts[path] = {value_at(config, path), unit_at(rule, path)};
  return facts;
}

}  // namespace tessera::explore
