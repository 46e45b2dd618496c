#include "sim/cli/progress.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "sim/base/message.h"

namespace tessera::cli {

void wait_with_progress(const std::vector<run::IsolatedTask*>& tasks, const std::string& what) {
  std::vector<pollfd> waiting;
  for (const run::IsolatedTask* task : tasks) {
    if (task->result_fd() >= 0) waiting.push_back({task->result_fd(), POLLIN, 0});
  }
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const std::size_t all = waiting.size();
  const auto start = std::chrono::steady_clock::now();
  bool shown = false;
  while (!waiting.empty()) {
    poll(waiting.data(), waiting.size(), 250);
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(), [](const pollfd& p) { return p.revents != 0; }),
                  waiting.end());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!terminal || seconds < 2 || waiting.empty()) continue;
    message(stderr, "\r{}: {} of {} done, {:.0f} s ", what, all - waiting.size(), all, seconds);
    shown = true;
  }
  if (shown) message(stderr, "\r\033[K");
}

}  // namespace tessera::cli
