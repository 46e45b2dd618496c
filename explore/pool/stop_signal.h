// While alive, SIGINT and SIGTERM set a flag instead of ending the process, and a file that grows beyond its limit is
// an error of the write, not a signal.
#pragma once
#include <csignal>

namespace tessera::explore {

class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  static bool raised();

 private:
  struct sigaction old_int_ = {}, old_term_ = {}, old_size_ = {};
};

}  // namespace tessera::explore
