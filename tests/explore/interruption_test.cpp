// Does a sweep that was killed, stopped or ran out of disk go on where it was, to the same table?
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "explore/sweep/run_sweep.h"
#include "sim/base/random.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

const char* forty = R"({"axes": {"cores": {"from": 1, "to": 10, "step": 1}, "ratio": [0, 0.25, 0.5, 0.75],
                                 "act": ["sleep:0.004"]}})";

// Runs the sweep in a process group of its own. Exit code: 0 finished, 1 interrupted, 2 failed.
pid_t start(const std::string& folder, rlim_t file_limit = RLIM_INFINITY) {
  const pid_t child = ::fork();
  if (child != 0) {
    ::setpgid(child, child);
    return child;
  }
  ::setpgid(0, 0);
  const rlimit limit{file_limit, file_limit};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::FILE* messages = std::fopen((folder + ".messages").c_str(), "a");
  std::setvbuf(messages, nullptr, _IOLBF, 0);
  const auto end = run_sweep(fake_sweep(forty), fake_runner(), {folder, 2, "b", messages, false});
  if (!end) std::fputs(describe(end.failure()).c_str(), messages);
  std::fflush(messages);
  ::_exit(!end ? 2 : end->interrupted ? 1 : 0);
}

int wait_for(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string undisturbed() {
  const TemporaryFolder folder;
  REQUIRE(wait_for(start(folder.path() + "/s")) == 0);
  return read_text(folder.path() + "/s/table.csv");
}

int finished_runs(const std::string& folder) {
  const auto store = Store::read(folder);
  if (!store) return 0;
  const auto counts = store->counts();
  return counts && counts->runs.count("done") ? counts->runs.at("done") : 0;
}

}  // namespace

TEST_CASE("killed at random moments, a sweep ends in the same bytes") {
  const std::string expected = undisturbed();
  REQUIRE(expected.size() > 1000);
  const TemporaryFolder folder;
  const std::string sweep = folder.path() + "/s";
  Random random(20);
  int killed = 0, kept = 0;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = start(sweep);
    std::this_thread::sleep_for(std::chrono::microseconds(3000 + random.below(40000)));
    ::kill(-child, SIGKILL);
    killed += wait_for(child) == -SIGKILL;
    const int now = finished_runs(sweep);
    CHECK(now >= kept);  // nothing that was finished is lost
    kept = now;
  }
  CHECK(killed >= 3);
  REQUIRE(wait_for(start(sweep)) == 0);
  CHECK(read_text(sweep + "/table.csv") == expected);
}

TEST_CASE("stopped with a signal, a sweep keeps what is done and goes on") {
  const TemporaryFolder folder;
  const std::string sweep = folder.path() + "/s";
  const pid_t child = start(sweep);
  while (finished_runs(sweep) < 4) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ::kill(child, SIGTERM);
  CHECK(wait_for(child) == 1);
  CHECK(finished_runs(sweep) >= 4);
  CHECK(finished_runs(sweep) < 80);
  CHECK(read_text(sweep + "/table.csv").find(",pending,") != std::string::npos);
  REQUIRE(wait_for(start(sweep)) == 0);
  CHECK(read_text(sweep + "/table.csv") == undisturbed());
}

TEST_CASE("no point outlives a killed sweep") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    std::FILE* messages = std::fopen((folder.path() + "/messages").c_str(), "w");
    PointRunner runner = fake_runner();
    runner.run = [&](const Json&, bool) -> Expected<result::StoredRow> {
      std::FILE* out = std::fopen((folder.path() + "/pid").c_str(), "w");
      std::fprintf(out, "%d\n", ::getpid());
      std::fclose(out);
      while (true) ::pause();
    };
    (void)run_sweep(fake_sweep(forty), runner, {folder.path() + "/s", 1, "b", messages, false});
    ::_exit(0);
  }
  while (read_text(folder.path() + "/pid").find('\n') == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const pid_t point = std::stoi(read_text(folder.path() + "/pid"));
  REQUIRE(::kill(point, 0) == 0);
  ::kill(child, SIGKILL);
  wait_for(child);
  // Its new parent reaps it; until then it is a zombie.
  const std::string stat = "/proc/" + std::to_string(point) + "/stat";
  for (int i = 0; i < 500; ++i) {
    const std::string text = read_text(stat);
    if (text.empty() || text.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL("the point still runs");
}

TEST_CASE("a full disk ends the sweep with a message, and finished points are kept") {
  const std::string expected = undisturbed();
  const TemporaryFolder folder;
  const std::string sweep = folder.path() + "/s";
  int failures = 0;
  for (const rlim_t limit : {30000, 60000, 120000, 140000}) {
    const int code = wait_for(start(sweep, limit));
    CAPTURE(limit, code);
    CHECK(code == 2);
    failures += code == 2;
  }
  const std::string messages = read_text(sweep + ".messages");
  CAPTURE(messages);
  CHECK(messages.find("the disk is full or failing; finished points are kept: free some space") != std::string::npos);
  const int kept = finished_runs(sweep);
  CHECK(kept > 0);
  CHECK(failures > 0);
  REQUIRE(wait_for(start(sweep)) == 0);
  CHECK(read_text(sweep + "/table.csv") == expected);
}
