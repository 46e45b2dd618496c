#include "sim/cli/progress.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>

#include "sim/base/message.h"
#include "sim/base/phase.h"

namespace tessera::cli {
namespace {

constexpr int silent_seconds = 2;
constexpr const char* clear_line = "\r\033[K";

// What the signal handler writes, put together without memory or locks.
struct Line {
  std::array<char, 200> text{};
  std::size_t length = 0;

  void add(const char* more) {
    const std::size_t n = std::min(std::strlen(more), text.size() - length);
    std::memcpy(text.data() + length, more, n);
    length += n;
  }
  void add(long number) {
    char digits[24];
    std::size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do digits[--at] = static_cast<char>('0' + number % 10);
    while ((number /= 10) > 0);
    add(digits + at);
  }
};

std::array<char, 120> working_on{};
timespec begun{};
volatile std::sig_atomic_t line_shown = 0;

extern "C" void show_progress(int) {
  const int error = errno;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  Line line;
  line.add(clear_line);
  line.add(working_on.data());
  if (const char* phase = current_phase()) {
    line.add(": ");
    line.add(phase);
  }
  line.add(", ");
  line.add(static_cast<long>(now.tv_sec - begun.tv_sec));
  line.add(" s ");
  line_shown = 1;
  (void)!write(STDERR_FILENO, line.text.data(), line.length);
  errno = error;
}

void set_timer(int first_seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = first_seconds;
  timer.it_interval.tv_usec = first_seconds > 0 ? 250'000 : 0;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

ProgressLine::ProgressLine(const std::string& what) {
  if (isatty(STDERR_FILENO) == 0) return;
  working_on = {};
  std::memcpy(working_on.data(), what.data(), std::min(what.size(), working_on.size() - 1));
  clock_gettime(CLOCK_MONOTONIC, &begun);
  struct sigaction action {};
  action.sa_handler = show_progress;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  set_timer(silent_seconds);
}

ProgressLine::~ProgressLine() {
  set_timer(0);
  if (line_shown != 0) message(stderr, "{}", clear_line);
  line_shown = 0;
  enter_phase(nullptr);
}

void wait_with_progress(const std::vector<run::IsolatedTask*>& tasks, const std::string& what,
                        const std::vector<std::string>& names) {
  std::vector<pollfd> waiting;
  std::vector<std::size_t> at;  // per entry: its task
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i]->result_fd() < 0) continue;
    waiting.push_back({tasks[i]->result_fd(), POLLIN, 0});
    at.push_back(i);
  }
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto start = std::chrono::steady_clock::now();
  bool shown = false;
  while (!waiting.empty()) {
    poll(waiting.data(), waiting.size(), 250);
    for (std::size_t k = waiting.size(); k-- > 0;) {
      if (waiting[k].revents == 0) continue;
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(k));
      at.erase(at.begin() + static_cast<std::ptrdiff_t>(k));
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!terminal || seconds < silent_seconds || waiting.empty()) continue;
    std::string doing;
    for (std::size_t task : at) {
      const char* phase = tasks[task]->phase();
      doing += fmt::format("{}{} {}", doing.empty() ? "" : ", ", names[task], phase == nullptr ? "starting" : phase);
    }
    message(stderr, "{}{}: {}, {:.0f} s ", clear_line, what, doing, seconds);
    shown = true;
  }
  if (shown) message(stderr, "{}", clear_line);
}

}  // namespace tessera::cli
