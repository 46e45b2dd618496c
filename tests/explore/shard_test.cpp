// Do chunks and shards carry a sweep through tasks that die at any moment?
#include "explore/store/shard.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "explore/collect/table.h"
#include "explore/slurm/cluster_sweep.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {
RunRecord run_of(int i, const std::string& state) {
  RunRecord run;
  run.key = "key" + std::to_string(i);
  run.config = Json{{"cores", i + 1}, {"ratio", 0.5}, {"act", "work"}}.dump();
  run.status = state;
  return run;
}

void write_chunk(const std::string& folder, int runs) {
  std::filesystem::create_directories(folder + "/slurm/001");
  std::ofstream chunk(folder + "/slurm/001/chunk-0.jsonl");
  for (int i = 0; i < runs; ++i) chunk << to_line(run_of(i, "pending"));
}
}  // namespace

TEST_CASE("a torn line costs one run and does not swallow the next") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/shards/001-0.jsonl";
  {
    auto shard = ShardWriter::open(path);
    REQUIRE(shard);
    REQUIRE_FALSE(shard->append(run_of(0, "done")));
    REQUIRE_FALSE(shard->append(run_of(1, "done")));
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 30);
  {
    auto shard = ShardWriter::open(path);
    REQUIRE(shard);
    REQUIRE_FALSE(shard->append(run_of(2, "done")));
  }
  const auto runs = read_lines(path);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].key == "key0");
  CHECK(runs[1].key == "key2");
}

TEST_CASE("a task runs its chunk, and after a restart only what is missing") {
  const TemporaryFolder folder;
  write_chunk(folder.path(), 3);
  {
    auto shard = ShardWriter::open(folder.path() + "/shards/001-0.jsonl");
    REQUIRE(shard);
    RunRecord done = run_of(1, "done");
    done.result = "{\"earlier\": true}";
    REQUIRE_FALSE(shard->append(done));
  }
  PoolOptions pool;
  const auto end = run_chunk(folder.path(), "001", 0, fake_runner(), pool);
  REQUIRE(end);
  CHECK(*end == PoolEnd::finished);
  const auto runs = read_lines(folder.path() + "/shards/001-0.jsonl");
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].result == "{\"earlier\": true}");
  CHECK(Json::parse(runs[1].result)["latency_us"] == 500.0);
  CHECK(Json::parse(runs[2].result)["latency_us"] == Approx(1000.0 * 0.5 / 3));
}

TEST_CASE("the store takes over what shards hold, and tells a partial sweep from a whole one") {
  const TemporaryFolder folder;
  write_chunk(folder.path(), 2);
  {
    std::string notice;
    auto store = Store::open(folder.path(), notice);
    REQUIRE(store);
    REQUIRE_FALSE(store->set_plan({"a"}, "{}", "", [](Store& s) -> std::optional<Failure> {
      for (int i = 0; i < 2; ++i)
        if (auto f = s.add_point({run_of(i, "").key, "", "[1]"}, {run_of(i, "pending")})) return f;
      return std::nullopt;
    }));
    auto shard = ShardWriter::open(folder.path() + "/shards/001-0.jsonl");
    REQUIRE(shard);
    REQUIRE_FALSE(shard->append(run_of(1, "crashed")));
    CHECK(counts_with_shards(*store, folder.path())->runs ==
          std::map<std::string, int>{{"crashed", 1}, {"pending", 1}});
    CHECK(store->counts()->runs == std::map<std::string, int>{{"pending", 2}});
  }
  const auto end = collect_sweep({folder.path(), 1, "b", stderr, false});
  REQUIRE(end);
  CHECK(end->counts.runs == std::map<std::string, int>{{"crashed", 1}, {"pending", 1}});
  CHECK(read_text(folder.path() + "/table.csv").find("\n2,1,crashed,") != std::string::npos);
}

TEST_CASE("a task without its chunk says so") {
  const TemporaryFolder folder;
  const auto end = run_chunk(folder.path(), "001", 0, fake_runner(), {});
  REQUIRE_FALSE(end);
  CHECK(end.failure().problems.front().what == "holds no runs");
}
