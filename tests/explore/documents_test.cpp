// Do the files that users read agree with the code: the schema, the ready sweeps, the description of the columns?
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "explore/sweep/sweep_file.h"
#include "sim/result/sweep.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {
bool schema_accepts(const Json& document) {
  const Json text = Json::parse(read_text("configs/schema/sweep.schema.json"));
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
  valijson::Validator validator;
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}
}  // namespace

TEST_CASE("the ready sweeps are understood and meet the schema") {
  int sweeps = 0;
  for (const auto& file : std::filesystem::directory_iterator("configs/sweeps")) {
    CAPTURE(file.path());
    const auto sweep = load_sweep(file.path().string());
    if (!sweep) FAIL(describe(sweep.failure()));
    CHECK(schema_accepts(Json::parse(read_text(file.path().string()))));
    ++sweeps;
  }
  CHECK(sweeps >= 4);
}

TEST_CASE("block_sparsity has the points it promises") {
  const auto sweep = load_sweep("configs/sweeps/block_sparsity.json");
  REQUIRE(sweep);
  CHECK(sweep->space.grid_size() == 3 * 7 * 7 * 6 * 10);
  CHECK(select_points(sweep->space, sweep->sample)->size() == 3 * 49 * (6 * 9 + 1));
}

TEST_CASE("schema and parser refuse the same files") {
  const std::string head = R"({"base": "fake_runner.cpp", )";
  for (const char* rest :
       {R"("axes": {"a": [1]}})", R"("axes": {"a": {"from": 1, "to": 2, "step": 1}}, "fidelity": "burst"})",
        R"("axes": {"a": [1]}, "sample": {"method": "lhs", "points": 4}})"}) {
    CAPTURE(rest);
    CHECK(parse_sweep(head + rest, "tests/explore/x.json"));
    CHECK(schema_accepts(Json::parse(head + rest)));
  }
  for (const char* rest :
       {R"("axis": {"a": [1]}})", R"("axes": {}})", R"("axes": {"a": []}})", R"("axes": {"a": 1}})",
        R"("axes": {"a": {"from": 1, "to": 2}}})", R"("axes": {"a": {"from": 1, "to": 2, "step": 1, "count": 2}}})",
        R"("axes": {"a": [1]}, "fidelity": "fast"})", R"("axes": {"a": [1]}, "zip": [["a"]]})",
        R"("axes": {"a": [1]}, "where": 1})", R"("axes": {"a": [1]}, "repeat": {}})",
        R"("axes": {"a": [1]}, "sample": {"method": "sobol", "points": 4}})",
        R"("axes": {"a": [1]}, "limits": {"seconds": 0}})", R"("axes": {"a": [1]}, "limits": {"memory_mb": 1.5}})",
        R"("axes": {"a": [1]}, "search": {"minimize": ["x", "y"], "population": 9}})",
        R"("axes": {"a": [1]}, "extra": 1})"}) {
    CAPTURE(rest);
    CHECK_FALSE(parse_sweep(head + rest, "tests/explore/x.json"));
    CHECK_FALSE(schema_accepts(Json::parse(head + rest)));
  }
}

TEST_CASE("every column is documented with its unit and sentence") {
  const std::string page = read_text("results/README.md");
  for (const result::SweepColumn& column : result::sweep_columns()) {
    if (!column.in_table) continue;
    const std::string line =
        "| `" + column.name + "` | " + (column.unit.empty() ? "" : column.unit + " ") + "| " + column.sentence + " |";
    CAPTURE(line);
    CHECK(page.find(line) != std::string::npos);
  }
  for (const char* other : {"point", "status", "reason", "dense_status", "program_hash", "key"})
    CHECK(page.find("| `" + std::string(other) + "` | | ") != std::string::npos);
}
