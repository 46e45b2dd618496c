// Does the search find the front of a space it cannot list, within its budget, the same way each time?
#include "explore/search/search.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "explore/search/pareto.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

SweepEnd search(const Sweep& sweep, const std::string& folder, int workers = 2) {
  std::FILE* messages = std::tmpfile();
  const auto end = run_search(sweep, fake_runner(), {folder, workers, "b", messages, false});
  std::fclose(messages);
  if (!end) FAIL(describe(end.failure()));
  return *end;
}

Table table_of(const std::string& folder) {
  const auto store = Store::read(folder);
  REQUIRE(store);
  const auto table = read_table(*store);
  REQUIRE(table);
  return *table;
}

// 40 x 10 points; latency falls with cores and ratio, so the front is the highest ratio with every number of cores.
const char* wide =
    R"({"axes": {"cores": {"from": 1, "to": 40, "step": 1}, "ratio": {"from": 0, "to": 0.9, "step": 0.1}},
                       "search": {"minimize": ["latency_us", "cores"], "budget": 160, "population": 20, "seed": 3}})";

TableRow row(double latency, double cores) {
  TableRow r;
  r.status = "done";
  r.result = result::Row{{"latency_us", latency}, {"cores", cores}};
  return r;
}

}  // namespace

TEST_CASE("the front keeps what nothing beats in everything") {
  Table table;
  table.rows = {row(5, 1), row(4, 2), row(4.5, 2), row(4, 2), row(1, 9), row(6, 9), row(5, 3)};
  table.rows.push_back(row(0.5, 0.5));
  table.rows.back().status = "crashed";
  const std::vector<Objective> both = {{"latency_us", false}, {"cores", false}};
  CHECK(pareto_front(table, both) == std::vector<std::size_t>{4, 1, 3, 0});
  CHECK(pareto_front(table, {{"latency_us", false}, {"cores", true}}) == std::vector<std::size_t>{4});
  const std::string legal = check_objectives(table, {{"latncy_us", false}}).front().legal;
  CHECK(legal.find("did you mean 'latency_us'? columns of numbers: point, speedup, macs_kept, rows, cols, cores,") ==
        0);
  CHECK(check_objectives(table, {{"program_hash", false}}).front().what == "holds no numbers");
  CHECK(check_objectives(table, both).empty());
}

TEST_CASE("a search finds the front within its budget") {
  const TemporaryFolder folder;
  const SweepEnd end = search(fake_sweep(wide), folder.path());
  const Table table = table_of(folder.path());
  CHECK(table.rows.size() <= 160);
  CHECK(table.rows.size() >= 100);
  CHECK(end.counts.runs.at("done") >= static_cast<int>(table.rows.size()));
  int best_ratio = 0;
  const auto front = pareto_front(table, {{"latency_us", false}, {"cores", false}});
  for (const std::size_t r : front) best_ratio += table.rows[r].coordinates[1] == 0.9;
  CAPTURE(front.size(), best_ratio);
  CHECK(best_ratio >= 20);  // a grid of 160 points would have at most 16 on the true front of 40
}

TEST_CASE("the path of a search depends on its seed alone") {
  const TemporaryFolder a, b, c;
  search(fake_sweep(wide), a.path(), 1);
  search(fake_sweep(wide), b.path(), 4);
  CHECK(read_text(a.path() + "/table.csv") == read_text(b.path() + "/table.csv"));
  Sweep other = fake_sweep(wide);
  other.search->seed = 4;
  search(other, c.path());
  CHECK(read_text(a.path() + "/table.csv") != read_text(c.path() + "/table.csv"));
  const std::string before = read_text(a.path() + "/table.csv");
  search(fake_sweep(wide), a.path(), 1);  // retraced through the store
  CHECK(read_text(a.path() + "/table.csv") == before);
}

TEST_CASE("the progress of a search counts points, up to its budget") {
  const TemporaryFolder folder;
  std::FILE* messages = std::tmpfile();
  REQUIRE(run_search(fake_sweep(wide), fake_runner(), {folder.path(), 2, "b", messages, true}));
  std::string text(static_cast<std::size_t>(std::ftell(messages)), '\0');
  std::rewind(messages);
  text.resize(std::fread(text.data(), 1, text.size(), messages));
  std::fclose(messages);
  CAPTURE(text);
  CHECK(text.find("evaluated 160/160 points 100.0%") != std::string::npos);
  CHECK(text.find("runs of") == std::string::npos);
}

TEST_CASE("points outside the condition are never run, failed ones are no answer") {
  const TemporaryFolder folder;
  Sweep sweep = fake_sweep(R"({"axes": {"cores": {"from": 0, "to": 19, "step": 1}, "act": ["work", "misfit"]},
      "where": "cores != 5",
      "search": {"minimize": ["latency_us", "cores"], "budget": 60, "population": 8, "seed": 1}})");
  search(sweep, folder.path());
  const Table table = table_of(folder.path());
  for (const TableRow& r : table.rows) CHECK(r.coordinates[0] != 5);
  for (const std::size_t r : pareto_front(table, {{"latency_us", false}, {"cores", false}}))
    CHECK(table.rows[r].coordinates[1] == "work");
}

TEST_CASE("an objective that is no column is refused before anything runs") {
  Sweep sweep = fake_sweep(R"({"axes": {"cores": [1, 2]}, "search": {"minimize": ["latncy_us", "cores"]}})");
  const TemporaryFolder folder;
  const auto end = run_search(sweep, fake_runner(), {folder.path() + "/s", 1, "b", stderr, false});
  REQUIRE_FALSE(end);
  CHECK(end.failure().problems.front().legal.find("did you mean 'latency_us'?") == 0);
}
