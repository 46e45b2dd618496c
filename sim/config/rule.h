// What a configuration may contain, written down once as a tree of rules: validation, error texts and the JSON Schema
// files for editors all come from it. A key without a rule is an error, never ignored.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tessera::config {

struct Rule {
  enum class Kind {
    object,  // the keys below and no others
    map,     // any keys, every value follows `item`
    list,    // `low` to `high` values, each follows `item`
    integer,
    number,
    quantity,  // number of a hardware file: bare, or {"value", "unit", "source", ...}, see quantity.h
    text,
    choice,  // text, one of `choices`
    boolean,
    anything,  // checked by whoever reads it
  };
  Kind kind = Kind::anything;
  std::string meaning;
  std::string unit;
  double low = 0, high = 0;  // inclusive; of numbers, or of the length of a list
  std::vector<int> except;   // integer: within the range, and not legal
  bool whole = false;        // quantity: integers only
  bool one_for_all = false;  // quantity: no other value by array or column, because it is what says which array
  bool or_file = false;      // object: may also be the path of a file with it
  std::vector<std::string> choices;
  std::vector<std::pair<std::string, Rule>> keys;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::string>> former;  // keys that are legal no more, and what to write instead
  std::shared_ptr<const Rule> item;

  static Rule object(std::string meaning, std::vector<std::pair<std::string, Rule>> keys,
                     std::vector<std::string> required = {});
  static Rule map(std::string meaning, Rule item);
  static Rule list(std::string meaning, int shortest, int longest, Rule item);
  static Rule integer(std::string meaning, double low, double high, std::string unit = "");
  static Rule number(std::string meaning, double low, double high, std::string unit = "");
  static Rule quantity(std::string meaning, double low, double high, std::string unit, bool whole);
  static Rule text(std::string meaning);
  static Rule choice(std::string meaning, std::vector<std::string> choices);
  static Rule boolean(std::string meaning);
  static Rule anything(std::string meaning);

  const Rule* find(const std::string& key) const;  // of an object
};

// The key of a value that holds for one array: "8x2" is 8 rows by 2 columns.
constexpr const char* array_shape = "^[1-9][0-9]?x[1-9][0-9]?$";

// "a whole number from 1 to 8 rows", "one of: random, balanced": what would be legal.
std::string legal_values(const Rule& rule);

}  // namespace tessera::config
