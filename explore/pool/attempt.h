// One attempt at one run in a forked process of its own: limits, capture of what it says, and a verdict. The child is
// the leader of its own process group, dies with its parent, and touches nothing of the parent's files.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "explore/runner.h"
#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

// How an attempt ended: a status of store/record.h, a reason unless it is done, and the result.
struct Verdict {
  std::string status, reason;
  result::StoredRow result;
  double seconds = 0, memory_mb = 0;
};

class Attempt {
 public:
  using Clock = std::chrono::steady_clock;
  using Work = std::function<Expected<result::StoredRow>()>;

  // Forks and starts `work` in the child. Fails when the system refuses another process.
  static Expected<Attempt> start(const Work& work, const Limits& limits, const std::function<void()>& in_child);

  Attempt(Attempt&& other) noexcept;
  Attempt& operator=(Attempt&& other) noexcept;
  ~Attempt();  // kills the child when it still runs

  int descriptor() const { return pipe_; }  // readable when poll() is worth calling; -1 once closed
  Clock::time_point deadline() const { return deadline_; }

  // Reads what has arrived; the verdict once the child has ended or its time is over.
  std::optional<Verdict> poll();

 private:
  Attempt() = default;
  void kill_and_reap(int& status, double& memory_mb);
  Verdict judge(bool too_late);

  pid_t pid_ = -1;
  int pipe_ = -1, log_ = -1;
  std::string answer_;
  Limits limits_;
  Clock::time_point begin_, deadline_;
};

}  // namespace tessera::explore
