#include "explore/pool/attempt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "explore/store/record.h"
#include "sim/base/heap.h"

namespace tessera::explore {
namespace {

// The last byte of a whole answer: a child that died while writing has not sent it.
constexpr char end_mark = '\x04';

// Address space in use, from /proc/self/statm.
rlim_t address_space() {
  long pages = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld", &pages) != 1) pages = 0;
    std::fclose(f);
  }
  return static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

void set_limits(const Limits& limits) {
  const rlim_t memory = address_space() + static_cast<rlim_t>(limits.memory_mb) * 1000000;
  const rlimit space{memory, memory}, no_core{0, 0};
  ::setrlimit(RLIMIT_AS, &space);
  ::setrlimit(RLIMIT_CORE, &no_core);
}

const char* status_of(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return status::done;
    case ExitCode::bad_input:
      return status::invalid;
    case ExitCode::does_not_fit:
      return status::does_not_fit;
    case ExitCode::deadlock:
      return status::deadlock;
    case ExitCode::internal:
      break;
  }
  return status::failed;
}

std::string memory_reason(const Limits& limits) {
  return fmt::format("the memory limit of {} MB was reached", limits.memory_mb);
}

std::string answer_of(const Attempt::Work& work, const Limits& limits) {
  Json answer;
  try {
    const Expected<result::StoredRow> result = work();
    if (result)
      answer = {{"status", status::done},
                {"row", result->row},
                {"layers", result->layers},
                {"program_hash", result->program_hash},
                {"dense_mapping", result->dense_mapping}};
    else
      answer = {{"status", status_of(result.failure().code)}, {"reason", one_line(result.failure())}};
  } catch (const std::bad_alloc&) {
    answer = {{"status", status::out_of_memory}, {"reason", memory_reason(limits)}};
  } catch (const std::exception& e) {
    answer = {{"status", status::crashed}, {"reason", fmt::format("an exception reached the top: {}", e.what())}};
  }
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace) + end_mark;
}

[[noreturn]] void child(const Attempt::Work& work, const Limits& limits, int out, int log, pid_t parent,
                        const std::function<void()>& in_child) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // the parent died before the line above
  for (int signal : {SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
    std::signal(signal, SIG_DFL);  // whatever the parent does about them is not for its points
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (in_child) in_child();
  set_limits(limits);
  prepare_heap(std::min<std::size_t>(256, limits.memory_mb / 2) << 20);
  const std::string answer = answer_of(work, limits);
  for (std::size_t at = 0; at < answer.size();) {
    const ssize_t n = ::write(out, answer.data() + at, answer.size() - at);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  ::_exit(0);
}

// The last line a child wrote to its standard streams.
std::string last_words(int log) {
  const off_t size = ::lseek(log, 0, SEEK_END);
  char tail[512];
  const off_t from = size > static_cast<off_t>(sizeof tail) ? size - static_cast<off_t>(sizeof tail) : 0;
  const ssize_t n = ::pread(log, tail, sizeof tail, from);
  std::string text(tail, n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Expected<Attempt> Attempt::start(const Work& work, const Limits& limits, const std::function<void()>& in_child) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(ExitCode::internal, {"", "", fmt::format("no pipe: {}", std::strerror(errno)), "fewer workers (-j)"});
  Attempt attempt;
  attempt.pipe_ = ends[0];
  attempt.log_ = ::memfd_create("point", MFD_CLOEXEC);
  attempt.limits_ = limits;
  attempt.begin_ = Clock::now();
  attempt.deadline_ =
      attempt.begin_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits.seconds));
  const pid_t parent = ::getpid();
  attempt.pid_ = ::fork();
  if (attempt.pid_ == 0) child(work, limits, ends[1], attempt.log_, parent, in_child);
  ::close(ends[1]);
  if (attempt.pid_ < 0)
    return fail(ExitCode::internal,
                {"", "", fmt::format("no further process: {}", std::strerror(errno)), "fewer workers (-j)"});
  ::setpgid(attempt.pid_, attempt.pid_);  // also here: whichever of the two runs first
  ::fcntl(attempt.pipe_, F_SETFL, O_NONBLOCK);
  return attempt;
}

Attempt::Attempt(Attempt&& other) noexcept { *this = std::move(other); }

Attempt& Attempt::operator=(Attempt&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pipe_, other.pipe_);
  std::swap(log_, other.log_);
  std::swap(answer_, other.answer_);
  std::swap(limits_, other.limits_);
  std::swap(begin_, other.begin_);
  std::swap(deadline_, other.deadline_);
  return *this;
}

Attempt::~Attempt() {
  int status = 0;
  double memory_mb = 0;
  if (pid_ > 0) kill_and_reap(status, memory_mb);
  if (pipe_ >= 0) ::close(pipe_);
  if (log_ >= 0) ::close(log_);
}

void Attempt::kill_and_reap(int& status, double& memory_mb) {
  rusage usage{};
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  memory_mb = static_cast<double>(usage.ru_maxrss) / 1000.0;
  pid_ = -1;
}

std::optional<Verdict> Attempt::poll() {
  if (pipe_ >= 0) {
    char buffer[65536];
    ssize_t n = 0;
    while ((n = ::read(pipe_, buffer, sizeof buffer)) > 0) answer_.append(buffer, static_cast<std::size_t>(n));
    if (n == 0) {
      ::close(pipe_);
      pipe_ = -1;
    }
  }
  const bool whole = !answer_.empty() && answer_.back() == end_mark;
  if (whole) return judge(false);
  siginfo_t info{};
  if (pipe_ < 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid != 0)
    return judge(false);
  if (Clock::now() >= deadline_) return judge(true);
  return std::nullopt;
}

Verdict Attempt::judge(bool too_late) {
  Verdict verdict;
  verdict.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  int ended = 0;
  kill_and_reap(ended, verdict.memory_mb);
  if (too_late) {
    verdict.status = status::timeout;
    verdict.reason = fmt::format("the time limit of {} s was reached", limits_.seconds);
    return verdict;
  }
  if (!answer_.empty() && answer_.back() == end_mark) {
    answer_.pop_back();
    Json answer = Json::parse(answer_, nullptr, false);
    verdict.status = answer.value("status", "");
    verdict.reason = answer.value("reason", "");
    verdict.result = {answer.value("row", ""), answer.value("layers", ""), answer.value("program_hash", ""),
                      answer.value("dense_mapping", "")};
    return verdict;
  }
  verdict.status = status::crashed;
  const std::string words = last_words(log_);
  if (words.find("bad_alloc") != std::string::npos) {
    verdict.status = status::out_of_memory;
    verdict.reason = memory_reason(limits_);
  } else if (WIFSIGNALED(ended)) {
    verdict.reason = fmt::format("crashed: signal {} ({})", WTERMSIG(ended), ::strsignal(WTERMSIG(ended)));
  } else {
    verdict.reason = fmt::format("ended with exit code {} and no result", WEXITSTATUS(ended));
  }
  if (verdict.status == status::crashed && !words.empty()) verdict.reason += ": " + words;
  return verdict;
}

}  // namespace tessera::explore
