// Which points does a sweep file mean?
#include "explore/space/space.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace tessera;
using namespace tessera::explore;

namespace {

std::string values(const char* spec) {
  std::vector<Problem> problems;
  const auto result = axis_values(Json::parse(spec), "axes.a", problems);
  return problems.empty() ? Json(result).dump() : problems.front().path + ": " + problems.front().what;
}

Space space_of(const std::vector<std::pair<std::string, const char*>>& axes, const std::string& where = "") {
  Space space;
  std::vector<Problem> problems;
  for (const auto& [path, spec] : axes)
    space.groups.push_back({{{path, axis_values(Json::parse(spec), path, problems)}}});
  REQUIRE(problems.empty());
  if (where.empty()) return space;
  const auto condition = Condition::parse(where, space.paths());
  if (!condition) FAIL(describe(condition.failure()));
  space.where = *condition;
  return space;
}

std::vector<Index> chosen(const Space& space, const Sample& sample = {}) {
  const auto points = select_points(space, sample);
  if (!points) FAIL(describe(points.failure()));
  return *points;
}

}  // namespace

TEST_CASE("an axis is a list or a range") {
  CHECK(values("[1, \"a\", [4, 8]]") == "[1,\"a\",[4,8]]");
  CHECK(values(R"({"from": 2, "to": 8, "step": 2})") == "[2,4,6,8]");
  CHECK(values(R"({"from": 2, "to": 9, "step": 3})") == "[2,5,8]");
  CHECK(values(R"({"from": 0, "to": 0.9, "step": 0.1})") == "[0.0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]");
  CHECK(values(R"({"from": 0, "to": 1, "count": 5})") == "[0,0.25,0.5,0.75,1]");
  CHECK(values(R"({"from": 1, "to": 64, "factor": 4})") == "[1,4,16,64]");
  CHECK(values(R"({"from": 0.5, "to": 4, "factor": 2})") == "[0.5,1.0,2.0,4.0]");
}

TEST_CASE("a range that means nothing is refused") {
  CHECK(values("7") == "axes.a: 7 is no axis");
  CHECK(values("[]") == "axes.a: the axis has no values");
  CHECK(values(R"({"from": 1, "to": 2})") == "axes.a: no stride is given");
  CHECK(values(R"({"from": 1, "to": 2, "step": 0})") == "axes.a.step: 0 is not positive");
  CHECK(values(R"({"from": 3, "to": 2, "step": 1})") == "axes.a.to: 2 is below \"from\" 3");
  CHECK(values(R"({"from": 1, "to": 2, "step": 1, "count": 2})") == "axes.a: both \"count\" and \"step\" are given");
  CHECK(values(R"({"from": 0, "to": 2, "factor": 2})") == "axes.a.from: 0 has no ratios");
  CHECK(values(R"({"from": 1, "to": 2, "factor": 1})") == "axes.a.factor: 1 does not grow");
  CHECK(values(R"({"from": 1, "to": 2, "steps": 1})") == "axes.a.steps: unknown key");
  CHECK(values(R"({"from": "1", "to": 2, "step": 1})") == "axes.a.from: \"1\" is not a number");
  CHECK(values(R"({"from": 0, "to": 1, "step": 1e-9})") == "axes.a.step: the range has too many values");
}

TEST_CASE("the grid lists every combination once, the last axis fastest") {
  const auto points = chosen(space_of({{"a", "[1, 2]"}, {"b", "[10, 20, 30]"}}));
  CHECK(points == std::vector<Index>{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}});
}

TEST_CASE("a condition keeps the points that meet it") {
  const std::vector<std::pair<std::string, const char*>> axes = {
      {"hw.rows", "[2, 4, 8]"}, {"hw.cols", "[2, 4, 8]"}, {"s.block", "[[4, 4], [8, 8]]"}, {"net", "[\"a\", \"b\"]"}};
  CHECK(chosen(space_of(axes)).size() == 36);
  CHECK(chosen(space_of(axes, "hw.rows <= hw.cols")).size() == 24);
  CHECK(chosen(space_of(axes, "hw.rows == 2 && hw.cols > 2")).size() == 8);
  CHECK(chosen(space_of(axes, "hw.rows == 2 || hw.cols == 2")).size() == 20);
  // && binds stronger than ||
  CHECK(chosen(space_of(axes, "hw.rows == 2 || hw.rows == 4 && hw.cols == 4")).size() == 16);
  CHECK(chosen(space_of(axes, "(hw.rows == 2 || hw.rows == 4) && hw.cols == 4")).size() == 8);
  CHECK(chosen(space_of(axes, "s.block == [8, 8]")).size() == 18);
  CHECK(chosen(space_of(axes, "s.block[0] != 8")).size() == 18);
  CHECK(chosen(space_of(axes, "net == 'a' && hw.rows >= 4.0")).size() == 12);
}

TEST_CASE("a condition that cannot be meant is refused where it goes wrong") {
  const std::vector<std::string> axes = {"hardware.rows", "net"};
  const auto problem = [&](const std::string& text) {
    const auto condition = Condition::parse(text, axes);
    return condition ? std::string("accepted") : condition.failure().problems.front().what;
  };
  CHECK(problem("hardware.rowz < 4") == "'hardware.rowz' is not an axis of this sweep");
  CHECK(problem("hardware.rows") == "column 14: the end: a comparison is missing");
  CHECK(problem("hardware.rows < ") == "column 17: the end: is neither an axis nor a literal");
  CHECK(problem("(hardware.rows < 4") == "column 19: the end: a ')' is missing");
  CHECK(problem("hardware.rows < 4 & net == 'a'") == "column 19: '& net == 'a'': is not expected here");
  CHECK(problem("net == 'a") == "column 8: ''a': this string has no end");
  CHECK(problem("") == "column 1: the end: is neither an axis nor a literal");

  Space space = space_of({{"n", "[1, 2]"}, {"t", "[\"x\"]"}});
  space.where = *Condition::parse("n < t", space.paths());
  const auto points = select_points(space, {});
  REQUIRE_FALSE(points);
  CHECK(points.failure().problems.front().what == "'n < t': 1 and \"x\" have no order");
  space.where = *Condition::parse("n == '1'", space.paths());  // a number in quotes would never be found
  CHECK(select_points(space, {}).failure().problems.front().what == "'n == '1'': 1 and \"1\" are never equal");
}

TEST_CASE("random points are distinct, repeatable, and inside the condition") {
  const Space space =
      space_of({{"a", R"({"from": 1, "to": 100, "step": 1})"}, {"b", R"({"from": 1, "to": 100, "step": 1})"}}, "a < b");
  const auto points = chosen(space, {Sampling::random, 500, 7});
  CHECK(points.size() == 500);
  CHECK(std::set<Index>(points.begin(), points.end()).size() == 500);
  CHECK(std::is_sorted(points.begin(), points.end()));
  for (const Index& p : points) REQUIRE(p[0] < p[1]);
  CHECK(points == chosen(space, {Sampling::random, 500, 7}));
  CHECK(points != chosen(space, {Sampling::random, 500, 8}));
  CHECK(chosen(space, {Sampling::random, 100000, 7}).size() == 4950);
}

TEST_CASE("random points of a space too large to list") {
  std::vector<std::pair<std::string, const char*>> axes;
  for (const char* name : {"a", "b", "c", "d"}) axes.push_back({name, R"({"from": 1, "to": 1000, "step": 1})"});
  CHECK(chosen(space_of(axes), {Sampling::random, 200, 1}).size() == 200);
  CHECK_FALSE(select_points(space_of(axes), {}));
}

TEST_CASE("a Latin hypercube uses every value of every axis equally often") {
  const Space space = space_of({{"a", R"({"from": 1, "to": 10, "step": 1})"},
                                {"b", R"({"from": 1, "to": 20, "step": 1})"},
                                {"c", R"({"from": 1, "to": 1000, "step": 1})"}});
  const auto points = chosen(space, {Sampling::latin_hypercube, 40, 3});
  REQUIRE(points.size() == 40);
  std::map<int, int> a, b;
  for (const Index& p : points) {
    ++a[p[0]];
    ++b[p[1]];
  }
  REQUIRE(a.size() == 10);
  REQUIRE(b.size() == 20);
  for (const auto& [value, times] : a) CHECK(times == 4);
  for (const auto& [value, times] : b) CHECK(times == 2);
}
