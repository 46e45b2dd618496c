// Is a sweep file understood, and is a wrong one answered with everything that is wrong in it?
#include "explore/sweep/sweep_file.h"

#include <catch2/catch.hpp>

#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {
std::vector<std::string> problems_of(const std::string& text) {
  const auto sweep = parse_sweep(text, "tests/explore/wrong.json");
  std::vector<std::string> result;
  if (sweep) return {"accepted"};
  for (const Problem& p : sweep.failure().problems) {
    CHECK(p.file == "tests/explore/wrong.json");
    CHECK_FALSE(p.legal.empty());
    result.push_back(p.path + ": " + p.what + "; " + p.legal);
  }
  return result;
}
bool has(const std::vector<std::string>& list, const std::string& line) {
  return std::find(list.begin(), list.end(), line) != list.end();
}
}  // namespace

TEST_CASE("what is wrong with the points names the file") {
  const auto sweep = parse_sweep(R"({"base": "fake_runner.cpp", "axes": {"a": [0, 0.5]}, "where": "a == 'x'"})",
                                 "tests/explore/points.json");
  REQUIRE(sweep);
  const auto points = points_of(*sweep);
  REQUIRE_FALSE(points);
  CHECK(points.failure().problems[0].file == "tests/explore/points.json");
}

TEST_CASE("every key has its effect") {
  const Sweep sweep = fake_sweep(R"({"name": "n", "fidelity": "transaction",
    "axes": {"z": [1, 2], "a": [5, 6], "b": [7, 8]}, "zip": [["b", "z"]], "where": "a == 5",
    "repeat": {"path": "seed", "count": 2, "from": 10},
    "sample": {"method": "random", "points": 3, "seed": 4}, "limits": {"seconds": 2.5, "memory_mb": 100, "retries": 0},
    "search": {"minimize": ["latency_us"], "maximize": ["speedup"], "budget": 50, "population": 8, "seed": 9}})");
  CHECK(sweep.name == "n");
  CHECK(sweep.base == "tests/explore/fake_runner.cpp");
  CHECK(sweep.fixed == Overrides{{"fidelity", "transaction"}});
  CHECK(sweep.space.paths() == std::vector<std::string>{"b", "z", "a", "seed"});
  CHECK(sweep.space.at({1, 0, 1}) == Overrides{{"b", 8}, {"z", 2}, {"a", 5}, {"seed", 11}});
  const Sample grid;
  CHECK(select_points(sweep.space, grid)->size() == 4);
  CHECK(sweep.sample.method == Sampling::random);
  CHECK(sweep.sample.points == 3);
  CHECK(sweep.limits.seconds == 2.5);
  CHECK(sweep.limits.memory_mb == 100);
  CHECK(sweep.limits.retries == 0);
  REQUIRE(sweep.search);
  CHECK(sweep.search->budget == 50);
  CHECK(sweep.search->maximize == std::vector<std::string>{"speedup"});
}

TEST_CASE("all problems of a file come in one pass, with the nearest legal name") {
  const auto problems = problems_of(R"({"bas": "x", "base": "nowhere.json", "fidelity": "fast", "hardware": 1,
    "axes": {"rows": [2, 4], "cols": [2, 4, 8]}, "zip": [["rows", "cols"], ["rows", "colz"]],
    "where": "row == 2", "repeat": {"cuont": 3}, "sample": {"method": "sobol"},
    "limits": {"seconds": -1, "memory_mb": "1 GB"}, "search": {"minimize": ["latency_us"], "population": 10}})");
  CAPTURE(problems);
  CHECK(has(problems, "bas: unknown key; did you mean 'base'?"));
  CHECK(has(problems,
            "hardware: unknown key; legal keys: $schema, name, description, base, fidelity, axes, repeat, zip, where, "
            "sample, limits, search, accuracy"));
  CHECK(has(problems, "base: no file 'tests/explore/nowhere.json'; a path relative to this file, or a name of a run"));
  CHECK(has(problems, "fidelity: 'fast' is unknown; burst, transaction"));
  CHECK(has(problems, "zip[0]: axes of different length (rows: 2, cols: 3); zipped axes have equally many values"));
  CHECK(has(problems, "zip[1]: 'colz' is no axis, or is zipped already; did you mean 'cols'?"));
  CHECK(has(problems, "where: 'row' is not an axis of this sweep; did you mean 'rows'?"));
  CHECK(has(problems, "repeat.count: missing; a whole number of repetitions"));
  CHECK(has(problems, "repeat.cuont: unknown key; did you mean 'count'?"));
  CHECK(has(problems, "sample.method: 'sobol' is no way to sample; grid, random, lhs (Latin hypercube)"));
  CHECK(has(problems, "limits.seconds: -1 is out of range; a number from 0.01 to 1000000 s"));
  CHECK(has(problems, "limits.memory_mb: \"1 GB\" is out of range; a whole number from 16 to 16777216 MB"));
  CHECK(has(problems, "search.population: 10 is no multiple of 4; 8, 12, ..."));
  CHECK(has(problems,
            "search.minimize: fewer than two objectives; two or more columns of the table, in minimize and "
            "maximize"));
}

TEST_CASE("a value stands once, in zipped axes a pair of values") {
  CHECK(has(problems_of(R"({"base": "fake_runner.cpp", "axes": {"a": [1, 2, 1]}})"),
            "axes.a[2]: 1 stands twice; each value once"));
  CHECK(
      has(problems_of(R"({"base": "fake_runner.cpp", "axes": {"a": [1, 1, 1], "b": [2, 3, 2]}, "zip": [["a", "b"]]})"),
          "axes.a[2]: [1,2] stands twice; each value once"));
  CHECK(fake_sweep(R"({"axes": {"a": [1, 1], "b": [2, 3]}, "zip": [["a", "b"]]})").space.grid_size() == 2);
}

TEST_CASE("what is not a sweep file is refused") {
  CHECK(problems_of("{\"base\":").front().rfind("line 1, column ", 0) == 0);
  CHECK(problems_of("[1]").front() == ": [1] is not an object; {...}");
  CHECK(has(problems_of("{}"), "axes: missing; {\"config.path\": [values], ...}"));
  CHECK(has(problems_of("{}"), "base: missing; path of a run config, relative to this file"));
  CHECK_FALSE(load_sweep("tests/explore/no_such_file.json"));
}

TEST_CASE("keys and axes that stand twice, numbers that are none and names that lead elsewhere are refused") {
  const auto twice = problems_of(R"({"base": "fake_runner.cpp", "axes": {"a": [1, 2], "a": [3]}})");
  CHECK(has(twice, "a: this key stands twice in one object; keep one"));
  CHECK(problems_of(R"({"base": "fake_runner.cpp", "axes": {"a": [1e400]}})") != std::vector<std::string>{"accepted"});
  const auto zipped =
      problems_of(R"({"base": "fake_runner.cpp", "axes": {"a": [1, 2]}, "zip": [["a", "a"]], "name": ".."})");
  CHECK(has(zipped, "zip[0]: [\"a\",\"a\"] names an axis twice; each axis once"));
  CHECK(has(zipped, "name: '..' cannot name a folder; a name without '/' that begins with no '.'"));
}
