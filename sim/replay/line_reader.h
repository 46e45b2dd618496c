// One JSON object of a trace line, read field by field; every problem is collected with line and field.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/replay/schedule_trace.h"

namespace tessera::replay {

class LineReader {
 public:
  // `where`: "line 3: " or "line 3: passes[0]."
  LineReader(const nlohmann::json& object, std::string file, std::string where, std::vector<Problem>& problems)
      : object_(object), file_(std::move(file)), where_(std::move(where)), problems_(problems) {}

  std::int64_t integer(const std::string& key, std::int64_t least, std::int64_t most);
  std::string text(const std::string& key);
  bool flag(const std::string& key);
  network::Shape shape(const std::string& key);
  WeightShape weights(const std::string& key);
  void null_or_absent(const std::string& key);         // a layer without weights
  std::optional<double> time(const std::string& key);  // optional; not negative
  const nlohmann::json* object(const std::string& key);
  const nlohmann::json* list(const std::string& key);
  // Keys of the object that nobody asked for.
  std::vector<std::string> unknown() const;

  void report(const std::string& key, std::string what, std::string legal = "");

 private:
  const nlohmann::json* find(const std::string& key, const char* type);
  std::vector<int> integers(const std::string& key, std::size_t count, const char* meaning);

  const nlohmann::json& object_;
  std::string file_, where_;
  std::vector<Problem>& problems_;
  std::set<std::string> asked_;
};

}  // namespace tessera::replay
