#include "explore/pool/stop_signal.h"

namespace tessera::explore {
namespace {
volatile std::sig_atomic_t stop_raised = 0;
void on_signal(int) { stop_raised = 1; }
}  // namespace

StopSignal::StopSignal() {
  stop_raised = 0;
  struct sigaction stop = {}, ignore = {};
  stop.sa_handler = on_signal;  // without SA_RESTART: a waiting poll returns
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &stop, &old_int_);
  ::sigaction(SIGTERM, &stop, &old_term_);
  ::sigaction(SIGXFSZ, &ignore, &old_size_);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
  ::sigaction(SIGXFSZ, &old_size_, nullptr);
}

bool StopSignal::raised() { return stop_raised != 0; }

}  // namespace tessera::explore
