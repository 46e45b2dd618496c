// A child that goes wrong costs its own run and says how.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <stdexcept>

#include "sim/run/dense_decision.h"
#include "sim/run/run_config.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {
std::string failure_of(const std::function<Expected<json>()>& work) {
  const Expected<json> result = isolated(work);
  REQUIRE_FALSE(result);
  CHECK(result.failure().code == ExitCode::internal);
  return describe(result.failure());
}
}  // namespace

TEST_CASE("a result comes back whole, also one larger than a pipe") {
  const Expected<json> result = isolated([] {
    return Expected<json>(json{{"text", std::string(1000000, 'x')}, {"pi", 3.25}});
  });
  REQUIRE(result);
  CHECK((*result)["text"].get<std::string>().size() == 1000000);
  CHECK((*result)["pi"] == 3.25);
}

TEST_CASE("a failure comes back with its code and every problem") {
  const Expected<json> result = isolated([] {
    return Expected<json>(Failure{ExitCode::deadlock, {{"f", "p", "w", "l"}, {"", "", "two", ""}}});
  });
  REQUIRE_FALSE(result);
  CHECK(result.failure().code == ExitCode::deadlock);
  CHECK(describe(result.failure()) == "f: p: w; l\ntwo");
}

TEST_CASE("crashes, kills, exits and exceptions are told apart") {
  CHECK(failure_of([]() -> Expected<json> {
          std::raise(SIGKILL);
          return json();
        }).find("signal 9") != std::string::npos);
  CHECK(failure_of([]() -> Expected<json> {
          std::signal(SIGSEGV, SIG_DFL);
          std::raise(SIGSEGV);
          return json();
        }).find("signal 11") != std::string::npos);
  CHECK(failure_of([]() -> Expected<json> { _exit(7); }).find("status 7") != std::string::npos);
  CHECK(failure_of([]() -> Expected<json> { throw std::runtime_error("broken"); }).find("broken") != std::string::npos);
}

TEST_CASE("tasks run side by side, and one that nobody waits for is ended") {
  IsolatedTask first([] { return Expected<std::string>("1"); });
  {
    IsolatedTask endless([]() -> Expected<std::string> {
      for (;;) pause();
    });
  }
  IsolatedTask second([] { return Expected<std::string>("2"); });
  CHECK(*second.wait() == "2");
  CHECK(*first.wait() == "1");
}

TEST_CASE("no task outlives a killed run") {
  int started[2];  // the task says that it runs, and holds the writing end for as long as it does
  REQUIRE(pipe(started) == 0);
  const pid_t run = fork();
  if (run == 0) {
    IsolatedTask endless([&]() -> Expected<std::string> {
      if (write(started[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    });
    for (;;) pause();
  }
  close(started[1]);
  char byte = 0;
  REQUIRE(read(started[0], &byte, 1) == 1);
  kill(run, SIGKILL);
  waitpid(run, nullptr, 0);
  pollfd end{started[0], POLLIN, 0};
  REQUIRE(poll(&end, 1, 10000) == 1);
  CHECK(read(started[0], &byte, 1) == 0);
  close(started[0]);
}

TEST_CASE(
    "the sparse process gets what the dense one decided, however long, and nothing where that one ended without") {
  const std::string text(1000000, 'm');
  for (const bool told : {true, false}) {
    std::optional<SharedDecision> shared(std::in_place);
    IsolatedTask dense([&]() -> Expected<std::string> {
      if (told) shared->tell(text);
      return std::string("done");
    });
    IsolatedTask sparse([&]() -> Expected<std::string> { return shared->wait().value_or("nothing"); });
    shared.reset();
    CHECK(*dense.wait() == "done");  // whether or not somebody reads
    CHECK(*sparse.wait() == (told ? text : "nothing"));
  }
}

TEST_CASE("a mapping of the dense network is heard as it was told, with times or without") {
  for (const std::vector<Millicycles>& ends : {std::vector<Millicycles>{}, {0, -1, 123456789012345}}) {
    const DenseMapping same = heard(told({"{\n \"steps\": []\n}\n", ends}));
    CHECK(same.mapping == "{\n \"steps\": []\n}\n");
    CHECK(same.ends == ends);
  }
  CHECK(heard("").mapping.empty());
}
