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
#include <string>

#include "sim/base/heap.h"

namespace tessera::run {
namespace {

// An answer on the pipe: 'r' and the bytes of the result, or 'f', the exit code and the texts of the problems, each
// with its length before it.
constexpr char end_mark = '\n';  // an answer without it was cut off

void put(std::string& bytes, const std::string& text) { bytes += std::to_string(text.size()) + ":" + text; }

std::string answer_of(const Failure& failure) {
  std::string bytes = "f";
  put(bytes, std::to_string(static_cast<int>(failure.code)));
  for (const Problem& p : failure.problems)
    for (const std::string* text : {&p.file, &p.path, &p.what, &p.legal}) put(bytes, *text);
  return bytes;
}

std::string take(const std::string& bytes, std::size_t& at) {
  const std::size_t colon = bytes.find(':', at), length = std::stoul(bytes.substr(at, colon - at));
  at = colon + 1 + length;
  return bytes.substr(colon + 1, length);
}

Failure to_failure(const std::string& answer) {
  Failure failure;
  std::size_t at = 1;
  failure.code = static_cast<ExitCode>(std::stoi(take(answer, at)));
  while (at < answer.size()) {
    Problem problem;
    for (std::string* text : {&problem.file, &problem.path, &problem.what, &problem.legal}) *text = take(answer, at);
    failure.problems.push_back(std::move(problem));
  }
  return failure;
}

// What the child does, from the first to the last instruction.
[[noreturn]] void run_child(const std::function<Expected<std::string>()>& work, int fd) {
  std::string bytes;
  prepare_heap(std::size_t{256} << 20);
  try {
    const Expected<std::string> result = work();
    bytes = result ? "r" + *result : answer_of(result.failure());
  } catch (const std::bad_alloc&) {
    bytes = answer_of(fail(ExitCode::does_not_fit, {"", "", "this needs more memory than the process can have", ""}));
  } catch (const std::exception& error) {
    bytes = answer_of(fail(ExitCode::internal, {"", "", error.what(), ""}));
  }
  bytes += end_mark;
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = write(fd, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    sent += static_cast<std::size_t>(n);
  }
  _exit(0);
}

std::string read_all(int fd) {
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
}
}  // namespace

IsolatedTask::IsolatedTask(const std::function<Expected<std::string>()>& work) {
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

Expected<std::string> IsolatedTask::wait() {
  if (pid_ <= 0) {
    return fail(ExitCode::internal, {"", "", fmt::format("cannot start a process: {}", std::strerror(errno_)), ""});
  }
  std::string bytes = read_all(fd_);
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
  if (bytes.size() < 2 || bytes.back() != end_mark) {
    return fail(
        ExitCode::internal,
        {"", "", fmt::format("the process of this run ended without an answer (status {})", WEXITSTATUS(status)), ""});
  }
  bytes.pop_back();
  if (bytes[0] == 'f') return to_failure(bytes);
  return bytes.substr(1);
}

}  // namespace tessera::run
