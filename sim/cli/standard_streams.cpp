#include "sim/cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "sim/base/error.h"
#include "sim/base/message.h"

namespace tessera::cli {

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number, which is this one; opened the other way round, so that using it stays an error.
    if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

int end_standard_output(int exit_code, int error) {
  if (std::fflush(stdout) != 0) error = errno;
  if (error == 0) return exit_code;
  if (error != EPIPE) message(stderr, "error: standard output cannot be written: {}\n", std::strerror(error));
  return exit_code == 0 ? static_cast<int>(ExitCode::bad_input) : exit_code;
}

}  // namespace tessera::cli
