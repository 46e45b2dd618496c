// Does the store keep what it was given, refuse a second writer, and survive damage?
#include "explore/store/store.h"

#include <sqlite3.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "explore/store/checksum.h"
#include "explore/store/folder_lock.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

RunRecord finished(int i) {
  RunRecord run;
  run.key = "key" + std::to_string(i);
  run.config = "{\"filler\": \"" + std::string(2000, static_cast<char>('a' + i % 26)) + "\"}";
  run.status = "done";
  run.attempts = 1;
  run.result = "{\"latency_us\": " + std::to_string(i) + "}";
  run.layers = "[]";
  return run;
}

// A store with n finished points, closed again.
void fill(const std::string& folder, int n) {
  std::string notice;
  auto store = Store::open(folder, notice);
  REQUIRE(store);
  const auto failure = store->set_plan({"a"}, "{}", "", [&](Store& s) -> std::optional<Failure> {
    for (int i = 0; i < n; ++i)
      if (auto f = s.add_point({finished(i).key, "", "[1]"}, {finished(i)})) return f;
    return std::nullopt;
  });
  REQUIRE_FALSE(failure);
}

void overwrite(const std::string& path, long from, long bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(from);
  file << std::string(static_cast<std::size_t>(bytes), '\xa5');
}

}  // namespace

TEST_CASE("a record survives the way to a line and back, a damaged line does not") {
  RunRecord run = finished(3);
  run.reason = "two\nlines and \"quotes\"";
  const std::string line = to_line(run);
  CHECK(line.find('\n') == line.size() - 1);
  const RunRecord back = from_line(line);
  CHECK(back.key == run.key);
  CHECK(back.reason == run.reason);
  CHECK(back.config == run.config);
  CHECK(record_checksum(back) == record_checksum(run));
  std::string wrong = line;
  wrong[wrong.find("latency_us") + 2] = 'X';
  CHECK(from_line(wrong).key.empty());
  CHECK(from_line(line.substr(0, line.size() / 2)).key.empty());
  CHECK(from_line("[]").key.empty());
}

TEST_CASE("the checksum tells texts apart and is the same everywhere") {
  CHECK(checksum("a") != checksum("b"));
  CHECK(checksum("") != checksum(std::string(1, '\0')));
  CHECK(checksum(std::string(8, 'x')) != checksum(std::string(9, 'x')));
  CHECK(checksum("tessera") == "2e92e88f05f207478f615d1794bbe5a5");
}

TEST_CASE("runs keep their state when the plan is written again") {
  const TemporaryFolder folder;
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  RunRecord dense = finished(0), sparse = finished(1), other = finished(2);
  for (RunRecord* r : {&dense, &sparse, &other}) r->status = "pending";
  dense.dense = true;
  const auto plan = [&](Store& s) { return s.add_point({sparse.key, dense.key, "[0.5]"}, {sparse, dense}); };
  REQUIRE_FALSE(store->set_plan({"ratio"}, "text", "", plan));
  CHECK(*store->pending() == std::vector<std::string>{"key0", "key1"});  // the baseline first
  REQUIRE_FALSE(store->record(finished(1)));
  REQUIRE_FALSE(store->set_plan({"ratio"}, "text", "", [&](Store& s) {
    auto failure = plan(s);
    return failure ? failure : s.add_point({other.key, dense.key, "[0.6]"}, {other});
  }));
  CHECK(*store->pending() == std::vector<std::string>{"key0", "key2"});
  CHECK(store->run("key1")->result == finished(1).result);
  CHECK(*store->axes() == std::vector<std::string>{"ratio"});
  CHECK(store->plan()->size() == 2);
  CHECK(store->counts()->runs == std::map<std::string, int>{{"done", 1}, {"pending", 2}});

  RunRecord crashed = other;
  crashed.status = "crashed";
  REQUIRE_FALSE(store->record(crashed));
  CHECK(*store->reset_failed({"key2"}) == 0);
  CHECK(*store->reset_failed() == 1);
  CHECK(*store->pending() == std::vector<std::string>{"key0", "key2"});
}

TEST_CASE("a plan that fails half-way leaves the old one") {
  const TemporaryFolder folder;
  fill(folder.path(), 3);
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  const auto failure = store->set_plan({"b"}, "{}", "", [&](Store& s) {
    (void)s.add_point({"x", "", "[]"}, {});
    return std::optional<Failure>(fail(ExitCode::bad_input, {"", "", "stop", ""}));
  });
  REQUIRE(failure);
  CHECK(store->plan()->size() == 3);
  CHECK(*store->axes() == std::vector<std::string>{"a"});
}

TEST_CASE("the second writer of a folder is told who holds it") {
  const TemporaryFolder folder;
  auto first = FolderLock::take(folder.path());
  REQUIRE(first);
  {
    const auto second = FolderLock::take(folder.path());
    REQUIRE_FALSE(second);
    CHECK(second.failure().problems.front().what ==
          "another sweep works in this folder (process " + std::to_string(::getpid()) + ")");
  }
  { FolderLock taken = std::move(*first); }
  CHECK(FolderLock::take(folder.path()));
}

TEST_CASE("damage in the middle of a store costs only the rows it hit") {
  const TemporaryFolder folder;
  fill(folder.path(), 400);
  const std::string path = folder.path() + "/store.sqlite";
  const auto size = static_cast<long>(std::filesystem::file_size(path));
  overwrite(path, size / 2, 20000);
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  CAPTURE(notice);
  CHECK(notice.find("the store was damaged: ") == 0);
  CHECK(std::filesystem::exists(path + ".damaged-1"));
  int kept = 0;
  for (int i = 0; i < 400; ++i) {
    const auto run = store->run(finished(i).key);
    if (!run) continue;
    ++kept;
    CHECK(run->result == finished(i).result);
    CHECK(run->config == finished(i).config);
  }
  CHECK(kept >= 300);
  CHECK(kept < 400);
}

TEST_CASE("a store that was cut off keeps the rows before the cut, and says that its plan is lost") {
  const TemporaryFolder folder;
  fill(folder.path(), 400);
  const std::string path = folder.path() + "/store.sqlite";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2 / 4096 * 4096);
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  CAPTURE(notice);
  int kept = 0;
  for (int i = 0; i < 400; ++i) {
    const auto run = store->run(finished(i).key);
    if (run) CHECK(run->result == finished(i).result);
    kept += static_cast<bool>(run);
  }
  CHECK(kept >= 100);
  CHECK(kept < 400);
  const auto text = store->sweep_text();
  REQUIRE_FALSE(text);
  CHECK(text.failure().problems[0].what.find("the plan of the sweep is lost") == 0);
  CHECK_FALSE(std::filesystem::exists(path + ".salvage"));
}

TEST_CASE("a row whose content was changed is not taken over from a damaged store") {
  const TemporaryFolder folder;
  fill(folder.path(), 50);
  const std::string path = folder.path() + "/store.sqlite";
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "UPDATE runs SET result = '{\"latency_us\": 1}' WHERE key = 'key7'", nullptr, nullptr,
                       nullptr) == SQLITE_OK);
  sqlite3_close(db);
  overwrite(path, static_cast<long>(std::filesystem::file_size(path)) - 5000, 4000);
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  REQUIRE_FALSE(notice.empty());
  CHECK_FALSE(store->run("key7"));
  CHECK(store->run("key8"));
}

TEST_CASE("one changed byte in a result of a valid store is found when the store is opened") {
  const TemporaryFolder folder;
  fill(folder.path(), 50);
  const std::string path = folder.path() + "/store.sqlite";
  std::string file = read_text(path);
  const std::size_t at = file.find("{\"latency_us\": 17}");
  REQUIRE(at != std::string::npos);
  file[at + 15] = '7';
  std::ofstream(path, std::ios::binary) << file;
  CHECK(Store::read(folder.path())->run("key17")->result == "{\"latency_us\": 77}");  // SQLite sees nothing wrong
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  CHECK(notice ==
        "1 runs of the store are not what their checksum says and are dropped, the first is key17; tessera sweep with "
        "the sweep file makes them again");
  CHECK_FALSE(store->run("key17"));
  CHECK(store->run("key18"));
  CHECK(*store->missing() == 1);
  CHECK(store->counts()->runs == std::map<std::string, int>{{"done", 49}, {"pending", 1}});
  CHECK_FALSE(std::filesystem::exists(path + ".damaged-1"));
}

TEST_CASE("what was reset to run again is whole when the store is opened again") {
  const TemporaryFolder folder;
  fill(folder.path(), 3);
  std::string notice;
  {
    auto store = Store::open(folder.path(), notice);
    REQUIRE(store);
    RunRecord crashed = finished(1);
    crashed.status = "crashed";
    REQUIRE_FALSE(store->record(crashed));
    CHECK(*store->reset_failed() == 1);
  }
  REQUIRE(Store::open(folder.path(), notice));
  CHECK(notice.empty());
}

TEST_CASE("a file that is no store is moved aside") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/store.sqlite") << std::string(100000, 'z');
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  CHECK(notice.find("the store was damaged: 0 finished runs") == 0);
  CHECK(read_text(folder.path() + "/store.sqlite.damaged-1").size() == 100000);
}

TEST_CASE("on a network file system the store shares nothing, and reads the same afterwards") {
  const TemporaryFolder folder;
  CHECK(medium_of(folder.path()) == StoreMedium::local);
  CHECK(is_network_file_system(0x6969));
  CHECK_FALSE(is_network_file_system(0xef53));  // ext4
  {
    std::string notice;
    auto store = Store::open(folder.path(), notice, StoreMedium::network);
    REQUIRE(store);
    REQUIRE_FALSE(store->record(finished(1)));
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/store.sqlite-shm"));
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/store.sqlite-wal"));
  }
  const auto store = Store::read(folder.path());
  REQUIRE(store);
  CHECK(store->run("key1")->result == finished(1).result);
}

TEST_CASE("reading a folder without a sweep says so") {
  const TemporaryFolder folder;
  const auto store = Store::read(folder.path());
  REQUIRE_FALSE(store);
  CHECK(store.failure().problems.front().what == "holds no sweep (no store.sqlite)");
}

TEST_CASE("a store whose maker was killed before it wrote anything is a sweep without points") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/store.sqlite").close();
  const auto store = Store::read(folder.path());
  REQUIRE(store);
  const auto counts = store->counts();
  REQUIRE(counts);
  CHECK(counts->runs.empty());
  CHECK(std::filesystem::file_size(folder.path() + "/store.sqlite") == 0);  // reading wrote nothing
  fill(folder.path(), 3);
  CHECK(Store::read(folder.path())->counts()->runs == std::map<std::string, int>{{"done", 3}});
}

TEST_CASE("a store of another version of the tables is refused, to write and to read") {
  const TemporaryFolder folder;
  fill(folder.path(), 1);
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((folder.path() + "/store.sqlite").c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, "PRAGMA user_version = 7", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  std::string notice;
  const auto opened = Store::open(folder.path(), notice);
  REQUIRE_FALSE(opened);
  CHECK(describe(opened.failure()).find("has version 7 of the tables; legal: 1") != std::string::npos);
  CHECK_FALSE(Store::read(folder.path()));
}

TEST_CASE("a store that is deleted while it is written is noticed") {
  const TemporaryFolder folder;
  std::string notice;
  auto store = Store::open(folder.path(), notice);
  REQUIRE(store);
  CHECK_FALSE(store->record(finished(1)));
  std::filesystem::remove(folder.path() + "/store.sqlite");
  const auto lost = store->record(finished(2));
  REQUIRE(lost);
  CHECK(describe(*lost).find("was deleted or replaced while the sweep ran") != std::string::npos);
  fill(folder.path(), 1);  // another one in its place
  CHECK(store->record(finished(3)));
}
