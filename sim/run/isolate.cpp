#include "sim/run/isolate.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <new>
#include <vector>

#include "sim/base/heap.h"

namespace tessera::run {
namespace {
using nlohmann::json;

json to_json(const Failure& failure) {
  json problems = json::array();
  for (const Problem& p : failure.problems) problems.push_back({p.file, p.path, p.what, p.legal});
  return {{"exit_code", static_cast<int>(failure.code)}, {"problems", problems}};
}

Failure to_failure(const json& answer) {
  Failure failure;
  failure.code = static_cast<ExitCode>(answer["exit_code"].get<int>());
  for (const json& p : answer["problems"]) failure.problems.push_back({p[0], p[1], p[2], p[3]});
  return failure;
}

// What the child does, from the first to the last instruction.
[[noreturn]] void run_child(const std::function<Expected<json>()>& work, int fd) {
  json answer;
  prepare_heap(std::size_t{256} << 20);
  try {
    const Expected<json> result = work();
    answer = result ? json{{"result", *result}} : json{{"failure", to_json(result.failure())}};
  } catch (const std::bad_alloc&) {
    answer = {{"failure", to_json(fail(ExitCode::does_not_fit,
                                       {"", "", "this needs more memory than the process can have", ""}))}};
  } catch (const std::exception& error) {
    answer = {{"failure", to_json(fail(ExitCode::internal, {"", "", error.what(), ""}))}};
  }
  const std::vector<std::uint8_t> bytes = json::to_cbor(answer);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = write(fd, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    sent += static_cast<std::size_t>(n);
  }
  _exit(0);
}

std::vector<std::uint8_t> read_all(int fd) {
  std::vector<std::uint8_t> bytes;
  std::uint8_t buffer[65536];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return bytes;
    bytes.insert(bytes.end(), buffer, buffer + n);
  }
}
}  // namespace

IsolatedTask::IsolatedTask(const std::function<Expected<json>()>& work) {
  int fds[2];
  if (pipe(fds) != 0) {
    errno_ = errno;
    return;
  }
  phase_ = share_phase();
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);   // a killed run leaves nobody behind who simulates on
    if (getppid() != parent) _exit(1);  // the parent died before the line above
    close(fds[0]);
    report_phase_to(phase_);
    run_child(work, fds[1]);
  }
  errno_ = errno;  // of a fork that failed
  close(fds[1]);
  fd_ = fds[0];
}

IsolatedTask::~IsolatedTask() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (fd_ >= 0) close(fd_);
  unshare_phase(phase_);
}

Expected<json> IsolatedTask::wait() {
  if (pid_ <= 0) {
    return fail(ExitCode::internal, {"", "", fmt::format("cannot start a process: {}", std::strerror(errno_)), ""});
  }
  const std::vector<std::uint8_t> bytes = read_all(fd_);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    return fail(ExitCode::internal, {"", "",
                                     fmt::format("the process of this run was ended by signal {} ({})",
                                                 WTERMSIG(status), strsignal(WTERMSIG(status))),
                                     ""});
  }
  const json answer = json::from_cbor(bytes, true, false);
  if (answer.is_discarded() || !answer.is_object()) {
    return fail(
        ExitCode::internal,
        {"", "", fmt::format("the process of this run ended without an answer (status {})", WEXITSTATUS(status)), ""});
  }
  if (answer.contains("failure")) return to_failure(answer["failure"]);
  return answer["result"];
}

}  // namespace tessera::run
