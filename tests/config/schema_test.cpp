// The JSON Schema files for editors say what validation says, because both come from the same rules.
// TESSERA_UPDATE_SCHEMAS=1 writes them anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "sim/base/json_file.h"
#include "sim/config/hardware.h"
#include "sim/config/validate.h"
#include "sim/network/network_file.h"
#include "sim/run/config_folder.h"
#include "sim/run/file_schemas.h"
#include "sim/run/run_config.h"
#include "sim/run/run_rule.h"

using namespace tessera;
using namespace tessera::config;
using namespace tessera::exec;
using namespace tessera::run;
using nlohmann::json;

namespace {
void check_schema(const std::string& name, const nlohmann::ordered_json& schema) {
  const std::string path = config_folder() + "/schema/" + name + ".schema.json";
  if (std::getenv("TESSERA_UPDATE_SCHEMAS") != nullptr) std::ofstream(path) << schema.dump(1) << '\n';
  const Expected<json> committed = read_json(path);
  REQUIRE(committed);
  CHECK(*committed == json(schema));
}

std::vector<Problem> problems_of(const json& value, const Rule& rule) {
  return validate(make_document(value, {"x.json", ""}, {}), rule);
}
}  // namespace

TEST_CASE("the schema files are those of the rules") {
  Rule hardware = hardware_rule();
  hardware.or_file = false;
  check_schema("hardware", json_schema(hardware, "Tessera hardware file"));
  check_schema("run", json_schema(run_rule(), "Tessera run config"));
  check_schema("network", network_schema());
  check_schema("kernels", kernel_library_schema());
}

namespace {
// What of `value` the schema knows nothing of, as a path; empty: nothing. Keys, constants and required keys are judged,
// ranges are not.
std::string unknown_to(const json& schema, const json& value, const std::string& path) {
  if (schema.contains("const")) return schema["const"] == value ? "" : path;
  if (schema.contains("oneOf")) {
    int fitting = 0;
    for (const json& one : schema["oneOf"]) fitting += unknown_to(one, value, path).empty() ? 1 : 0;
    return fitting == 1 ? "" : path;
  }
  for (const json& key : schema.value("required", json::array()))
    if (!value.contains(key.get<std::string>())) return path + "." + key.get<std::string>();
  if (value.is_array() && schema.contains("items"))
    for (const json& item : value)
      if (const std::string wrong = unknown_to(schema["items"], item, path + "[]"); !wrong.empty()) return wrong;
  if (!value.is_object() || !schema.contains("properties")) return "";
  for (const auto& [key, child] : value.items()) {
    if (!schema["properties"].contains(key)) return path + "." + key;
    if (const std::string wrong = unknown_to(schema["properties"][key], child, path + "." + key); !wrong.empty())
      return wrong;
  }
  return "";
}
}  // namespace

TEST_CASE(
    "the schemas of networks and kernel libraries know every file of the project, and refuse what readers refuse") {
  const json network = network_schema(), kernels = kernel_library_schema();
  for (const auto& [folder, schema] : {std::pair{"networks", network}, {"hardware/kernels", kernels}})
    for (const std::string& name : config_names(folder)) {
      const Expected<json> file = read_json(config_folder() + "/" + folder + "/" + name + ".json");
      REQUIRE(file);
      CHECK(unknown_to(schema, *file, name) == "");
      json wrong = *file;
      wrong["layer"] = 1;
      CHECK(unknown_to(schema, wrong, name) == name + ".layer");
      wrong = *file;
      wrong.erase("name");
      CHECK(unknown_to(schema, wrong, name) == name + ".name");
    }
  json pool = *read_json(config_folder() + "/networks/resnet50.json");
  pool["layers"][0]["global"] = true;  // a key of pools at a convolution
  CHECK(unknown_to(network, pool, "") == ".layers[]");
  CHECK_FALSE(network::parse_network(pool, "x"));
}

TEST_CASE("every kind of rule refuses what is wrong and accepts what is right") {
  const Rule rule = Rule::object("",
                                 {{"n", Rule::integer("", 1, 8, "rows")},
                                  {"q", Rule::quantity("", 0, 10, "cycles", true)},
                                  {"c", Rule::choice("", {"red", "green"})},
                                  {"l", Rule::list("", 2, 2, Rule::number("", 0, 1))},
                                  {"m", Rule::map("", Rule::boolean(""))}},
                                 {"n"});
  CHECK(
      problems_of(
          json::parse(
              R"({"n": 8, "q": {"value": 3, "unit": "cycles", "source": "x"}, "c": "red", "l": [0, 1], "m": {"a": true}})"),
          rule)
          .empty());
  CHECK(problems_of(json::parse(R"({"n": 2.0, "q": 3})"), rule).empty());
  for (const char* wrong :
       {R"({})", R"({"n": 0})", R"({"n": 9})", R"({"n": 1.5})", R"({"n": "1"})", R"({"n": null})",
        R"({"n": 1, "x": 1})", R"({"n": 1, "q": 11})", R"({"n": 1, "q": 1.5})", R"({"n": 1, "q": {"unit": "cycles"}})",
        R"({"n": 1, "q": {"value": 1, "unit": "ns"}})", R"({"n": 1, "q": {"value": 5, "max": 4}})",
        R"({"n": 1, "q": {"value": 1, "vale": 2}})", R"({"n": 1, "c": "blue"})", R"({"n": 1, "c": 1})",
        R"({"n": 1, "l": [0]})", R"({"n": 1, "l": [0, 2]})", R"({"n": 1, "m": {"a": 1}})", R"([])"}) {
    INFO(wrong);
    CHECK(problems_of(json::parse(wrong), rule).size() == 1);
  }
}

TEST_CASE("every run config of the project loads") {
  const std::vector<std::string> names = config_names("runs");
  CHECK(names.size() >= 20);
  for (const std::string& name : names) {
    const Expected<RunConfig> config = load_run_config(config_folder() + "/runs/" + name + ".json");
    INFO((config ? name : describe(config.failure())));
    CHECK(config);
  }
}

TEST_CASE("a resolved config resolves to itself") {
  const Expected<RunConfig> config =
      load_run_config(config_folder() + "/runs/resnet50_8x2.json", {"sparsity.ratio=0.25"});
  REQUIRE(config);
  CHECK(config->array.memtile_rows == 2);
  CHECK(config->mask_spec.ratio == 0.25);
  CHECK(config->fidelity == Fidelity::burst);
  const Expected<RunConfig> again = make_run_config(config->resolved, "", "again");
  REQUIRE(again);
  CHECK(again->resolved == config->resolved);
}
