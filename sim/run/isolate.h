// Runs a function in a forked child, because the SystemC kernel is global to a process and because a crash must cost
// one run only. The child's bytes (or Failure) come back over a pipe.
#pragma once
#include <sys/types.h>

#include <functional>
#include <string>

#include "sim/base/error.h"
#include "sim/base/phase.h"

namespace tessera::run {

class IsolatedTask {
 public:
  // Forks at once. `work` runs in the child, which ends with it.
  explicit IsolatedTask(const std::function<Expected<std::string>()>& work);
  ~IsolatedTask();  // kills the child when nobody waited for it
  IsolatedTask(const IsolatedTask&) = delete;
  IsolatedTask& operator=(const IsolatedTask&) = delete;

  // Blocks until the child is done. A crash, a signal or a broken answer is a Failure with ExitCode::internal.
  Expected<std::string> wait();

  pid_t pid() const { return pid_; }
  const char* phase() const { return phase_ == nullptr ? nullptr : phase_->load(); }  // that the child is in
  int result_fd() const { return fd_; }  // readable (or at end of file) when there is something to read

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  int errno_ = 0;  // why there is no child
  Phase* phase_ = nullptr;
};

}  // namespace tessera::run
