// How a document is put together: extends, references, --set, and where each part says it came from.
#include "sim/config/document.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/base/json_file.h"

using namespace tessera;
using namespace tessera::config;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {
// A folder with files, removed at the end.
class Files {
 public:
  Files() {
    char name[] = "/tmp/tessera_config_XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~Files() { fs::remove_all(folder_); }
  std::string add(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

 private:
  fs::path folder_;
};

Document load(const std::string& path, const std::vector<std::string>& sets = {}) {
  return load_document(path, {"machine"}, sets);
}
}  // namespace

TEST_CASE("what extends another file lies over it, at any depth") {
  Files files;
  files.add("base/b.json", R"({"a": 1, "deep": {"x": 1, "y": {"z": 1}}, "list": [1, 2, 3]})");
  const std::string top = files.add("t.json", R"({"extends": "base/b.json", "deep": {"y": {"z": 2}}, "list": [4]})");
  const Document document = load(top);
  CHECK(document.problems.empty());
  CHECK(document.value == json::parse(R"({"a": 1, "deep": {"x": 1, "y": {"z": 2}}, "list": [4]})"));
  CHECK(document.origin("deep.y.z").file == top);
  CHECK(fs::path(document.origin("deep.x").file).filename() == "b.json");
  CHECK(fs::path(document.origin("deep.x").folder).filename() == "base");
}

TEST_CASE("a reference starts at the file that spells it, even through extends") {
  Files files;
  files.add("parts/m.json", R"({"rows": 4})");
  files.add("base/b.json", R"({"machine": "../parts/m.json"})");
  const Document document = load(files.add("elsewhere/t.json", R"({"extends": "../base/b.json"})"));
  CHECK(document.problems.empty());
  CHECK(document.value["machine"]["rows"] == 4);
}

TEST_CASE("an object laid over a reference goes into the file") {
  Files files;
  files.add("m.json", R"({"rows": 4, "cols": 4})");
  files.add("b.json", R"({"machine": "m.json"})");
  const Document document = load(files.add("t.json", R"({"extends": "b.json", "machine": {"rows": 2}})"));
  CHECK(document.value["machine"] == json::parse(R"({"rows": 2, "cols": 4})"));
}

TEST_CASE("an assignment goes into references, lists and keys with dots") {
  Files files;
  files.add("m.json", R"({"rows": {"value": 4, "unit": "rows", "min": 1, "source": "book", "by_array": {"8x2": 2}}})");
  const std::string top = files.add("t.json", R"({"machine": "m.json", "list": [1, 2], "map": {}})");
  const Document document = load(top, {"machine.rows=8", "list.1=7", "map.\"a.b\".c=text", "flag=true"});
  CHECK(document.problems.empty());
  CHECK(document.value["list"] == json{1, 7});
  CHECK(document.value["map"]["a.b"]["c"] == "text");
  CHECK(document.value["flag"] == true);
  const json& rows = document.value["machine"]["rows"];
  CHECK(rows["value"] == 8);
  CHECK(rows["source"] == "set by --set");
  CHECK(rows["min"] == 1);
  CHECK_FALSE(rows.contains("by_array"));
  CHECK(document.origin("machine.rows").file == "--set");
}

TEST_CASE("assignments that are none are problems, all of them") {
  Files files;
  const Document document = load(files.add("t.json", R"({"a": {"b": 1}})"), {"a.b", "=3", "a..b=1", "a.b.c=1"});
  CHECK(document.problems.size() == 4);
}

TEST_CASE("files that extend each other are refused, not followed for ever") {
  Files files;
  files.add("b.json", R"({"extends": "a.json"})");
  const Document document = load(files.add("a.json", R"({"extends": "b.json"})"));
  REQUIRE(document.problems.size() == 1);
  CHECK(document.problems[0].what.find("extends itself") != std::string::npos);
}

TEST_CASE("syntax errors are told by line and column, repeated keys by name") {
  const Expected<json> cut = parse_json("{\n  \"a\": }", "x.json");
  REQUIRE_FALSE(cut);
  CHECK(cut.failure().problems[0].path == "line 2, column 8");
  const Expected<json> twice = parse_json(R"({"a": 1, "b": {"a": 2}, "a": 3})", "x.json");
  REQUIRE_FALSE(twice);
  CHECK(twice.failure().problems[0].path == "a");
  CHECK(parse_json(R"({"a": 1, "b": {"a": 2}})", "x.json"));
}
