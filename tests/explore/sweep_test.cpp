// Does a sweep end in the table it should, whatever its points do and however often it is run?
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "explore/axis_facts.h"
#include "explore/collect/table.h"
#include "explore/store/folder_lock.h"
#include "explore/sweep/run_sweep.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

// Messages of a sweep, as text.
class Messages {
 public:
  Messages() : file_(std::tmpfile()) {}
  ~Messages() { std::fclose(file_); }
  std::FILE* file() const { return file_; }
  std::string text() const {
    std::string result(static_cast<std::size_t>(std::ftell(file_)), '\0');
    std::rewind(file_);
    result.resize(std::fread(result.data(), 1, result.size(), file_));
    return result;
  }

 private:
  std::FILE* file_;
};

SweepEnd run(const Sweep& sweep, const std::string& folder, const PointRunner& runner = fake_runner()) {
  const Messages messages;
  const auto end = run_sweep(sweep, runner, {folder, 2, "build1", messages.file(), false});
  if (!end) FAIL(describe(end.failure()));
  return *end;
}

// Counts how often points are run, in a file that the children append to.
PointRunner counting(const std::string& file) {
  PointRunner runner = fake_runner();
  const auto real = runner.run;
  runner.run = [real, file](const Json& config, bool dense) {
    std::ofstream(file, std::ios::app) << (dense ? "dense\n" : "sparse\n") << std::flush;
    return real(config, dense);
  };
  return runner;
}

int lines(const std::string& text, const std::string& wanted) {
  int n = 0;
  for (std::size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) ++n;
  return n;
}

const char* three_by_two = R"({"axes": {"cores": [4, 16, 64], "ratio": [0, 0.5]}})";

}  // namespace

TEST_CASE("the table has one row per point, in order, with results against the dense baseline") {
  const TemporaryFolder folder;
  const SweepEnd end = run(fake_sweep(three_by_two), folder.path());
  CHECK(end.counts.runs == std::map<std::string, int>{{"done", 9}});  // 6 points and 3 baselines
  CHECK(end.counts.points == std::map<std::string, int>{{"done", 6}});
  CHECK_FALSE(end.interrupted);
  const auto store = Store::read(folder.path());
  REQUIRE(store);
  const auto table = read_table(*store);
  REQUIRE(table);
  REQUIRE(table->rows.size() == 6);
  CHECK(table->rows[3].coordinates == std::vector<Json>{16, 0.5});
  CHECK(cell(*table, table->rows[3], "latency_us") == 31.25);
  CHECK(cell(*table, table->rows[3], "dense_latency_us") == 62.5);
  CHECK(cell(*table, table->rows[3], "speedup") == 2.0);
  CHECK(cell(*table, table->rows[2], "speedup") == 1.0);
  CHECK(cell(*table, table->rows[3], "macs_kept") == 0.5);
  const std::string csv = read_text(folder.path() + "/table.csv");
  CHECK(csv.find("point,cores,ratio,status,reason,dense_status,speedup,") == 0);
  CHECK(csv.find("\n4,16,0.5,done,,done,") != std::string::npos);
  CHECK(lines(csv, "\n") == 7);
}

TEST_CASE("axes.json has of each axis the value in the base config, the unit, and which one repeats") {
  const TemporaryFolder folder;
  run(fake_sweep(R"({"axes": {"cores": [4], "ratio": [0, 0.5]}, "repeat": {"path": "seed", "count": 2}})"),
      folder.path());
  CHECK(Json::parse(read_text(folder.path() + "/axes.json")) ==
        Json::parse(R"({"cores": {"base": null, "unit": ""}, "ratio": {"base": 0.5, "unit": ""},
                        "seed": {"base": null, "unit": "", "repeat": true}})"));
}

TEST_CASE("facts of an axis: a number beside its source, the name of an inlined file, an entry of a list") {
  const Json config = Json::parse(R"({"hardware": {"name": "aie2", "memtile": {"memory": {"size": {"value": 524288}}}},
                                      "sparsity": {"block": [8, 8], "ratio": 0.5}, "network": {"layers": [{"channels": 64}]}})");
  auto facts = axis_facts(config, {"hardware", "hardware.memtile.memory.size", "sparsity.block", "sparsity.ratio",
                                   "network.layers.0.channels", "schedule.policy"});
  CHECK(facts["hardware"].base == "aie2");
  CHECK(facts["hardware.memtile.memory.size"].base == 524288);
  CHECK(facts["hardware.memtile.memory.size"].unit == "B");
  CHECK(facts["sparsity.block"].base == Json({8, 8}));
  CHECK(facts["sparsity.block"].unit == "channels");
  CHECK(facts["sparsity.ratio"].base == 0.5);
  CHECK(facts["network.layers.0.channels"].base == 64);
  CHECK(facts["schedule.policy"].base == nullptr);
}

TEST_CASE("points whose masks are marked are counted at the end") {
  const TemporaryFolder folder;
  PointRunner runner = fake_runner();
  const auto plain = runner.run;
  runner.run = [plain](const Json& config, bool dense) {
    auto result = plain(config, dense);
    if (!result || dense || config["ratio"] != 0.5) return result;
    Json row = Json::parse(result->row);
    row["mask_marks"] = {"kept", "empty_rows"};
    result->row = row.dump();
    return result;
  };
  CHECK(run(fake_sweep(three_by_two), folder.path(), runner).marks ==
        std::map<std::string, int>{{"kept", 3}, {"empty_rows", 3}});
}

TEST_CASE("a baseline is computed once for all points that share it, and nothing is computed twice") {
  const TemporaryFolder folder;
  const std::string count = folder.path() + "/count";
  run(fake_sweep(three_by_two), folder.path() + "/s", counting(count));
  CHECK(lines(read_text(count), "dense\n") == 3);
  CHECK(lines(read_text(count), "sparse\n") == 6);
  const std::string first = read_text(folder.path() + "/s/table.csv");
  run(fake_sweep(three_by_two), folder.path() + "/s", counting(count));
  CHECK(lines(read_text(count), "\n") == 9);
  CHECK(read_text(folder.path() + "/s/table.csv") == first);

  SECTION("a changed sweep file computes only what is new") {
    run(fake_sweep(R"({"axes": {"ratio": [0.5, 0.75], "cores": [16]}})"), folder.path() + "/s", counting(count));
    CHECK(lines(read_text(count), "dense\n") == 3);
    CHECK(lines(read_text(count), "sparse\n") == 7);
    const std::string csv = read_text(folder.path() + "/s/table.csv");
    CHECK(lines(csv, "\n") == 3);
    CHECK(csv.find("\n2,0.75,16,done,,done,") != std::string::npos);
  }
}

TEST_CASE("a plan is made again only when something it was made of has changed") {
  const TemporaryFolder folder;
  const std::string base = folder.path() + "/base.json", extended = folder.path() + "/extended.json";
  std::ofstream(base) << R"({"extends": "extended.json"})";
  std::ofstream(extended) << "{}";
  Sweep sweep = fake_sweep(three_by_two);
  sweep.base = base;
  int resolved = 0;
  PointRunner runner = fake_runner();
  runner.resolve = [&](const Overrides& o) {
    ++resolved;
    return fake_runner().resolve(o);
  };
  run(sweep, folder.path() + "/s", runner);
  CHECK(resolved == 6);
  run(sweep, folder.path() + "/s", runner);
  CHECK(resolved == 6);
  std::ofstream(extended) << R"({"cores": 5})";
  run(sweep, folder.path() + "/s", runner);
  CHECK(resolved == 12);
}

TEST_CASE("a planned run that has left the store is planned and made again") {
  const TemporaryFolder folder;
  run(fake_sweep(three_by_two), folder.path());
  const std::string table = read_text(folder.path() + "/table.csv"), store = folder.path() + "/store.sqlite";
  const bool deleted = GENERATE(true, false);
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(store.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db,
                       deleted ? "DELETE FROM runs WHERE id IN (1, 4)"
                               : "UPDATE runs SET result = replace(result, '\"cores\":4', '\"cores\":5')",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  const int changes = sqlite3_changes(db);
  sqlite3_close(db);
  const Messages messages;
  const SweepOptions options = {folder.path(), 1, "build1", messages.file(), false};
  SECTION("by the same sweep") {
    const auto end = run_sweep(fake_sweep(three_by_two), fake_runner(), options);
    REQUIRE(end);
    CHECK(end->counts.runs == std::map<std::string, int>{{"done", 9}});
    CHECK(read_text(folder.path() + "/table.csv") == table);
  }
  SECTION("retry has no sweep file, and says so") {
    const auto end = retry_sweep(fake_runner(), options);
    REQUIRE(end);
    CHECK(end->counts.runs.at("pending") >= 2);
    CHECK(messages.text().find("planned runs are not in the store; tessera sweep with the sweep file makes them") !=
          std::string::npos);
  }
  CHECK(changes > 1);
}

TEST_CASE("two runs of one sweep give the same bytes, with any number of workers") {
  const TemporaryFolder a, b;
  run(fake_sweep(three_by_two), a.path());
  const Messages messages;
  REQUIRE(run_sweep(fake_sweep(three_by_two), fake_runner(), {b.path(), 5, "build2", messages.file(), false}));
  CHECK(read_text(a.path() + "/table.csv") == read_text(b.path() + "/table.csv"));
}

TEST_CASE("points that fail are rows with a reason and cost no other point") {
  const TemporaryFolder folder;
  const Sweep sweep = fake_sweep(R"({"axes": {"act": ["work", "crash", "misfit", "eat"], "cores": [0, 4]},
                                     "limits": {"memory_mb": 200, "retries": 0}})");
  const SweepEnd end = run(sweep, folder.path());
#ifdef __SANITIZE_ADDRESS__
  const std::string starved = "crashed";  // the sanitizer ends a run without memory itself
#else
  const std::string starved = "out_of_memory";
#endif
  std::map<std::string, int> expected{{"crashed", 1}, {"does_not_fit", 1}, {"done", 5}, {"invalid", 4}};
  ++expected[starved];
  CHECK(end.counts.runs == expected);
  const std::string csv = read_text(folder.path() + "/table.csv");
  CHECK(csv.find("\n1,work,0,invalid,cores: 0 is too small; at least 1,,") != std::string::npos);
  CHECK(csv.find("\n2,work,4,done,,done,") != std::string::npos);
  CHECK(csv.find("\n6,misfit,4,does_not_fit,conv1: needs 70 KB of 64 KB; smaller tiles,done,") != std::string::npos);
  CHECK(csv.find("\n8,eat,4," + starved + ",") != std::string::npos);
  if (starved == "out_of_memory") CHECK(csv.find(",the memory limit of 200 MB was reached,done,") != std::string::npos);
}

TEST_CASE("a point that never ends is a row with its time limit") {
  const TemporaryFolder folder;
  const Sweep sweep = fake_sweep(R"({"axes": {"act": ["hang"]}, "limits": {"seconds": 3, "retries": 0}})");
  CHECK(run(sweep, folder.path()).counts.runs == std::map<std::string, int>{{"done", 1}, {"timeout", 1}});
  CHECK(read_text(folder.path() + "/table.csv").find("\n1,hang,timeout,the time limit of 3 s was reached,done,") !=
        std::string::npos);
}

TEST_CASE("a program that the verifier refuses is a failed point") {
  const TemporaryFolder folder;
  const SweepEnd end =
      run(fake_sweep(R"({"axes": {"act": ["unsound"], "cores": {"from": 1, "to": 3, "step": 1}}})"), folder.path());
  CHECK(end.counts.runs == std::map<std::string, int>{{"done", 3}, {"failed", 3}});
  const std::string csv = read_text(folder.path() + "/table.csv");
  CHECK(lines(csv, ",failed,schedule.fake: the verifier refuses this schedule,done,") == 3);
}

TEST_CASE("retry makes failed points again, and only those") {
  const TemporaryFolder folder;
  const std::string mark = folder.path() + "/mark", count = folder.path() + "/count";
  const Sweep sweep = fake_sweep(R"({"axes": {"act": ["work", "misfit", "bad_once:)" + mark + R"("]},
                                     "limits": {"retries": 0}})");
  CHECK(run(sweep, folder.path() + "/s").counts.runs ==
        std::map<std::string, int>{{"crashed", 1}, {"does_not_fit", 1}, {"done", 4}});
  CHECK(run(sweep, folder.path() + "/s", counting(count)).counts.runs.at("crashed") == 1);  // a sweep leaves it alone
  CHECK(read_text(count).empty());
  const Messages messages;
  const auto end = retry_sweep(counting(count), {folder.path() + "/s", 1, "b", messages.file(), false});
  REQUIRE(end);
  CHECK(end->counts.runs == std::map<std::string, int>{{"does_not_fit", 1}, {"done", 5}});
  CHECK(read_text(count) == "sparse\n");
  CHECK(messages.text().find("1 failed runs are made again") == 0);
  CHECK_FALSE(retry_sweep(fake_runner(), {folder.path() + "/nothing", 1, "b", messages.file(), false}));
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/nothing"));
}

TEST_CASE("a second sweep in the same folder says so and stops") {
  const TemporaryFolder folder;
  const auto lock = FolderLock::take(folder.path());
  REQUIRE(lock);
  const Messages messages;
  const auto end = run_sweep(fake_sweep(three_by_two), fake_runner(), {folder.path(), 1, "b", messages.file(), false});
  REQUIRE_FALSE(end);
  CHECK(end.failure().problems.front().what.find("another sweep works in this folder") == 0);
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/store.sqlite"));
}

TEST_CASE("a folder that cannot be written is named before anything runs") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "not a folder";
  const Messages messages;
  const auto end = run_sweep(fake_sweep(three_by_two), fake_runner(),
                             {folder.path() + "/file/sweep", 1, "b", messages.file(), false});
  REQUIRE_FALSE(end);
  CHECK(end.failure().code == ExitCode::bad_input);
  CHECK(end.failure().problems.front().what.find("the folder cannot be made: ") == 0);
}

TEST_CASE("a read-only folder is named before anything runs") {
  const TemporaryFolder folder;
  // Root may write anywhere; the test then does its work as nobody.
  if (::geteuid() == 0) {
    REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
    REQUIRE(::seteuid(65534) == 0);
  } else {
    REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  }
  const Messages messages;
  const auto end = run_sweep(fake_sweep(three_by_two), fake_runner(), {folder.path(), 1, "b", messages.file(), false});
  const int back = ::getuid() == 0 ? ::seteuid(0) : 0;
  REQUIRE(back == 0);
  ::chmod(folder.path().c_str(), 0755);
  REQUIRE_FALSE(end);
  CHECK(end.failure().problems.front().what == "the folder cannot be written: Permission denied");
}

TEST_CASE("results of another build are kept and announced") {
  const TemporaryFolder folder;
  run(fake_sweep(three_by_two), folder.path());
  const Messages messages;
  REQUIRE(run_sweep(fake_sweep(three_by_two), fake_runner(), {folder.path(), 1, "build2", messages.file(), false}));
  CHECK(messages.text().find("9 runs were made by another build") != std::string::npos);
}

TEST_CASE("cells of the table") {
  CHECK(csv_cell(Json::array({8, 16})) == "8x16");
  CHECK(csv_cell("plain") == "plain");
  CHECK(csv_cell("a, \"b\"") == "\"a, \"\"b\"\"\"");
  CHECK(csv_cell(0.1) == "0.1");
  CHECK(csv_cell(nullptr).empty());
}

TEST_CASE("an object in a cell is one quoted field") {
  CHECK(csv_cell(Json{{"rows", 2}, {"name", "a"}}) == R"("{""name"":""a"",""rows"":2}")");
  CHECK(csv_cell(Json::array({"a,b", Json{{"c", 1}}})) == R"("a,bx{""c"":1}")");
}

TEST_CASE("a plan that was emptied is noticed, and made again by the sweep") {
  const TemporaryFolder folder;
  const std::string path = folder.path();
  const Sweep sweep = fake_sweep(three_by_two);
  run(sweep, path);
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((path + "/store.sqlite").c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, "DELETE FROM plan", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  const Messages messages;
  const auto again = retry_sweep(fake_runner(), {path, 1, "build1", messages.file(), false});
  REQUIRE_FALSE(again);
  CHECK(again.failure().code == ExitCode::bad_input);
  CHECK(describe(again.failure()).find("the plan of the sweep is empty") != std::string::npos);
  CHECK(run(sweep, path).counts.points.at("done") == 6);
}

TEST_CASE("points that are refused are told with their reason when the plan is made") {
  const TemporaryFolder folder;
  const Messages messages;
  const Sweep sweep = fake_sweep(R"({"axes": {"cores": [0, 4], "ratio": [0, 0.5]}})");
  REQUIRE(run_sweep(sweep, fake_runner(), {folder.path(), 1, "build1", messages.file(), false}));
  const std::string text = messages.text();
  CHECK(text.find("2 points refused\n  2 x ") != std::string::npos);
}
