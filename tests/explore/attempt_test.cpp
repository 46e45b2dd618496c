// Does a point that crashes, hangs, eats memory or fails cost only itself, and say why?
#include <catch2/catch.hpp>
#include <filesystem>

#include "explore/pool/pool.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

// Runs configs of the fake runner through a pool of two and returns what became of each, in the order given.
std::vector<RunRecord> run_all(const std::vector<std::string>& acts, Limits limits) {
  std::size_t next = 0;
  std::map<std::string, RunRecord> ended;
  const RunSource source = [&]() -> Expected<std::optional<RunRecord>> {
    if (next == acts.size()) return std::optional<RunRecord>();
    RunRecord run;
    run.config = Json{{"cores", 4}, {"ratio", 0.5}, {"act", acts[next]}}.dump();
    run.key = std::to_string(next++);
    return std::optional<RunRecord>(run);
  };
  const RunSink sink = [&](const RunRecord& run) {
    ended[run.key] = run;
    return std::optional<Failure>();
  };
  PoolOptions options;
  options.workers = 2;
  options.limits = limits;
  options.build = "test";
  const auto end = run_pool(source, fake_runner(), sink, options);
  REQUIRE(end);
  CHECK(*end == PoolEnd::finished);
  std::vector<RunRecord> result;
  for (std::size_t i = 0; i < acts.size(); ++i) result.push_back(ended.at(std::to_string(i)));
  return result;
}

}  // namespace

TEST_CASE("every way to end becomes a status and a reason") {
  Limits limits;
  limits.memory_mb = 300;
  limits.retries = 0;
  const auto runs = run_all({"work", "crash", "eat", "throw", "misfit", "deadlock", "exit", "work"}, limits);
  CHECK(runs[0].status == "done");
  CHECK(Json::parse(runs[0].result)["latency_us"] == 125.0);
  CHECK(Json::parse(runs[0].layers)[0]["name"] == "conv1");
  CHECK_FALSE(Json::parse(runs[0].result).contains("layers"));
  CHECK(runs[0].program_hash == "00ff");
  CHECK(runs[0].build == "test");
  CHECK(runs[1].status == "crashed");
#ifndef __SANITIZE_ADDRESS__
  CHECK(runs[1].reason == "crashed: signal 11 (Segmentation fault)");
#endif
#ifndef __SANITIZE_ADDRESS__  // ends a run without memory itself
  CHECK(runs[2].status == "out_of_memory");
  CHECK(runs[2].reason == "the memory limit of 300 MB was reached");
#endif
  CHECK(runs[3].status == "crashed");
  CHECK(runs[3].reason == "an exception reached the top: unexpected");
  CHECK(runs[4].status == "does_not_fit");
  CHECK(runs[4].reason == "conv1: needs 70 KB of 64 KB; smaller tiles");
  CHECK(runs[5].status == "deadlock");
  CHECK(runs[6].status == "crashed");
  CHECK(runs[6].reason == "ended with exit code 7 and no result");
  CHECK(runs[7].status == "done");
  for (const RunRecord& run : runs) CHECK(run.attempts == 1);
}

TEST_CASE("a point that never ends is stopped at the time limit") {
  Limits limits;
  limits.seconds = 1;
  limits.retries = 0;
  const auto runs = run_all({"hang"}, limits);
  CHECK(runs[0].status == "timeout");
  CHECK(runs[0].reason == "the time limit of 1 s was reached");
  CHECK(runs[0].seconds >= 1);
}

TEST_CASE("a point that fails once is tried again; a config that is refused is not") {
  const TemporaryFolder folder;
  Limits limits;
  limits.retries = 2;
  const auto runs = run_all({"bad_once:" + folder.path() + "/mark", "crash", "misfit"}, limits);
  CHECK(runs[0].status == "done");
  CHECK(runs[0].attempts == 2);
  CHECK(runs[1].status == "crashed");
  CHECK(runs[1].attempts == 3);
  CHECK(runs[2].attempts == 1);
}

TEST_CASE("the last words of a crash are its reason") {
  const TemporaryFolder folder;
  Limits limits;
  limits.retries = 0;
  const auto runs = run_all({"bad_once:" + folder.path() + "/mark"}, limits);
#ifndef __SANITIZE_ADDRESS__
  CHECK(runs[0].reason == "crashed: signal 11 (Segmentation fault): the last words");
#endif
}

TEST_CASE("points run side by side") {
  const TemporaryFolder folder;
  Limits limits;
  limits.seconds = 60;  // what a pool of one would wait for
  limits.retries = 0;
  const auto runs = run_all({"meet:" + folder.path(), "meet:" + folder.path()}, limits);
  for (const RunRecord& run : runs) CHECK(run.status == "done");
}

TEST_CASE("a sink that fails ends the pool with its failure") {
  int left = 5;
  const RunSource source = [&]() -> Expected<std::optional<RunRecord>> {
    RunRecord run;
    run.config = R"({"cores": 1, "ratio": 0, "act": "work"})";
    return left-- > 0 ? std::optional<RunRecord>(run) : std::nullopt;
  };
  const RunSink sink = [](const RunRecord&) {
    return std::optional<Failure>(fail(ExitCode::bad_input, {"", "", "full", ""}));
  };
  const auto end = run_pool(source, fake_runner(), sink, {});
  REQUIRE_FALSE(end);
  CHECK(end.failure().problems.front().what == "full");
  CHECK(left == 4);
}
