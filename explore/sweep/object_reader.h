// Reads the keys of one JSON object of a sweep file, collecting a problem for each value that is missing, mistyped, out
// of range or unknown, with what would be legal.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::explore {

using OrderedJson = nlohmann::ordered_json;

class ObjectReader {
 public:
  // `where` is the JSON path of `object`, empty for the root.
  ObjectReader(const OrderedJson& object, std::string where, std::vector<Problem>& problems);

  // The value of `key`, or null when absent. Marks the key as known.
  const OrderedJson* find(const std::string& key);

  // Each leaves `value` alone when the key is absent or wrong.
  void text(const std::string& key, std::string& value);
  void whole(const std::string& key, std::int64_t low, std::int64_t high, const std::string& unit, std::int64_t& value);
  void number(const std::string& key, double low, double high, const std::string& unit, double& value);
  void texts(const std::string& key, std::vector<std::string>& values);

  // Reports every key that no call above asked for.
  void refuse_the_rest();

  void problem(const std::string& key, const std::string& what, const std::string& legal);

 private:
  const OrderedJson& object_;
  std::string where_;
  std::vector<Problem>& problems_;
  std::vector<std::string> known_;
};

}  // namespace tessera::explore
