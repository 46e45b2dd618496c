// Is every assignment that would undo an earlier one refused with both names, and is no other order?
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/config/document.h"
#include "sim/run/config_folder.h"
#include "sim/run/run_config.h"

using namespace tessera;
using namespace tessera::config;
using namespace tessera::run;
using nlohmann::json;

namespace {

// Paths of the parts of a config that are objects, and of all that stands in them; numbers of hardware count as whole.
struct Paths {
  std::vector<std::string> parts;
  std::vector<std::string> all;
  void walk(const json& value, const std::string& path) {
    if (!path.empty()) all.push_back(path);
    if (!value.is_object() || value.contains("value")) return;
    if (!path.empty()) parts.push_back(path);
    for (const auto& [key, child] : value.items()) walk(child, join_path(path, key));
  }
};

std::string assignment(const json& config, const std::string& path) {
  std::string pointer = "/" + path;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  return path + "=" + config.at(json::json_pointer(pointer)).dump();
}

std::vector<Problem> problems(const json& config, const std::vector<std::string>& sets) {
  return make_document(config, {"config", ""}, {}, sets).problems;
}

}  // namespace

TEST_CASE("a part that comes after one of its keys is refused, a key after its part is not") {
  const auto config =
      load_run_config(config_folder() + "/runs/resnet50_xdna1.json", {"sparsity.layers.conv1.ratio=0.5"});
  REQUIRE(config);
  json value = config->resolved;
  value.erase("network");
  Paths paths;
  paths.walk(value, "");
  CHECK(paths.parts.size() > 10);
  int pairs = 0;
  for (const std::string& part : paths.parts)
    for (const std::string& key : paths.all) {
      const bool inside = key == part || key.rfind(part + ".", 0) == 0;
      const std::string of_part = assignment(value, part), of_key = assignment(value, key);
      INFO(part << " and " << key);
      const std::vector<Problem> undone = problems(value, {of_key, of_part});
      CHECK(undone.size() == (inside ? 1 : 0));
      if (!inside) continue;
      ++pairs;
      if (undone.empty()) continue;
      CHECK(undone[0].path == part);
      CHECK(undone[0].what == (key == part ? "is given twice" : "would undo " + key + ", which is given before it"));
      if (key != part) CHECK(problems(value, {of_part, of_key}).empty());
    }
  CHECK(pairs > 100);
}
