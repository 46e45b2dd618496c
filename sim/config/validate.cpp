#include "sim/config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tessera::config {
namespace {
using nlohmann::json;

// "8x2": two numbers from 1 to 99.
bool is_array_shape(const std::string& text) {
  std::size_t at = 0;
  const auto side = [&] {
    const std::size_t begin = at;
    while (at < text.size() && at - begin < 2 && text[at] >= (at == begin ? '1' : '0') && text[at] <= '9') ++at;
    return at > begin;
  };
  return side() && at < text.size() && text[at++] == 'x' && side() && at == text.size();
}

class Validator {
 public:
  Validator(const Document& document, const Rule& root) : document_(document), root_(root) {}

  void check(const json& value, const Rule& rule, const std::string& path) {
    switch (rule.kind) {
      case Rule::Kind::object:
        return object(value, rule, path);
      case Rule::Kind::map:
        if (!value.is_object()) return wrong(value, rule, path);
        for (const auto& [key, child] : value.items()) check(child, *rule.item, join_path(path, key));
        return;
      case Rule::Kind::list:
        return list(value, rule, path);
      case Rule::Kind::integer:
        return number(value, rule, path, true);
      case Rule::Kind::number:
        return number(value, rule, path, false);
      case Rule::Kind::quantity:
        return quantity(value, rule, path);
      case Rule::Kind::text:
        if (!value.is_string() || value.get<std::string>().empty()) wrong(value, rule, path);
        return;
      case Rule::Kind::choice:
        return choice(value, rule, path);
      case Rule::Kind::boolean:
        if (!value.is_boolean()) wrong(value, rule, path);
        return;
      case Rule::Kind::anything:
        return;
    }
  }
  std::vector<Problem> problems;

 private:
  void add(const std::string& path, const std::string& what, const std::string& legal) {
    problems.push_back({document_.origin(path).file, path, what, legal});
  }
  void wrong(const json& value, const Rule& rule, const std::string& path) {
    add(path, "is " + show(value), legal_values(rule));
  }

  void unknown(const std::string& path, const std::string& key, const std::vector<std::string>& legal) {
    const std::string elsewhere = path_of(root_, key, "");
    const std::string near = elsewhere.empty() ? nearest_name(key, legal) : elsewhere;
    const std::string keys = fmt::format("{}", fmt::join(legal, ", "));
    add(join_path(path, key), fmt::format("unknown key \"{}\"", key),
        near.empty() ? "legal keys: " + keys : fmt::format("did you mean \"{}\"? legal keys: {}", near, keys));
  }

  // Where the rule has a key of that name, at any depth; empty: nowhere, or in several places.
  static std::string path_of(const Rule& rule, const std::string& key, const std::string& path) {
    std::string found;
    for (const auto& [name, child] : rule.keys) {
      const std::string at = join_path(path, name);
      const std::string below = name == key ? at : path_of(child, key, at);
      if (!below.empty() && !found.empty()) return "";
      if (!below.empty()) found = below;
    }
    return found;
  }

  void object(const json& value, const Rule& rule, const std::string& path) {
    if (rule.or_file && value.is_string()) return;  // the file could not be read: reported when it was tried
    if (!value.is_object()) return wrong(value, rule, path);
    std::vector<std::string> names;
    for (const auto& [name, child] : rule.keys) names.push_back(name);
    for (const auto& [key, child] : value.items()) {
      const Rule* found = rule.find(key);
      const auto former =
          std::find_if(rule.former.begin(), rule.former.end(), [&](const auto& f) { return f.first == key; });
      if (found == nullptr && former != rule.former.end()) {
        add(join_path(path, key), fmt::format("unknown key \"{}\"", key), "legal: " + former->second);
      } else if (found == nullptr) {
        unknown(path, key, names);
      } else {
        check(child, *found, join_path(path, key));
      }
    }
    if (!document_.problems.empty()) return;  // what is missing may stand in the file that could not be read
    for (const std::string& key : rule.required) {
      if (value.contains(key)) continue;
      const Rule& missing = *rule.find(key);
      const std::string meaning = missing.meaning.empty() ? "" : " (" + missing.meaning + ")";
      add(join_path(path, key), "is missing" + meaning, legal_values(missing));
    }
  }

  void list(const json& value, const Rule& rule, const std::string& path) {
    if (!value.is_array() || static_cast<double>(value.size()) < rule.low ||
        static_cast<double>(value.size()) > rule.high) {
      return wrong(value, rule, path);
    }
    for (std::size_t i = 0; i < value.size(); ++i) check(value[i], *rule.item, fmt::format("{}[{}]", path, i));
  }

  void number(const json& value, const Rule& rule, const std::string& path, bool whole) {
    if (!value.is_number() || (whole && value.get<double>() != std::floor(value.get<double>())) ||
        !(value.get<double>() >= rule.low && value.get<double>() <= rule.high) ||
        std::count(rule.except.begin(), rule.except.end(), value.get<double>()) > 0) {
      wrong(value, rule, path);
    }
  }

  void quantity(const json& value, const Rule& rule, const std::string& path) {
    if (!value.is_object()) return number(value, rule, path, rule.whole);
    std::vector<std::string> legal{"value", "min", "max", "unit", "source"};
    if (!rule.one_for_all) legal.insert(legal.begin() + 1, {"value_per_column", "by_array"});
    Rule limited = rule;
    for (const auto& [key, child] : value.items()) {
      const std::string at = join_path(path, key);
      if (std::find(legal.begin(), legal.end(), key) == legal.end()) unknown(path, key, legal);
      if (key == "min" || key == "max") {
        number(child, rule, at, rule.whole);
        if (child.is_number()) (key == "min" ? limited.low : limited.high) = child.get<double>();
      }
      if (key == "unit" && child != rule.unit) {
        add(at, "is " + show(child), fmt::format("legal: \"{}\", the unit of {}", rule.unit, path));
      }
      if (key == "source") check(child, Rule::text("where the number comes from"), at);
    }
    const bool per_column = value.contains("value_per_column") && !rule.one_for_all;
    if (value.contains("value") == per_column) {
      add(path, "is " + show(value),
          rule.one_for_all ? "legal: a \"value\"" : "legal: exactly one of \"value\" and \"value_per_column\"");
    }
    if (limited.low > limited.high)
      return add(join_path(path, "min"), fmt::format("is {:.16g}", limited.low),
                 fmt::format("legal: up to its max, {:.16g}", limited.high));
    // The value carries the path of the quantity: that is what the user wrote or set.
    if (value.contains("value")) number(value["value"], limited, path, rule.whole);
    if (per_column) number(value["value_per_column"], limited, path, rule.whole);
    if (value.contains("by_array") && !rule.one_for_all)
      by_array(value["by_array"], limited, join_path(path, "by_array"));
  }

  void by_array(const json& value, const Rule& limited, const std::string& path) {
    check(value, Rule::map("", limited_item(limited)), path);
    if (!value.is_object()) return;
    for (const auto& [shape, child] : value.items())
      if (!is_array_shape(shape))
        add(join_path(path, shape), fmt::format("\"{}\" is no array", shape), "legal: rows x columns, such as \"8x2\"");
  }

  static Rule limited_item(const Rule& quantity) {
    return quantity.whole ? Rule::integer("", quantity.low, quantity.high, quantity.unit)
                          : Rule::number("", quantity.low, quantity.high, quantity.unit);
  }

  void choice(const json& value, const Rule& rule, const std::string& path) {
    if (value.is_string() &&
        std::find(rule.choices.begin(), rule.choices.end(), value.get<std::string>()) != rule.choices.end())
      return;
    const std::string near = value.is_string() ? nearest_name(value.get<std::string>(), rule.choices) : "";
    const std::string legal = legal_values(rule);
    add(path, "is " + show(value), near.empty() ? legal : fmt::format("did you mean \"{}\"? {}", near, legal));
  }

  const Document& document_;
  const Rule& root_;
};
}  // namespace

void write_plainly(json& value, const Rule& rule) {
  constexpr double exact = 9007199254740992;  // 2^53: whole numbers that a double has
  const bool quantity = rule.kind == Rule::Kind::quantity;
  if (value.is_number_float()) {
    const double v = value.get<double>();
    const bool whole = rule.kind == Rule::Kind::integer || (quantity && rule.whole);
    if (whole && v == std::floor(v) && std::abs(v) <= exact)
      value = static_cast<std::int64_t>(v);
    else if (v == 0)
      value = 0.0;
  } else if (value.is_array()) {
    for (json& child : value)
      if (quantity || rule.item) write_plainly(child, quantity ? rule : *rule.item);
  } else if (value.is_object()) {
    for (const auto& entry : value.items()) {
      const Rule* of_key = rule.kind == Rule::Kind::map      ? rule.item.get()
                           : rule.kind == Rule::Kind::object ? rule.find(entry.key())
                           : quantity                        ? &rule
                                                             : nullptr;
      if (of_key != nullptr) write_plainly(entry.value(), *of_key);
    }
  }
}

std::string show(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

std::vector<Problem> validate(const Document& document, const Rule& rule) {
  Validator validator(document, rule);
  validator.check(document.value, rule, "");
  return validator.problems;
}

}  // namespace tessera::config
