#include "sim/config/rule.h"

#include <fmt/format.h>

namespace tessera::config {
namespace {
Rule make(Rule::Kind kind, std::string meaning) {
  Rule rule;
  rule.kind = kind;
  rule.meaning = std::move(meaning);
  return rule;
}
Rule ranged(Rule::Kind kind, std::string meaning, double low, double high, std::string unit) {
  Rule rule = make(kind, std::move(meaning));
  rule.low = low;
  rule.high = high;
  rule.unit = std::move(unit);
  return rule;
}
}  // namespace

Rule Rule::object(std::string meaning, std::vector<std::pair<std::string, Rule>> keys,
                  std::vector<std::string> required) {
  Rule rule = make(Kind::object, std::move(meaning));
  rule.keys = std::move(keys);
  rule.required = std::move(required);
  return rule;
}
Rule Rule::map(std::string meaning, Rule item) {
  Rule rule = make(Kind::map, std::move(meaning));
  rule.item = std::make_shared<const Rule>(std::move(item));
  return rule;
}
Rule Rule::list(std::string meaning, int shortest, int longest, Rule item) {
  Rule rule = ranged(Kind::list, std::move(meaning), shortest, longest, "");
  rule.item = std::make_shared<const Rule>(std::move(item));
  return rule;
}
Rule Rule::integer(std::string meaning, double low, double high, std::string unit) {
  return ranged(Kind::integer, std::move(meaning), low, high, std::move(unit));
}
Rule Rule::number(std::string meaning, double low, double high, std::string unit) {
  return ranged(Kind::number, std::move(meaning), low, high, std::move(unit));
}
Rule Rule::quantity(std::string meaning, double low, double high, std::string unit, bool whole) {
  Rule rule = ranged(Kind::quantity, std::move(meaning), low, high, std::move(unit));
  rule.whole = whole;
  return rule;
}
Rule Rule::text(std::string meaning) { return make(Kind::text, std::move(meaning)); }
Rule Rule::choice(std::string meaning, std::vector<std::string> choices) {
  Rule rule = make(Kind::choice, std::move(meaning));
  rule.choices = std::move(choices);
  return rule;
}
Rule Rule::boolean(std::string meaning) { return make(Kind::boolean, std::move(meaning)); }
Rule Rule::anything(std::string meaning) { return make(Kind::anything, std::move(meaning)); }

const Rule* Rule::find(const std::string& key) const {
  for (const auto& [name, rule] : keys) {
    if (name == key) return &rule;
  }
  return nullptr;
}

std::string legal_values(const Rule& rule) {
  const auto range = [&](const char* noun) {
    return fmt::format("legal: {} from {:.16g} to {:.16g}{}{}", noun, rule.low, rule.high, rule.unit.empty() ? "" : " ",
                       rule.unit);
  };
  if (rule.or_file) return "legal: an object {...} or the path of a file";
  switch (rule.kind) {
    case Rule::Kind::object:
    case Rule::Kind::map:
      return "legal: an object {...}";
    case Rule::Kind::list:
      if (rule.low == rule.high) return fmt::format("legal: a list of {:.0f} values", rule.low);
      return fmt::format("legal: a list of {:.0f} to {:.0f} values", rule.low, rule.high);
    case Rule::Kind::integer:
      return range("a whole number") +
             (rule.except.empty() ? "" : fmt::format(" other than {}", fmt::join(rule.except, ", ")));
    case Rule::Kind::number:
      return range("a number");
    case Rule::Kind::quantity:
      return range(rule.whole ? "a whole number" : "a number");
    case Rule::Kind::text:
      return "legal: a text \"...\"";
    case Rule::Kind::choice:
      return fmt::format("legal: {}", fmt::join(rule.choices, ", "));
    case Rule::Kind::boolean:
      return "legal: true or false";
    case Rule::Kind::anything:
      return "";
  }
  return "";
}

}  // namespace tessera::config
